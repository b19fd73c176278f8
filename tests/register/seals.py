"""Checking seals in tests: against which text, under which anchors, and what came of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from register.credentials.errors import CredentialError
from register.credentials.presented import Presented, Signature
from register.credentials.proofs import jades
from register.credentials.proofs.trust_anchors import NO_ANCHORS, TrustAnchors
from tests.sealed import NOW, make_edc, make_root, make_tsa, to_der

TEXT = json.dumps(make_edc(), ensure_ascii=False)
SEALING = TrustAnchors(sealing=frozenset({make_root().der}))
TIMED = TrustAnchors(timestamping=frozenset({to_der(make_tsa().chain[-1])}))


def refuse_to_fetch(url: str, **_: Any) -> bytes:
    raise AssertionError(f"nothing is fetched for a seal, but {url} was")


def check(raw: bytes, anchors: TrustAnchors = NO_ANCHORS, now: datetime = NOW) -> Signature:
    outer = json.loads(raw)
    text = outer["payload"]
    document = json.loads(text if text.startswith("{") else base64.urlsafe_b64decode(text + "=="))
    return jades.check(Presented("edc", raw, document), refuse_to_fetch, now, anchors)[0]


def find_codes(signature: Signature) -> dict[str, str]:
    return {finding.code: finding.outcome for finding in signature.findings}


def refusal(raw: bytes, anchors: TrustAnchors = NO_ANCHORS) -> tuple[type[CredentialError], str]:
    with pytest.raises(CredentialError) as caught:
        check(raw, anchors)
    return type(caught.value), caught.value.code


def change(raw: bytes, edit: Callable[[dict[str, Any]], None]) -> bytes:
    outer = json.loads(raw)
    edit(outer)
    return json.dumps(outer).encode()
