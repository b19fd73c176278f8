"""Open Badges 3.0 and CLR 2.0: what is awarded stands in the achievement, level and field in its alignments.

Sources: 1EdTech Open Badges 3.0, appendix B (data models: Profile, Achievement, Alignment, AchievementType); CLR 2.0,
section 5.1. A transcript (CLR) holds many achievements, so that it states none of type, level and field itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Literal

from register.credentials.claims.vc import (
    as_list,
    read_dates,
    read_identifiers,
    read_issuer,
    read_issuers,
    read_moment,
    read_name,
    read_status_entries,
)
from register.credentials.presented import Claims, Presented
from register.vocabularies import UnknownTerm, parse_credential_type, parse_eqf, parse_isced_f, parse_jurisdiction

_TYPES: Final = {
    "AssociateDegree": "short-cycle-degree",
    "BachelorDegree": "bachelor-degree",
    "MasterDegree": "master-degree",
    "DoctoralDegree": "doctoral-degree",
    "ProfessionalDoctorate": "doctoral-degree",
    "ResearchDoctorate": "doctoral-degree",
    "Degree": "higher-education-degree",
    "MicroCredential": "micro-credential",
    "Course": "course-certificate",
    "CertificateOfCompletion": "course-certificate",
    "ApprenticeshipCertificate": "vocational-qualification",
    "JourneymanCertificate": "vocational-qualification",
    "MasterCertificate": "vocational-qualification",
    "License": "professional-qualification",
}
"""Achievement types that are one of the register's credential types; the others say too little to be one."""

_EQF: Final = re.compile(r"https?://data\.europa\.eu/snb/eqf/[1-8]", re.ASCII)
_ISCED_F: Final = re.compile(r"https?://data\.europa\.eu/snb/isced-f/[0-9]{2,4}", re.ASCII)
_EQF_NAMES: Final = ("eqf", "european qualifications framework")
_ISCED_F_NAMES: Final = ("isced-f", "isced f", "isced-f 2013", "isced 2013")
_SCHEMES: Final = ("ror", "pic", "erasmus", "schac", "eidas", "vat", "oid", "isni", "lei", "euid", "wikidata")


_Scope = tuple[dict[str, Any], dict[str, str]]
_DIFFERENT: Final = "several achievements that differ"


def read_claims(presented: Presented, model: Literal["openbadge", "clr"]) -> Claims:
    """Return what a badge or transcript says; raises NotGenuine for an issuer or dates that cannot be read."""
    document = presented.document
    issuer = read_issuer(document)
    achievements = _list_achievements(document) if model == "openbadge" else []
    achievement = achievements[0] if achievements else {}
    dates = read_dates(document)
    read, unread = _merge_scopes([_read_scope(one, issuer) for one in achievements or [{}]])
    return Claims(
        model=model,
        issuers=read_issuers(document, [*_list_other_identifiers(issuer), issuer.get("url")]),
        issuer_name=read_name(issuer.get("name")),
        awarding_bodies=_find_awarding_bodies(document, achievement, issuer),
        title=read_name(achievement.get("name")) or read_name(document.get("name")),
        status=read_status_entries(document),
        issued_at=read_moment(document, "awardedDate") or dates.issued_at,
        valid_from=dates.valid_from,
        valid_until=dates.valid_until,
        credential_type=read.get("credential_type"),
        eqf_level=read.get("eqf_level"),
        isced_f=read.get("isced_f"),
        jurisdiction=read.get("jurisdiction"),
        unread=unread,
    )


def _list_achievements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        achievement
        for subject in as_list(document.get("credentialSubject"))
        if isinstance(subject, Mapping)
        for achievement in as_list(subject.get("achievement"))
        if isinstance(achievement, Mapping)
    ]


def _merge_scopes(scopes: Sequence[_Scope]) -> _Scope:
    """Return what all of several achievements state alike; where they differ it cannot be compared, and says so."""
    read: dict[str, Any] = {}
    unread = {name: text for _, others in scopes for name, text in others.items()}
    for name in dict.fromkeys(name for stated, _ in scopes for name in stated):
        values = {stated.get(name) for stated, _ in scopes}
        if len(values) > 1:
            unread.setdefault(name, _DIFFERENT)
        elif name not in unread:
            read[name] = values.pop()
    return read, unread


