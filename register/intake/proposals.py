"""Turns what was read into the bodies of commands: new issuers, amendments of known ones, accreditations. Pure.

Nothing held is ever overwritten: an amendment adds names in languages that were missing, identifiers and a website.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from register.ids import new_id
from register.intake.deqar import Submission
from register.intake.deqar_programmes import ProgrammeRow
from register.intake.match import Known
from register.intake.ror import RorRecord
from register.intake.rows import Identifier, Institution, RowProblem
from register.intake.tables import AccreditationRow
from register.payloads import AccreditationTerms, IssuerChanges, IssuerTerms, ProgrammeTerms
from register.records import IdentifierClaim, IssuerRecord

Holders = Mapping[tuple[str, str], str]
"""(scheme, canonical value) → id of the issuer that holds the identifier."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Institutions of a list, sorted: `new` to the register, `known` with their issuer's id, and those in dispute."""

    new: tuple[Institution, ...]
    known: tuple[tuple[Institution, str], ...]
    problems: tuple[RowProblem, ...]


def sort_arrivals(institutions: Iterable[Institution], holders: Holders) -> Arrivals:
    """Sort a list's institutions by whether an issuer has one of their identifiers already.

    One whose identifiers belong to several issuers, or whose issuer an earlier one has claimed, is a fatal problem.
    """
    new, known, problems = [], [], []
    claimed: dict[str, int] = {}
    for institution in institutions:
        found = sorted({holders[one] for one in _pairs(institution.identifiers) if one in holders})
        if not found:
            new.append(institution)
        elif len(found) > 1 or found[0] in claimed:
            problems.append(_dispute(institution, found))
        else:
            claimed[found[0]] = institution.source_line
            known.append((institution, found[0]))
    return Arrivals(tuple(new), tuple(known), tuple(problems))


def propose_issuer(institution: Institution) -> IssuerTerms:
    """Give the body of `register_issuer`: names, country, place, website and identifiers with source and original."""
    site = ", ".join(filter(None, (institution.street, institution.postcode, institution.city)))[-500:].strip()
    body = {
        "names": dict(institution.names),
        "country": institution.country,
        "provider_type": institution.provider_type,
        "sites": [site] if site else [],
        "identifiers": [_claim(one) for one in institution.identifiers],
        "website": institution.website or None,
    }
    return IssuerTerms.model_validate({key: value for key, value in body.items() if value is not None})


def propose_changes(held: IssuerRecord, found: Institution | RorRecord) -> IssuerChanges | None:
    """Give the body of `amend_issuer` that adds what the issuer lacks, or None if it lacks nothing.

    A name under `und` is added only where the issuer has no name that reads the same.
    """
    names = {language: name for language, name in found.names.items() if language not in held.names}
    if names.get("und") in held.names.values():
        del names["und"]
    have = {(claim.scheme, claim.value) for claim in held.identifiers}
    claims = [one for one in found.identifiers if (one.scheme, one.value) not in have]
    changes: dict[str, object] = {}
    if names:
        changes["names"] = {**held.names, **names}
    if claims:
        changes["identifiers"] = [*map(_repeat, held.identifiers), *map(_claim, claims)]
    if found.website and not held.website:
        changes["website"] = found.website
    return IssuerChanges.model_validate(changes) if changes else None


def propose_accreditation(
    row: AccreditationRow, *, issuer: str, agency: str, contributing: Sequence[str] = (), programmes: Sequence[str] = ()
) -> AccreditationTerms:
    """Give the body of `grant_accreditation` for a row whose references the caller has resolved to ids."""
    scope = {
        "credential_types": row.credential_types,
        "eqf_levels": row.eqf_levels,
        "isced_f": row.isced_f,
        "jurisdictions": row.jurisdictions,
        "programmes": tuple(programmes),
    }
    body = {
        "issuer": issuer,
        "agency": agency,
        "kind": row.kind,
        "scope": {limit: list(values) for limit, values in scope.items() if values},
        "decision": row.decision,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "contributing_agencies": list(contributing),
        "status": _status(row.activity),
        "report": _report(row),
        "summary": row.summary or None,
        "local_identifier": row.local_id or None,
    }
    return AccreditationTerms.model_validate({key: value for key, value in body.items() if value is not None})


