"""Registers, agencies, issuers and accreditations for tests, made through commands as a node makes them.

All invented. Every `make_…` returns the new thing's id; fields given by keyword win over the defaults.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

from deploy.keys import ensure_keys
from register import commands
from register.commands import Written
from register.payloads import (
    AccreditationTerms,
    Actor,
    AgencyTerms,
    BatchTerms,
    EndingTerms,
    IssuerTerms,
    KeyTerms,
    MandateTerms,
    ProgrammeTerms,
    WithdrawalTerms,
)
from register.projection import replaying

OPERATOR = Actor(role="operator")
_numbers = itertools.count(1)
Result = TypeVar("Result")


def as_agency(agency: str) -> Actor:
    """An agency speaking for itself."""
    return Actor(role="agency", organisation=agency)


def as_issuer(issuer: str) -> Actor:
    """An issuer speaking for itself."""
    return Actor(role="issuer", organisation=issuer)


def open_register(territory: tuple[str, ...] = ("NL",), **fields: Any) -> Written:
    """Open this node's register on an empty database, with keys of its own and nothing to remember.

    The rollback guard outlives a test's database, so it is emptied first.
    """
    shutil.rmtree(settings.ASSAY_GUARD_DIR, ignore_errors=True)
    log, witness = ensure_keys(Path(settings.ASSAY_KEYS_DIR), settings.ASSAY_ORIGIN)
    statement = json.loads((Path(settings.ASSAY_KEYS_DIR) / "statement.jwk").read_text())
    public = {name: value for name, value in statement.items() if name in ("kty", "crv", "x", "kid", "use", "alg")}
    terms = {"name": "Register of tests", "territory": list(territory), "operator": "Operator of tests", "vkey": log}
    return commands.open_register({**terms, "witness_vkey": witness, "statement_jwk": public, **fields})


def make_agency(**fields: Any) -> str:
    """Recognise an agency from 2015 on, without limits unless `scope` says some."""
    terms = {"names": {"en": f"Agency {next(_numbers)}"}, "country": "NL", "valid_from": "2015-01-01", **fields}
    return commands.recognise_agency(AgencyTerms.model_validate(terms), actor=OPERATOR).id


def issuer_terms(**fields: Any) -> IssuerTerms:
    """Terms of an issuer in the Netherlands."""
    return IssuerTerms.model_validate({"names": {"en": f"College {next(_numbers)}"}, "country": "NL", **fields})


def make_issuer(**fields: Any) -> str:
    """Register an issuer."""
    return commands.register_issuer(issuer_terms(**fields), actor=OPERATOR).id


def accreditation_terms(issuer: str, agency: str, **fields: Any) -> AccreditationTerms:
    """Terms of an institutional accreditation from 2020 on."""
    return AccreditationTerms.model_validate({"issuer": issuer, "agency": agency, "valid_from": "2020-01-01", **fields})


def make_accreditation(issuer: str, agency: str, **fields: Any) -> str:
    """Grant an accreditation, said by its agency."""
    terms = accreditation_terms(issuer, agency, **fields)
    return commands.grant_accreditation(terms, actor=as_agency(agency)).id


def make_programme(issuer: str, **fields: Any) -> str:
    """Register a programme of an issuer."""
    terms = {"issuer": issuer, "titles": {"en": f"Programme {next(_numbers)}"}, "valid_from": "2020-01-01", **fields}
    return commands.register_programme(ProgrammeTerms.model_validate(terms), actor=OPERATOR).id


def make_key(issuer: str, **fields: Any) -> str:
    """Bind a DID to an issuer."""
    terms = {"kind": "did", "value": f"did:web:key{next(_numbers)}.example", "valid_from": "2020-01-01", **fields}
    return commands.bind_key(issuer, KeyTerms.model_validate(terms), actor=OPERATOR).id


def make_mandate(awarding_body: str, sealer: str, **fields: Any) -> str:
    """Let one issuer seal for another."""
    terms = {"awarding_body": awarding_body, "sealer": sealer, "valid_from": "2020-01-01", **fields}
    return commands.grant_mandate(MandateTerms.model_validate(terms), actor=OPERATOR).id


def make_batch(issuer: str, **fields: Any) -> str:
    """Anchor a batch of a thousand credentials."""
    terms = {"issuer": issuer, "root": make_digest(), "count": 1000, "tree_algorithm": "assay-batch-v1", **fields}
    return commands.anchor_batch(BatchTerms.model_validate(terms), actor=OPERATOR).id


def make_digest() -> str:
    """Return 64 hex digits that no other call returns: a root, or the commitment of a credential."""
    return hashlib.sha256(str(next(_numbers)).encode()).hexdigest()


def withdrawal(issuer: str, *commitments: str, reason: str = "fraud", **fields: Any) -> WithdrawalTerms:
    """Terms by which credentials of an issuer are revoked, suspended or reinstated."""
    return WithdrawalTerms.model_validate({"issuer": issuer, "commitments": commitments, "reason": reason, **fields})


def ending(effective_from: str, reason: str = "quality", **fields: Any) -> EndingTerms:
    """Terms of a revocation, suspension, withdrawal or closure."""
    return EndingTerms.model_validate({"effective_from": effective_from, "reason": reason, **fields})


def verify_command(command: Callable[[], Result]) -> Result:
    """Run a command and insist that the rows it left are those that a replay of the ledger makes."""
    result = command()
    difference = replaying.check()
    assert difference is None, difference
    return result
