"""A ledger in memory, for tests of the pure core: drafts events, judges and folds them, keeps the entries' bytes.

The cast: a node for the Netherlands, its operator, two agencies (one without limits, one for EQF 5 and 6 in NL) and
three issuers. All invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from register import events, replay
from register.replay import Step
from register.state import State

ORIGIN: Final = "register.nl.example/ledger"
SOURCE: Final = "https://register.nl.example"
START: Final = datetime(2023, 1, 1, 9, 30, tzinfo=UTC)
"""When the register opens; every further entry is a minute later unless its time is given."""

OPERATOR: Final = {"role": "operator"}
NODE: Final = {"role": "node"}
PLACES: Final = {
    "agency": "agencies",
    "issuer": "issuers",
    "programme": "programmes",
    "mandate": "mandates",
    "accreditation": "accreditations",
    "peer": "peers",
    "fork": "forks",
    "batch": "batches",
    "withdrawal": "withdrawals",
}
THUMBPRINT: Final = "A" * 43


def make_id(number: int) -> str:
    """Return the id with this number: a UUIDv7 that is the same in every run."""
    return f"0190f0a0-0000-7000-8000-{number:012x}"


WIDE, NARROW = make_id(1), make_id(2)
"""The agencies: recognised from 2015 on without limits, and from 2020 until 2030 for EQF 5 and 6 in NL."""
UTOPIA, ARCADIA, ELYSIUM = make_id(11), make_id(12), make_id(13)
"""The issuers; Utopia's ROR and Arcadia's DID are registered."""
MATHS: Final = make_id(21)
"""A programme of Utopia."""
NOBODY: Final = make_id(999)
"""An id that nothing has."""


def as_agency(agency: str) -> dict[str, str]:
    """An agency as actor."""
    return {"role": "agency", "organisation": agency}


def as_issuer(issuer: str) -> dict[str, str]:
    """An issuer as actor."""
    return {"role": "issuer", "organisation": issuer}


OPENING: Final[Mapping[str, Any]] = {
    "name": "Register of the Netherlands",
    "territory": ["NL"],
    "operator": "Ministry",
    "vkey": "register.nl.example/ledger+00000000+AAAA",
    "witness_vkey": "register.nl.example/witness+00000000+AAAA",
    "statement_jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
    "actor": NODE,
}
GRANT: Final[Mapping[str, Any]] = {
    "issuer": UTOPIA,
    "agency": WIDE,
    "valid_from": "2024-01-01",
    "actor": as_agency(WIDE),
}


class Ledger:
    """A growing ledger: `entries` are its bytes, `state` what they fold to, `own` whose rules of refusal apply."""

    def __init__(
        self,
        *,
        own: bool = True,
        territory: tuple[str, ...] = ("NL",),
        source: str = SOURCE,
        opening: Mapping[str, Any] = OPENING,
    ) -> None:
        self.state = State(ORIGIN)
        self.entries: list[bytes] = []
        self.steps: list[Step] = []
        self.own = own
        self.source = source
        self.time = START
        self._events = 0
        self.say("register.opened", "", {**opening, "territory": list(territory)})

    def draft(
        self,
        event_type: str,
        subject: str,
        data: Mapping[str, Any],
        /,
        *,
        time: datetime | None = None,
        **envelope: str,
    ) -> bytes:
        """Return an entry's bytes; `subject` is an id or a path that begins with a slash; `envelope` overrides."""
        self._events += 1
        self.time = time or self.time + timedelta(minutes=1)
        parts = {"event_id": make_id(0x100000 + self._events), "source": self.source} | envelope
        if "subject" not in parts:
            parts["subject"] = parts["source"] + self._path(event_type, subject, data)
        return events.draft(event_type, time=self.time, data={"actor": OPERATOR, **data}, **parts)

    def _path(self, event_type: str, subject: str, data: Mapping[str, Any]) -> str:
        kind = events.kind_of(event_type)
        if not subject or subject.startswith("/"):
            return subject
        if kind != "key":
            return f"/{PLACES[kind]}/{subject}"
        issuer = data["issuer"] if "issuer" in data else self.state.keys[subject].issuer
        return f"/issuers/{issuer}/keys/{subject}"

    def append(self, entry: bytes) -> Step:
        """Judge, fold and keep an entry; a refusal of an own one raises and keeps nothing."""
        step = replay.step(self.state, entry, own=self.own)
        self.entries.append(entry)
        self.steps.append(step)
        return step

    def say(self, event_type: str, subject: str, data: Mapping[str, Any], /, **details: Any) -> Step:
        """Draft and append an event; by default the operator says it."""
        return self.append(self.draft(event_type, subject, data, **details))

    @property
    def last(self) -> int:
        """The index of the newest entry."""
        return len(self.entries) - 1


