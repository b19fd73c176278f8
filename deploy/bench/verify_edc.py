"""`POST /api/v1/verify` of a sealed European Digital Credential, 8 clients, everything warm."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files
from typing import Any

import httpx
from django.conf import settings

from deploy.bench import filling
from deploy.bench.clients import ask, send
from deploy.bench.result import Reach, Result, median
from deploy.bench.trust import describe
from ledger.reader import get_log
from register import commands
from register.payloads import AccreditationTerms, IssuerTerms, KeyTerms

CLIENTS = 8
REPORT = "https://agency.example/reports/1"
FULL = (2_000, 10_000, 11, 3.0)
QUICK = (20, 100, 2, 0.5)
"""Issuers, accreditations, rounds, and the seconds of each part of a round."""


def measure(quick: bool) -> Result:
    """Alternate: one RSA signature over the same body and one row, then whole reports."""
    count, grants, rounds, seconds = QUICK if quick else FULL
    text = (files("fixtures") / "sealed" / "micro-credential.json").read_text(encoding="utf-8")
    issuers = [issuer for issuer, *_ in filling.register_issuers(count)]
    agencies = filling.register_agencies()
    filling.grant(filling.draft_grants(issuers, agencies, grants))
    _register_sealer(text, agencies[0])
    url, log = settings.ASSAY_BASE_URL, get_log(settings.ASSAY_ORIGIN)
    bare, whole = [send(f"/bench/seals/{log.id}/1", text)], [send("/api/v1/verify", text)]
    _insist_on_report(url, text)
    for requests in (bare, whole):
        ask(url, requests, CLIENTS, seconds / 2)
    theirs, ours = [], []
    for _ in range(rounds):
        theirs.append(ask(url, bare, CLIENTS, seconds))
        ours.append(ask(url, whole, CLIENTS, seconds))
    ratios = [mine.per_second / plain.per_second for mine, plain in zip(ours, theirs, strict=True)]
    return Result(
        f"reports a second on a sealed credential of {len(text)} bytes over HTTP, {CLIENTS} clients",
        "a bare DRF view that verifies one RSA signature over the same body and selects one row, on the same server",
        ratios,
        [Reach("ratio", "at_least", 0.4, median(ratios))],
        describe(ours),
        describe(theirs),
    )


def _register_sealer(text: str, agency: str) -> None:
    """Register who sealed by the identifier in its certificate, with that certificate as its key, and accredit it."""
    header = json.loads(text)["signatures"][0]["protected"]
    certificate = base64.b64decode(json.loads(base64.urlsafe_b64decode(header + "=="))["x5c"][0])
    thumbprint = base64.urlsafe_b64encode(hashlib.sha256(certificate).digest()).rstrip(b"=").decode()
    names, identifier = {"en": "Demonstration Academy"}, {"scheme": "eidas", "value": "VATNL-000000000B00"}
    terms = IssuerTerms.model_validate({"names": names, "country": "NL", "identifiers": [identifier]})
    issuer = commands.register_issuers([terms], actor=filling.OPERATOR)[0].id
    key = KeyTerms.model_validate({"kind": "x5t", "value": thumbprint, "valid_from": "2025-01-01"})
    commands.bind_key(issuer, key, actor=filling.OPERATOR)
    grant = {"issuer": issuer, "agency": agency, "valid_from": "2020-01-01", "report": {"url": REPORT}}
    filling.grant([AccreditationTerms.model_validate(grant)])


def _insist_on_report(url: str, text: str) -> None:
    """The report has to come of a genuine seal and of a question that the register answered."""
    report: dict[str, Any] = httpx.post(f"{url}/api/v1/verify", content=text.encode(), timeout=60).json()
    outcomes = {name: question["outcome"] for name, question in report["questions"].items()}
    if outcomes["genuine"] == "fail" or report["decision"]["decision"] != "trusted":
        raise RuntimeError(f"expected a genuine seal of an accredited issuer, got {outcomes}")
