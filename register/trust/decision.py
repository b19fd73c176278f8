"""The decision: the verdict with its reasons, chain, aftermath and citations, and the JSON it is published as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from register.moments import format_instant, format_moment
from register.records import (
    AccreditationRecord,
    AgencyRecord,
    IssuerRecord,
    KeyRecord,
    MandateRecord,
    RegisterRecord,
    RelationRecord,
    dump_mapping,
    scope_at,
)
from register.scope import LIMITS
from register.trust.links import State
from register.trust.question import Question
from register.trust.reasons import Citation, Reason

Verdict = Literal["trusted", "not_trusted", "unknown", "unchecked"]


@dataclass(frozen=True, slots=True)
class Chain:
    """The records the answer is about. `issuer` answers for `asked`; `relations` lead from one to the other and on to
    the issuer that holds the accreditation; `state` is how that stood at the instant asked.
    """

    origin: str | None = None
    register: RegisterRecord | None = None
    agency: AgencyRecord | None = None
    accreditation: AccreditationRecord | None = None
    state: State | None = None
    issuer: IssuerRecord | None = None
    asked: IssuerRecord | None = None
    relations: tuple[RelationRecord, ...] = ()
    key: KeyRecord | None = None
    mandate: MandateRecord | None = None


@dataclass(frozen=True, slots=True)
class Since:
    """What happened after the instant asked, from when on, when and by which entry it was recorded, and why."""

    what: str
    effective_from: datetime
    recorded_at: datetime | None
    reason: str | None
    entry: Citation


@dataclass(frozen=True, slots=True)
class Fresh:
    """How fresh one register's knowledge was: size and time of its newest verified checkpoint, and the judgement."""

    checkpoint_size: int | None
    checkpoint_time: datetime | None
    age_seconds: int | None
    stale: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer. `known_at` and `fresh` name every ledger used; `cites` every entry the answer rests on, in order:
    folding just these entries gives the same verdict.
    """

    decision: Verdict
    reasons: tuple[Reason, ...]
    question: Question
    chain: Chain = field(default_factory=Chain)
    since: tuple[Since, ...] = ()
    not_tested: tuple[str, ...] = ()
    known_at: Mapping[str, int] = field(default_factory=dict, hash=False)
    fresh: Mapping[str, Fresh] = field(default_factory=dict, hash=False)
    cites: tuple[Citation, ...] = ()
    expires_at: datetime | None = None


def format_decision(decision: Decision, evidence: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return a decision as the JSON object of the interface; `evidence` are the entries cited, with receipts."""
    return {
        "decision": decision.decision,
        "reasons": [_format_reason(reason) for reason in decision.reasons],
        "question": _format_question(decision),
        "chain": _format_chain(decision.chain, decision.question),
        "since": [_format_since(since) for since in decision.since],
        "not_tested": list(decision.not_tested),
        "fresh": {origin: _format_fresh(fresh) for origin, fresh in decision.fresh.items()},
        "evidence": [dict(entry) for entry in evidence],
        "expires_at": _instant(decision.expires_at),
    }


def _format_reason(reason: Reason) -> dict[str, Any]:
    return {"code": reason.code, "link": reason.link, "text": reason.text, "entry": _format_entry(reason.entry)}


def _format_entry(entry: Citation | None) -> dict[str, Any] | None:
    return None if entry is None else {"origin": entry.origin, "index": entry.index}


def _format_question(decision: Decision) -> dict[str, Any]:
    """Echo what was asked, the instants resolved and the sizes used; what was not asked is left out."""
    question = decision.question
    echo: dict[str, Any] = {
        "issuer": question.issuer_text,
        "at": format_instant(question.at),
        "known_at": dict(decision.known_at),
    }
    echo |= {name: question.asked(name) for name in LIMITS if question.asked(name) is not None}
    if question.key is not None:
        echo["key"] = question.key
    if question.anchored_at is not None:
        echo["anchored_at"] = format_instant(question.anchored_at)
    return echo