def open_ledger(**settings: Any) -> Ledger:
    """Return a ledger with the whole cast registered."""
    ledger = Ledger(**settings)
    recognise(ledger, WIDE)
    recognise(
        ledger, NARROW, valid_from="2020-01-01", valid_until="2030-01-01",
        scope={"eqf_levels": [5, 6], "jurisdictions": ["NL"]},
    )  # fmt: skip
    register(ledger, UTOPIA, identifiers=[{"scheme": "ror", "value": "https://ror.org/04dkp9463"}])
    register(ledger, ARCADIA, identifiers=[{"scheme": "did", "value": "did:web:arcadia.example"}])
    register(ledger, ELYSIUM)
    ledger.say("programme.registered", MATHS, programme_terms())
    return ledger


def recognise(ledger: Ledger, agency: str, **fields: Any) -> Step:
    """Recognise an agency."""
    terms = {"names": {"en": f"Agency {agency[-2:]}"}, "country": "NL", "valid_from": "2015-01-01", **fields}
    return ledger.say("agency.recognised", agency, terms)


def register(ledger: Ledger, issuer: str, **fields: Any) -> Step:
    """Register an issuer."""
    return ledger.say(
        "issuer.registered", issuer, {"names": {"en": f"College {issuer[-2:]}"}, "country": "NL", **fields}
    )


def grant(ledger: Ledger, accreditation: str, **fields: Any) -> Step:
    """Grant Utopia an accreditation by the agency without limits, from 2024 on."""
    return ledger.say("accreditation.granted", accreditation, {**GRANT, **fields})


def bind(ledger: Ledger, key: str, **fields: Any) -> Step:
    """Bind a DID to Utopia."""
    return ledger.say("key.bound", key, {**key_terms(), **fields})


def programme_terms(**fields: Any) -> dict[str, Any]:
    """A programme of Utopia from 2020 on."""
    return {"issuer": UTOPIA, "titles": {"en": "Mathematics"}, "valid_from": "2020-01-01", **fields}


def key_terms(**fields: Any) -> dict[str, Any]:
    """A DID of Utopia from 2020 on."""
    return {"issuer": UTOPIA, "kind": "did", "value": "did:web:utopia.example", "valid_from": "2020-01-01", **fields}


def mandate_terms(**fields: Any) -> dict[str, Any]:
    """Arcadia lets Elysium seal for it from 2024 on."""
    return {"awarding_body": ARCADIA, "sealer": ELYSIUM, "valid_from": "2024-01-01", **fields}


ROOT: Final = "ab" * 32
COMMITMENTS: Final = ("c1" * 32, "c2" * 32, "c3" * 32)


def batch_terms(**fields: Any) -> dict[str, Any]:
    """A batch of a thousand credentials of Utopia."""
    return {"issuer": UTOPIA, "root": ROOT, "count": 1000, "tree_algorithm": "assay-batch-v1", **fields}


def withdrawal(*commitments: str, **fields: Any) -> dict[str, Any]:
    """Credentials of Utopia, one unless told, withdrawn for fraud."""
    return {"issuer": UTOPIA, "commitments": list(commitments or COMMITMENTS[:1]), "reason": "fraud", **fields}


def ending(effective_from: str = "2025-01-01", reason: str = "quality", **fields: Any) -> dict[str, Any]:
    """An ending or a suspension."""
    return {"effective_from": effective_from, "reason": reason, **fields}
