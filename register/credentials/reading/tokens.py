"""Compact JWS and what looks like one (RFC 7515, section 7.1; VC-JOSE-COSE; the `vc` claim of VCDM 1.1).

Only taken apart here; whether the signature holds is for the proofs. Refused at sight are headers and payloads that
two readers could read differently, and tokens that are not signed at all.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from register.credentials.errors import NotACredential, NotGenuine
from register.credentials.presented import Presented
from register.credentials.proofs.jwt_claims import unwrap
from register.credentials.reading.foreign import name_format
from register.credentials.reading.limits import DEEPEST
from register.credentials.reading.structure import check_credential, find_issuer, is_credential, list_contexts
from register.json_text import NotStrictJson, parse_strict
from register.sentences import say

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]*(~[A-Za-z0-9_.~-]*)?")
_MESSAGE_PARTS: Final = 5
"""Parts of a compact JWE."""


@dataclass(frozen=True, slots=True)
class Token:
    """A compact JWS taken apart: its text, its header, and its payload, both strict JSON objects."""

    text: str
    header: Mapping[str, Any]
    payload: Mapping[str, Any]


def is_token(text: str) -> bool:
    """Whether a text has the shape of a compact JWS, JWE or SD-JWT."""
    return _TOKEN.fullmatch(text) is not None


def parse_token(text: str) -> Token:
    """Take a compact JWS apart.

    Raises Unsupported for SD-JWT, JWE and detached payloads; NotACredential when its header is none; NotGenuine when
    it is damaged, ambiguous or not signed (`alg` none).
    """
    if "~" in text:
        raise name_format("sd_jwt_vc")
    parts = text.split(".")
    header = _read_header(parts[0])
    if len(parts) == _MESSAGE_PARTS and "enc" in header:
        raise name_format("encrypted")
    if str(header.get("typ", "")).lower().removeprefix("application/") in ("vc+sd-jwt", "dc+sd-jwt"):
        raise name_format("sd_jwt_vc")
    if len(parts) != 3:
        raise NotGenuine(
            "damaged",
            say("expected a JWT of three parts with dots between, got {count}; is it whole?", count=len(parts)),
        )
    if not parts[1] and parts[2]:
        raise name_format("jws_detached")
    _check_algorithm(header, signature=parts[2])
    return Token(text, header, _read_payload(parts[1]))


def _check_algorithm(header: Mapping[str, Any], *, signature: str) -> None:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm.lower() == "none" or not signature:
        raise NotGenuine("not_signed", say('This JWT is not signed ("alg" is none, or there is no signature).'))


def _read_header(part: str) -> Mapping[str, Any]:
    """Return the header; raises NotACredential unless it is base64url of JSON with `alg`."""
    try:
        header = parse_strict(decode_base64url(part), depth=DEEPEST)
    except NotStrictJson as error:
        if error.code in ("not_json", "not_utf8"):
            raise _prose() from error
        raise NotGenuine(
            error.code, say("The header of this JWT is ambiguous: {fault}.", fault=error.sentence)
        ) from error
    except ValueError as error:
        raise _prose() from error
    if not isinstance(header, dict):
        raise _prose()
    return header


def _read_payload(part: str) -> Mapping[str, Any]:
    try:
        payload = parse_strict(decode_base64url(part), depth=DEEPEST)
    except NotStrictJson as error:
        raise NotGenuine(
            error.code, say("The payload of this JWT cannot be read: {fault}.", fault=error.sentence)
        ) from error
    except ValueError as error:
        raise NotGenuine("damaged", say("The payload of this JWT is not base64url; is it whole?")) from error
    if not isinstance(payload, dict):
        raise NotACredential("not_a_credential", say("This JWT holds no credential: its payload is not a JSON object."))
    return payload


def _prose() -> NotACredential:
    return NotACredential("not_a_credential", say("This text is no credential of any kind. Hand in the whole file."))


def decode_base64url(text: str) -> bytes:
    """Decode base64url without padding (RFC 7515, section 2); raises ValueError for other signs or lengths."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("expected base64url without padding") from error


def read_token(token: Token, container: tuple[str, ...]) -> Presented:
    """Return the credential that a JWT is, merged with the claims beside it.

    Raises Unsupported for other kinds of credentials in JWTs, NotACredential for other JWTs, NotGenuine for half ones.
    """
    payload = token.payload
    claims = payload["vc"] if isinstance(payload.get("vc"), dict) else payload
    if "vct" in payload:
        raise name_format("sd_jwt_vc")
    if any("openbadges/v2" in context or "openbadges/v1" in context for context in list_contexts(payload)):
        raise name_format("open_badges_2")
    if not is_credential(claims):
        raise NotACredential("not_a_credential", say("This JWT holds no credential."))
    credential = unwrap(payload, token.header.get("typ"))
    if (find_issuer(credential) or "").startswith("did:ebsi:"):
        raise name_format("ebsi")
    check_credential(credential)
    return Presented("vc_jose", token.text.encode("ascii"), credential, container)
