"""Entitlement: was the issuer entitled to issue this then? The register is asked; nothing is believed of a name.

Who is asked about: the body that awards, where one is named apart from the sealer, else the issuer; by each identifier
it gives until a register knows one, always together with the key that signed. A register may know a key under several
spellings (DID, thumbprint, certificate, organisation): a report of theft under any of them counts, else the best one.
An issuer that no register knows by its identifiers may still be found by its key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from register.credentials.errors import Unreachable
from register.credentials.names import compare_names
from register.credentials.ports import Registers
from register.credentials.presented import Claims, Signature, SigningKey
from register.credentials.proofs.trust_anchors import spell_organisation
from register.credentials.report import Answer, Finding, ProvenTime
from register.credentials.wording import ENTITLED, find_reason, give_finding, say_limit
from register.errors import NotUnderstood
from register.moments import format_instant, parse_moment
from register.sentences import Named, join, say

Decided = Mapping[str, Any]
"""A trust decision as the JSON of `GET /api/v1/trust`."""

_COMPROMISED: Final = "key_compromised_unanchored"
_RANK: Final = {"trusted": 0, "unchecked": 1, "not_trusted": 2, "unknown": 3}
_SCOPED: Final = ("credential_type", "eqf_level", "isced_f", "jurisdiction")


@dataclass(frozen=True, slots=True)
class Entitlement:
    """The answer, and the decision it rests on, None when no register could be asked.

    `decisions` are all that count: one for each body that awards.
    """

    answer: Answer
    decisions: tuple[Decided, ...] = ()

    @property
    def decision(self) -> Decided | None:
        """The decision that tells most: the first that is not a yes, else the first."""
        refused = [one for one in self.decisions if one["decision"] != "trusted"]
        return next(iter([*refused, *self.decisions]), None)

    @property
    def key_holder(self) -> Named | None:
        """Whose key it is by the register, where every decision is a yes that rests on a binding of the key."""
        bound = [one for one in self.decisions if one["decision"] == "trusted" and one["chain"].get("key")]
        return _first_name(bound[0]) if bound and len(bound) == len(self.decisions) else None

    @property
    def issuers(self) -> Mapping[str, str]:
        """Ids and addresses in the register of those who may have anchored: who awards, was asked about, or sealed.

        The address of a sealer that is somebody else is empty: the register tells its id alone.
        """
        found: dict[str, str] = {}
        for decided in self.decisions:
            issuer = decided["chain"].get("issuer") or {}
            found |= {str(one["id"]): str(one["url"]) for one in (issuer, issuer.get("asked")) if one}
            sealer = (decided["chain"].get("key") or {}).get("issuer")
            if sealer:
                found.setdefault(str(sealer), "")
        return found


@dataclass(frozen=True, slots=True)
class Case:
    """One credential's question as far as it is settled: what it says, who signed, and when it is judged."""

    claims: Claims
    signatures: tuple[Signature, ...]
    at: ProvenTime
    stated: ProvenTime | None = None
    proven: ProvenTime | None = None
    keys: tuple[SigningKey, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", tuple(dict.fromkeys(key for one in self.signatures for key in one.keys)))

    @property
    def claimed_keys(self) -> tuple[SigningKey, ...]:
        """Organisation identifiers that certificates bear whose authority nobody here vouches for."""
        found = (one.certificate for one in self.signatures if one.certificate)
        named = (one.get("organization_identifier") for one in found if not one.get("trusted_authority"))
        return tuple(key for name in named if name for key in spell_organisation(str(name)))

    @property
    def sameness(self) -> tuple[object, ...]:
        """All that the answer hangs on: cases that agree in it have the same one."""
        claims = self.claims
        scope = tuple(getattr(claims, name) for name in _SCOPED)
        named = (claims.issuers, claims.issuer_name, claims.awarding_bodies, scope, tuple(sorted(claims.unread)))
        return (*named, self.keys, self.claimed_keys, self.at, self.stated, self.proven)

    def ask(self, issuer: str, key: SigningKey | None, at: ProvenTime | None = None) -> dict[str, str]:
        """Return the parameters of the question about an issuer, by the names of the interface."""
        params = {"issuer": issuer, "at": format_instant((at or self.at).time)}
        scope = {name: getattr(self.claims, name) for name in _SCOPED}
        params |= {name: str(value) for name, value in scope.items() if value is not None}
        if key is not None:
            params["key"] = spell_key(key)
        if self.proven is not None:
            params["anchored_at"] = format_instant(self.proven.time)
        return params


def judge_entitlement(case: Case, registers: Registers) -> Entitlement:
    """Ask the registers about a credential and say in words what they answer; raises nothing."""
    bodies = _list_bodies(case.claims)
    judged = [_judge_body(body, case, registers, named_apart=index > 0 or body != case.claims.issuers)
              for index, body in enumerate(bodies)]  # fmt: skip
    findings = tuple(finding for one in judged for finding in one.answer.findings)
    decisions = tuple(decision for one in judged for decision in one.decisions)
    return Entitlement(Answer((*findings, *_tell_key_of_register(decisions, registers))), decisions)


def _tell_key_of_register(decisions: Sequence[Decided], registers: Registers) -> Iterator[Finding]:
    """Say so where an answer rests on a key of the register that whoever verifies has not named."""
    key = registers.unconfirmed_key if any(one["decision"] != "unknown" for one in decisions) else None
    if key is not None:
        yield give_finding("entitled", "key_unconfirmed", key=key)


def _list_bodies(claims: Claims) -> list[tuple[str, ...]]:
    """Return the bodies to ask about, each by its identifiers; one that is the issuer itself goes by all of its."""
    apart = [body for body in claims.awarding_bodies if not set(body) & set(claims.issuers)]
    shared = len(apart) < len(claims.awarding_bodies)
    return [claims.issuers, *apart] if shared or not apart else apart


def _judge_body(body: tuple[str, ...], case: Case, registers: Registers, *, named_apart: bool) -> Entitlement:
    try:
        decided = _ask_until_known(body, case, registers)
        by_key = False
        if (decided is None or decided["decision"] == "unknown") and not named_apart:
            found = _ask_by_key(case, registers)
            decided, by_key = (found, True) if found is not None else (decided, False)
    except Unreachable as error:
        return _unanswered("register_unreachable", text=error.message)
    except NotUnderstood as error:
        return _unanswered("question_not_understood", text=error.message)
    if decided is None:
        return _unanswered("no_issuer")
    if _hangs_on_authority(decided, case, registers):
        return _unanswered("authority_unknown", organisation=", ".join(key.value for key in case.claimed_keys))
    findings = [*_tell_verdict(decided, body, case)]
    if decided["decision"] == "trusted":
        findings += [*_tell_binding(decided, case, by_key=by_key), *_tell_names(decided, case, named_apart)]
        findings += [*_tell_aftermath(decided), *_tell_untested(decided, case), *_tell_demonstration(decided)]
        if case.at.source == "checked_at":
            findings.append(give_finding("entitled", "date_unproven", at=case.at.time))
    elif decided["decision"] == "not_trusted":
        findings += _tell_stated_date(body, case, registers)
    return Entitlement(Answer(tuple(findings)), (decided,))


def _unanswered(code: str, **values: Any) -> Entitlement:
    return Entitlement(Answer((give_finding("entitled", code, **values),)))


def _ask_until_known(body: Sequence[str], case: Case, registers: Registers) -> Decided | None:
    """Ask by one identifier after the other until a register knows one; None when there are none."""
    decided: Decided | None = None
    for issuer in body:
        answered = _ask_with_keys(issuer, case, registers)
        if decided is None or _RANK[answered["decision"]] < _RANK[decided["decision"]]:
            decided = answered
        if answered["decision"] != "unknown":
            return answered
    return decided


def _ask_with_keys(issuer: str, case: Case, registers: Registers) -> Decided:
    """Ask with every spelling of the key: a report of theft under one of them wins, else the best answer."""
    if not case.keys:
        return registers.decide(case.ask(issuer, None))
    answers = registers.decide_by_keys(case.ask(issuer, None), [spell_key(key) for key in case.keys])
    unknown = next((one for one in answers if one["decision"] == "unknown"), None)
    if unknown is not None:
        return unknown
    stolen = [one for one in answers if _COMPROMISED in _codes(one)]
    return stolen[0] if stolen else _accept_did(issuer, min(answers, key=_rank), case, registers)


def _accept_did(issuer: str, best: Decided, case: Case, registers: Registers) -> Decided:
    """Where the register holds the DID that signed as an identifier only, that identifier is what binds the key."""
    own = any(key.kind == "did" and key.value == issuer for key in case.keys)
    if not own or _codes(best) != {"key_unknown"}:
        return best
    answered = registers.decide(case.ask(issuer, None))
    return answered if answered["decision"] == "trusted" else best


def _hangs_on_authority(decided: Decided, case: Case, registers: Registers) -> bool:
    """Tell whether it would be a yes if the seal's certificate were believed: anybody can write a name into one."""
    issuer = (decided["chain"].get("issuer") or {}).get("id")
    if decided["decision"] != "not_trusted" or not issuer or _codes(decided) != {"key_unknown"}:
        return False
    return any(registers.decide(case.ask(str(issuer), key))["decision"] == "trusted" for key in case.claimed_keys)


def _ask_by_key(case: Case, registers: Registers) -> Decided | None:
    for key in case.keys:
        if key.value in case.claims.issuers:
            continue
        answered = registers.decide(case.ask(spell_key(key), key))
        if answered["decision"] != "unknown":
            return _ask_with_keys(spell_key(key), case, registers)
    return None


def spell_key(key: SigningKey) -> str:
    """Return a key as a trust question takes it."""
    return key.value if key.kind == "did" else f"{key.kind}:{key.value}"


def _codes(decided: Decided) -> set[str]:
    return {str(reason["code"]) for reason in decided["reasons"]}


def _rank(decided: Decided) -> tuple[int, bool, int]:
    reasons = decided["reasons"]
    return _RANK[decided["decision"]], "key_unknown" in _codes(decided), len(reasons)


def _tell_verdict(decided: Decided, body: Sequence[str], case: Case) -> Iterator[Finding]:
    reasons = decided["reasons"]
    told = join(reason["text"] for reason in reasons)
    match decided["decision"]:
        case "unknown":
            yield give_finding("entitled", "issuer_unknown", issuer=_name_asked(body, case))
        case "unchecked":
            yield give_finding("entitled", "register_unchecked", text=told)
        case "not_trusted":
            yield from (Finding(str(one["code"]), "fail", one["text"], _cite(one)) for one in reasons)
        case "trusted":
            yield from (Finding(str(one["code"]), "pass", one["text"], _cite(one)) for one in reasons)


def _name_asked(body: Sequence[str], case: Case) -> str:
    name = case.claims.issuer_name if tuple(body) == case.claims.issuers else None
    return name or next(iter(body), say("of this credential"))


def _cite(reason: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"link": reason.get("link"), "entry": reason.get("entry")}


def _tell_stated_date(body: Sequence[str], case: Case, registers: Registers) -> Iterator[Finding]:
    """Say so when the date written in a credential would have done, which is only its own word."""
    if case.stated is None or case.stated.time >= case.at.time:
        return
    try:
        decided = _ask_until_known(body, replace(case, at=case.stated), registers)
    except (Unreachable, NotUnderstood):
        return  # the question as asked has its answer; this would only have added to it
    if decided is not None and decided["decision"] == "trusted":
        yield give_finding("entitled", "stated_date_only", stated=case.stated.time, at=case.at.time)


def _tell_binding(decided: Decided, case: Case, *, by_key: bool) -> Iterator[Finding]:
    """Say how the key leads to the issuer, wherever that is less than a binding in the register."""
    if not case.keys:
        yield give_finding("entitled", "key_not_proven")
    elif decided["chain"].get("key") is None:
        yield give_finding("entitled", "known_by_did")
    asked = (decided["chain"].get("issuer") or {}).get("asked")
    if asked:
        yield give_finding("entitled", "answered_by", asked=_pick_name(asked), holder=_first_name(decided))
    if by_key:
        holder, said = _first_name(decided), case.claims.issuer_name
        named = said is not None and compare_names(said, _names(decided)) is None
        code = "found_by_key" if named else "signed_by_another"
        yield give_finding(
            "entitled", code, holder=holder, issuer=said or next(iter(case.claims.issuers), say("nobody"))
        )


def _names(decided: Decided) -> tuple[str, ...]:
    """Return every name the register holds for the issuer that answers and for the one asked about."""
    issuer = decided["chain"].get("issuer") or {}
    asked = issuer.get("asked") or {}
    return tuple(dict.fromkeys([*(issuer.get("names") or {}).values(), *(asked.get("names") or {}).values()]))


def _first_name(decided: Decided) -> Named:
    return _pick_name(decided["chain"].get("issuer") or {})


def _pick_name(issuer: Mapping[str, Any]) -> Named:
    return Named(issuer.get("names") or {}, issuer.get("country") or "", say("another organisation"))


def _tell_names(decided: Decided, case: Case, named_apart: bool) -> Iterator[Finding]:
    """Compare the name a credential gives its issuer with those of the register; a look-alike is told as one."""
    said = case.claims.issuer_name
    if said is None or named_apart:
        return
    difference = compare_names(said, _names(decided))
    if difference is not None:
        yield give_finding("entitled", difference, said=said, known=_first_name(decided))


def _tell_aftermath(decided: Decided) -> Iterator[Finding]:
    for since in decided["since"]:
        what = str(since["what"])
        code = f"since_{what}"
        when = parse_moment(since["effective_from"])
        why = {"reason": find_reason(since["reason"])} if since.get("reason") else {}
        evidence = {"entry": since.get("entry"), "recorded_at": since.get("recorded_at")}
        known = code if code in ENTITLED else "since_succession"
        yield give_finding("entitled", known, evidence, when=when, **why)


def _tell_untested(decided: Decided, case: Case) -> Iterator[Finding]:
    """Say which limits were not compared; that a credential names no country is its kind's habit, not a remark."""
    for name in decided["not_tested"]:
        if name in case.claims.unread:
            yield give_finding("entitled", "not_comparable", field=say_limit(name))
        elif name == "jurisdiction":
            yield give_finding("entitled", "country_not_stated")
        else:
            yield give_finding("entitled", "not_stated", field=say_limit(name))


def _tell_demonstration(decided: Decided) -> Iterator[Finding]:
    if any((decided["chain"].get(link) or {}).get("demonstration") for link in ("register", "accreditation", "issuer")):
        yield give_finding("entitled", "demonstration_data")
