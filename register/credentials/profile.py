"""Profile: does a credential fit the Common Microcredential Framework of the European MOOC Consortium (2019)?

Its requirements, as far as a credential can state them: 100 to 150 hours of study with the assessment (4 to 6 ECTS);
EQF level 6 or 7, or 4 or 5 with ECTS credits; a summative assessment; academic credit; a reliable check of identity
at the assessment; a transcript of learning outcomes, hours, level and credits. What is not stated is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from register.credentials.claims.vc import read_name
from register.credentials.elements import Path, follow, read_path
from register.credentials.presented import Claims
from register.sentences import say

NAME: Final = "Common Microcredential Framework"
_HOURS: Final = (100.0, 150.0)
_ECTS: Final = (4.0, 6.0)
_ECTS_FRAMEWORK: Final = "http://data.europa.eu/snb/education-credit/6fcec5c5af"
_VERIFIED: Final = re.compile(r"\bwith (?:id|identity) verification\b", re.IGNORECASE)
"""How the labels of the Europass list of supervision and verification say so; the others say `without` or `no`."""

_WORKLOAD: Final = read_path("claim.specifiedBy.volumeOfLearning")
_CREDITS: Final = tuple(read_path(text) for text in ("claim.creditReceived", "claim.specifiedBy.creditPoint"))
_ASSESSMENT: Final = {
    "elm": (read_path("claim.provenBy"),),
    "badge": tuple(read_path(text) for text in ("achievement.resultDescription", "subject.result", "evidence.genre")),
}
_OUTCOMES: Final = {
    "elm": (read_path("claim.specifiedBy.learningOutcome"),),
    "badge": (read_path("achievement.criteria.narrative"),),
}
_IDENTITY: Final = read_path("claim.provenBy.idVerification")
_DURATION: Final = re.compile(r"P(?:(\d{1,4})W|(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?)?)", re.ASCII)
"""xsd:duration as far as it is an amount of work: hours and minutes, days and weeks are not hours of study."""


def fit_profile(document: Mapping[str, Any], claims: Claims) -> dict[str, Any]:
    """Return the profile's `name`, whether the credential `fits`, and what is `missing`, in words."""
    missing = [*_find_missing(document, claims)]
    return {"name": NAME, "fits": not missing, "missing": missing}


def _find_missing(document: Mapping[str, Any], claims: Claims) -> Iterator[str]:
    model = "elm" if claims.model == "elm" else "badge"
    hours, credits = (read_hours(document), read_ects(document)) if model == "elm" else (None, None)
    if hours is None and credits is None:
        yield say("workload: not stated (expected 100 to 150 hours, or 4 to 6 ECTS credits)")
    elif hours is not None and not _HOURS[0] <= hours <= _HOURS[1]:
        yield say("workload: {hours} hours (expected 100 to 150)", hours=f"{hours:g}")
    if credits is None:
        yield say("academic credit: no ECTS credits stated")
    elif not _ECTS[0] <= credits <= _ECTS[1]:
        yield say("academic credit: {credits} ECTS (expected 4 to 6)", credits=f"{credits:g}")
    level = claims.eqf_level
    if level is None:
        yield say("level: no EQF level stated (expected 6 or 7, or 4 or 5 with ECTS credits)")
    elif level not in (6, 7) and not (level in (4, 5) and credits is not None):
        yield say("level: EQF {level} (expected 6 or 7, or 4 or 5 with ECTS credits)", level=level)
    if not _states(document, _ASSESSMENT[model]):
        yield say("assessment: no summative assessment stated")
    if model != "elm" or not _is_identity_verified(document):
        yield say("identity: no verification of identity at the assessment stated")
    if not _states(document, _OUTCOMES[model]):
        yield say("learning outcomes: not stated")


def _states(document: Mapping[str, Any], paths: Sequence[Path]) -> bool:
    return any(value is not None and value not in ("", {}) for path in paths for value in follow(document, path))


def read_hours(document: Mapping[str, Any]) -> float | None:
    """Return the hours of study a credential states (ELM `volumeOfLearning`, xsd:duration), None without."""
    for value in follow(document, _WORKLOAD):
        match = _DURATION.fullmatch(value) if isinstance(value, str) and len(value) < 40 else None
        if match and (match[3] or match[4]) and not match[1] and not match[2]:
            return int(match[3] or 0) + int(match[4] or 0) / 60
    return None


def read_ects(document: Mapping[str, Any]) -> float | None:
    """Return the ECTS credits a credential states, None without; credits of other systems are no ECTS."""
    for path in _CREDITS:
        for credit in follow(document, path):
            framework = credit.get("framework") if isinstance(credit, Mapping) else None
            if isinstance(framework, Mapping) and framework.get("id") == _ECTS_FRAMEWORK:
                return _read_number(credit.get("point"))
    return None


def _read_number(value: Any) -> float | None:
    try:
        return float(str(value)) if len(str(value)) < 20 else None
    except ValueError:
        return None


def _is_identity_verified(document: Mapping[str, Any]) -> bool:
    """Tell whether the concept stated says so in its English label."""
    stated = (read_name(one.get("prefLabel")) for one in follow(document, _IDENTITY) if isinstance(one, dict))
    return any(label is not None and _VERIFIED.search(label) for label in stated)