def _list_other_identifiers(profile: Mapping[str, Any]) -> Iterator[str]:
    """Give a profile's other identifiers as a register reads them: `ror:…`, also where only the value tells."""
    for entry in as_list(profile.get("otherIdentifier")):
        if not isinstance(entry, Mapping) or not isinstance(entry.get("identifier"), str):
            continue
        scheme = str(entry.get("identifierType", "")).lower().removeprefix("ext:").removesuffix("id")
        value = entry["identifier"].strip()
        if scheme in _SCHEMES:
            yield f"{scheme}:{value}"
        elif value.startswith(("did:", "https://ror.org/")):
            yield value


def _find_awarding_bodies(
    document: Mapping[str, Any], achievement: Mapping[str, Any], issuer: Mapping[str, Any]
) -> tuple[tuple[str, ...], ...]:
    """Return the `source` of the assertion where it is somebody else than the issuer: it awards, by the standard.

    The achievement's `creator` only wrote it; others may award it by their own right.
    """
    found = []
    for subject in as_list(document.get("credentialSubject")):
        source = subject.get("source") if isinstance(subject, Mapping) else None
        if isinstance(source, Mapping) and source.get("id") != issuer.get("id"):
            body = read_identifiers([source.get("id"), *_list_other_identifiers(source), source.get("url")])
            found += [body] if body else []
    return tuple(found)


def _read_scope(achievement: Mapping[str, Any], issuer: Mapping[str, Any]) -> _Scope:
    """Return the canonical codes stated, and what was stated in words of no vocabulary, by field."""
    address = issuer.get("address")
    country = address.get("addressCountryCode") if isinstance(address, Mapping) else None
    stated = {
        "credential_type": (_name_type(achievement.get("achievementType")), parse_credential_type),
        "eqf_level": (_find_aligned(achievement, _EQF, _EQF_NAMES), parse_eqf),
        "isced_f": (
            _find_aligned(achievement, _ISCED_F, _ISCED_F_NAMES) or achievement.get("fieldOfStudy"),
            parse_isced_f,
        ),
        "jurisdiction": (country, parse_jurisdiction),
    }
    return _parse_all(stated)


def _parse_all(stated: Mapping[str, tuple[Any, Callable[[Any], Any]]]) -> tuple[dict[str, Any], dict[str, str]]:
    read: dict[str, Any] = {}
    unread: dict[str, str] = {}
    for name, (value, parse) in stated.items():
        if value is None or value == "":
            continue
        code = _parse(parse, value) if type(value) is str else None
        if code is None:
            unread[name] = str(value)[:200]
        else:
            read[name] = code
    return read, unread


@lru_cache(maxsize=4096)  # a batch states the same few terms again and again
def _parse(parse: Callable[[Any], Any], value: str) -> Any:
    """Return the code, None for what is in no vocabulary."""
    try:
        return parse(value)
    except UnknownTerm:
        return None


def _name_type(value: Any) -> Any:
    if not isinstance(value, str):
        return None
    return _TYPES.get(value.removeprefix("ext:"), value)


def _find_aligned(achievement: Mapping[str, Any], address: re.Pattern[str], frameworks: tuple[str, ...]) -> str | None:
    """Return the target of the first alignment to a framework: by its address, else by framework and code."""
    alignments = [one for one in as_list(achievement.get("alignment")) if isinstance(one, Mapping)]
    for alignment in alignments:
        target = alignment.get("targetUrl")
        if isinstance(target, str) and address.fullmatch(target.strip()):
            return target.strip()
    for alignment in alignments:
        named = str(alignment.get("targetFramework", "")).strip().casefold()
        if named in frameworks and isinstance(alignment.get("targetCode"), str):
            return str(alignment["targetCode"])
    return None
