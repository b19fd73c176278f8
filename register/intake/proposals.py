"""Turns what was read into the bodies of commands: new issuers, amendments of known ones, accreditations. Pure.

Nothing held is ever overwritten: an amendment adds names in languages that were missing, identifiers and a website.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from register.intake.match import Known
from register.intake.ror import RorRecord
from register.intake.rows import Identifier, Institution, RowProblem
from register.intake.tables import AccreditationRow
from register.payloads import AccreditationTerms, IssuerChanges, IssuerTerms
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


def _report(row: AccreditationRow) -> dict[str, str] | None:
    if not row.report_url:
        return None
    return {"url": row.report_url, **({"sha256": row.report_sha256} if row.report_sha256 else {})}


def _dispute(institution: Institution, found: Sequence[str]) -> RowProblem:
    name = next(iter(institution.names.values()))
    message = f"its identifiers belong to {len(found)} issuers of the register, or to one that another row names"
    return RowProblem(institution.source_line, "", name[:120], message, f"Look at {', '.join(found)}.", fatal=True)