class Proposal(NamedTuple):
    """One entry to be made: the type of the event, the id of its new subject, its terms."""

    type: str
    id: str
    terms: Any


def propose_submission(
    row: Submission, *, issuers: Sequence[str], agency: str, contributing: Sequence[str] = ()
) -> list[Proposal]:
    """Give all that a report of DEQAR leads to: its programmes, then an accreditation for each institution.

    Programmes belong to the first institution; the others of a joint programme are awarding bodies too.
    """
    begin, others = row.accreditations[0].valid_from, issuers if len(issuers) > 1 else ()
    said = [
        Proposal("programme.registered", new_id(), propose_programme(one, issuers[0], others, begin))
        for one in row.programmes
    ]
    named = [one.id for one in said]
    for accreditation, issuer in zip(row.accreditations, issuers, strict=True):
        terms = propose_accreditation(
            accreditation, issuer=issuer, agency=agency, contributing=contributing, programmes=named
        )
        said.append(Proposal("accreditation.granted", new_id(), terms))
    return said


def propose_programme(row: ProgrammeRow, issuer: str, awarding_bodies: Sequence[str], begin: date) -> ProgrammeTerms:
    """Give the body of `register_programme` for a programme as DEQAR describes it."""
    body: dict[str, Any] = {
        "issuer": issuer,
        "titles": {"und": row.titles[0]},
        "valid_from": begin,
        "credential_type": row.credential_type,
        "eqf_level": row.eqf_level,
        "nqf_level": row.nqf_level or None,
        "isced_f": [row.isced_f] if row.isced_f else None,
        "ects": row.ects or None,
        "awarding_bodies": list(awarding_bodies) or None,
        "identifiers": [{"scheme": "national", "value": row.local_id, "source": "deqar"}] if row.local_id else None,
        "assessment_type": "level-of-attendance" if row.assessment.casefold() in _ATTENDANCE else None,
        "learning_outcomes": _outcomes(row),
    }
    return ProgrammeTerms.model_validate({key: value for key, value in body.items() if value is not None})


_ATTENDANCE = ("1", "attendance certificate")


def _outcomes(row: ProgrammeRow) -> list[dict[str, Any]] | None:
    if not row.outcomes and not row.esco:
        return None
    return [{"text": {"und": row.outcomes or ", ".join(row.esco)[:500]}, "esco": list(row.esco[:50])}]


def describe_issuer(issuer: IssuerRecord) -> Known:
    """Give an issuer of the register as `match_institutions` wants it; its city stands last in its first site."""
    city = issuer.sites[0].rpartition(", ")[2] if issuer.sites else ""
    pairs = frozenset((claim.scheme, claim.value) for claim in issuer.identifiers)
    return Known(issuer.id, pairs, tuple(issuer.names.values()), issuer.country, city, issuer.website or "")


def _pairs(identifiers: Iterable[Identifier]) -> list[tuple[str, str]]:
    return [(one.scheme, one.value) for one in identifiers]


def _claim(one: Identifier) -> dict[str, str]:
    written = {"original": one.original} if one.original and one.original != one.value else {}
    return {"scheme": one.scheme, "value": one.value, "source": one.source, **written}


def _repeat(claim: IdentifierClaim) -> dict[str, object]:
    fields = ("scheme", "value", "valid_from", "valid_until", "source", "original")
    return {name: value for name in fields if (value := getattr(claim, name)) is not None}


def _status(activity: str | None) -> str | None:
    last = (activity or "").rpartition("-")[2]
    return last if last in ("obligatory", "voluntary") else None


def _report(row: AccreditationRow) -> dict[str, object] | None:
    if not row.report_url:
        return None
    sealed = {"sha256": row.report_sha256} if row.report_sha256 else {}
    return {"url": row.report_url, **sealed, **({"languages": [*row.report_languages]} if row.report_languages else {})}


def _dispute(institution: Institution, found: Sequence[str]) -> RowProblem:
    name = next(iter(institution.names.values()))
    message = f"its identifiers belong to {len(found)} issuers of the register, or to one that another row names"
    return RowProblem(institution.source_line, "", name[:120], message, f"Look at {', '.join(found)}.", fatal=True)