def _format_chain(chain: Chain, question: Question) -> dict[str, Any]:
    return {
        "register": _format_register(chain),
        "agency": _format_agency(chain.agency),
        "accreditation": _format_accreditation(chain, question),
        "issuer": _format_issuer(chain),
        "key": _format_key(chain),
    }


def _format_register(chain: Chain) -> dict[str, Any] | None:
    if chain.origin is None:
        return None
    register = chain.register
    if register is None:
        return {"origin": chain.origin}
    told = {"id": register.id, "url": register.url, "name": register.name, "origin": chain.origin}
    return told | {"territory": list(register.territory), "demonstration": register.demonstration}


def _format_agency(agency: AgencyRecord | None) -> dict[str, Any] | None:
    if agency is None:
        return None
    told: dict[str, Any] = {"id": agency.id, "url": agency.url, "names": dict(agency.names), "country": agency.country}
    return told | _format_period(agency) | {"demonstration": agency.demonstration}


def _format_accreditation(chain: Chain, question: Question) -> dict[str, Any] | None:
    record = chain.accreditation
    if record is None:
        return None
    scope = scope_at(record.scope, record.former_scopes, question.at)
    limits = {name: scope.limit(name) for name in LIMITS.values()}
    told: dict[str, Any] = {"id": record.id, "url": record.url, "issuer": record.issuer, "kind": record.kind}
    told["scope"] = {name: list(limit) for name, limit in limits.items() if limit is not None}
    told |= {"decision": record.decision, **_format_period(record), "state": chain.state}
    return told | {"demonstration": record.demonstration}


def _format_issuer(chain: Chain) -> dict[str, Any] | None:
    if chain.issuer is None:
        return None
    told = _name_issuer(chain.issuer)
    if chain.asked and chain.asked.id != chain.issuer.id:
        told["asked"] = _name_issuer(chain.asked)
    if chain.relations:
        told["relations"] = [_format_relation(relation, chain.origin or "") for relation in chain.relations]
    return told


def _name_issuer(issuer: IssuerRecord) -> dict[str, Any]:
    told: dict[str, Any] = {"id": issuer.id, "url": issuer.url, "names": dict(issuer.names), "country": issuer.country}
    return told | {"provider_type": issuer.provider_type, "demonstration": issuer.demonstration}


def _format_relation(relation: RelationRecord, origin: str) -> dict[str, Any]:
    told: dict[str, Any] = {"issuer": relation.issuer, "relation": relation.relation, "other": relation.other}
    return told | _format_period(relation) | {"entry": {"origin": origin, "index": relation.recorded.index}}


def _format_key(chain: Chain) -> dict[str, Any] | None:
    key = chain.key
    if key is None:
        return None
    told: dict[str, Any] = {"id": key.id, "url": key.url, "issuer": key.issuer, "kind": key.kind, "value": key.value}
    told |= _format_period(key)
    if key.revocation:
        told["revocation"] = dump_mapping("key", key)["revocation"]
    if chain.mandate:
        told["mandate"] = {"id": chain.mandate.id, "url": chain.mandate.url, **_format_period(chain.mandate)}
    return told


def _format_period(record: Any) -> dict[str, str | None]:
    period = record.valid
    return {"valid_from": _moment(period.valid_from), "valid_until": _moment(period.valid_until)}


def _format_since(since: Since) -> dict[str, Any]:
    return {
        "what": since.what,
        "effective_from": format_moment(since.effective_from),
        "recorded_at": _instant(since.recorded_at),
        "reason": since.reason,
        "entry": _format_entry(since.entry),
    }


def _format_fresh(fresh: Fresh) -> dict[str, Any]:
    return {
        "checkpoint_size": fresh.checkpoint_size,
        "checkpoint_time": _instant(fresh.checkpoint_time),
        "age_seconds": fresh.age_seconds,
        "stale": fresh.stale,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else format_moment(moment)


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else format_instant(moment)
