"""Loads the demonstration data that the project carries, through the same commands as anybody's entries.

The files and the format of their steps are described in fixtures/README.md. Entries get the day on which the story
says they were recorded, so that "as the register knew on" has something to show; the whole register says in its first
entry that it is a demonstration.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.resources import files
from operator import itemgetter
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from register import commands, payloads
from register.payloads import Actor
from register.vocabularies import country_of

START: Final = datetime(2017, 1, 2, 9, tzinfo=UTC)
"""When the demonstration's register was opened; its real institutions and agencies follow at once."""

_OPERATOR: Final = Actor(role="operator")
_TERMS: Final[Mapping[str, tuple[str, type[Any]]]] = {
    "recognise_agency": ("agency.recognised", payloads.AgencyTerms),
    "withdraw_agency": ("agency.withdrawn", payloads.EndingTerms),
    "register_issuer": ("issuer.registered", payloads.IssuerTerms),
    "amend_issuer": ("issuer.amended", payloads.IssuerChanges),
    "close_issuer": ("issuer.closed", payloads.EndingTerms),
    "relate_issuer": ("issuer.related", payloads.RelationTerms),
    "register_programme": ("programme.registered", payloads.ProgrammeTerms),
    "bind_key": ("key.bound", payloads.KeyTerms),
    "revoke_key": ("key.revoked", payloads.KeyRevocationTerms),
    "grant_mandate": ("mandate.granted", payloads.MandateTerms),
    "grant_accreditation": ("accreditation.granted", payloads.AccreditationTerms),
    "amend_accreditation": ("accreditation.amended", payloads.AccreditationChanges),
    "suspend_accreditation": ("accreditation.suspended", payloads.EndingTerms),
    "reinstate_accreditation": ("accreditation.reinstated", payloads.ReinstatementTerms),
    "revoke_accreditation": ("accreditation.revoked", payloads.EndingTerms),
}

Step = Mapping[str, Any]


class _NotLoaded(Exception):
    """A step refers to something outside this node's territory; it is left out."""


class _Cast:
    """What the steps so far have made: ids and roles by name, ledger indexes by name of entry, paths of keys."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}
        self.roles: dict[str, str] = {}
        self.entries: dict[str, int] = {}
        self.paths: dict[str, str] = {}

    def find(self, reference: str) -> str:
        """Return the id behind `$name`."""
        try:
            return self.ids[reference.removeprefix("$")]
        except KeyError:
            raise _NotLoaded(reference) from None

    def fill_in(self, value: Any) -> Any:
        """Replace `$name` by ids and `^name` by ledger indexes, at any depth."""
        if isinstance(value, dict):
            return {name: self.fill_in(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.fill_in(item) for item in value]
        if isinstance(value, str) and value.startswith("$"):
            return self.find(value)
        if isinstance(value, str) and value.startswith("^"):
            return self._find_entry(value)
        return value

    def _find_entry(self, reference: str) -> int:
        try:
            return self.entries[reference.removeprefix("^")]
        except KeyError:
            raise _NotLoaded(reference) from None

    def speaker(self, by: str) -> Actor:
        """Return the actor that a step names: the operator, or the agency or issuer behind a reference."""
        if by == "operator":
            return _OPERATOR
        organisation = self.find(by)
        return Actor.model_validate({"role": self.roles[by.removeprefix("$")], "organisation": organisation})


def load_demonstration(progress: Callable[[int, int], None] = lambda done, total: None) -> int:
    """Say all steps that concern this node's territory, all or nothing; returns how many were said."""
    steps = list(_read_steps(frozenset(settings.ASSAY_TERRITORY)))
    cast, said = _Cast(), 0
    with transaction.atomic():
        for number, step in enumerate(steps, 1):
            said += _say(step, cast)
            progress(number, len(steps))
    return said


def _say(step: Step, cast: _Cast) -> int:
    try:
        intent = _intend(step, cast)
        actor = cast.speaker(step["by"])
    except _NotLoaded:
        return 0
    at = datetime.fromisoformat(step["at"]).replace(hour=10, tzinfo=UTC)
    written = commands.record([intent], actor=actor, clock=lambda: at)[0]
    if "ref" in step:
        cast.ids[step["ref"]] = written.id
        cast.roles[step["ref"]] = written.kind
        cast.paths[step["ref"]] = intent.path
    if "entry" in step:
        cast.entries[step["entry"]] = written.index
    return 1


def _intend(step: Step, cast: _Cast) -> commands.Intent:
    event_type, model = _TERMS[step["do"]]
    said = model.model_validate(cast.fill_in(dict(step["data"])))
    if event_type == "key.bound":
        return commands.intend_key(cast.find(step["of"]), said)
    if event_type == "key.revoked":
        return commands.Intent(event_type, cast.find(step["of"]), cast.paths[step["of"].removeprefix("$")], said)
    return commands.intend(event_type, said, cast.find(step["of"]) if "of" in step else None)


def _read_steps(territory: frozenset[str]) -> Iterator[Step]:
    """Yield every step in the order of its day: institutions and agencies first, then decisions and stories."""
    day = START.date().isoformat()
    for institution in _read("institutions")["institutions"]:
        if institution["country"] in territory:
            yield {"at": day, "do": "register_issuer", "by": "operator", "ref": institution["ref"]} | {
                "data": _issuer_data(institution)
            }
    agencies = [
        {"at": day, "do": "recognise_agency", "by": "operator", "ref": agency["ref"], "data": _agency_data(agency)}
        for agency in _read("agencies")["agencies"]
    ]
    told = sorted([*_read("accreditations")["steps"], *_read("story")["steps"]], key=itemgetter("at"))
    yield from (step for step in [*agencies, *told] if _concerns(step, territory))


def _issuer_data(institution: Mapping[str, Any]) -> dict[str, Any]:
    data = {name: institution[name] for name in ("names", "country", "identifiers", "website") if institution.get(name)}
    return data | ({"sites": [institution["city"]]} if institution.get("city") else {})


def _agency_data(agency: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in agency.items() if name != "ref"} | {"demonstration": True}


def _concerns(step: Step, territory: frozenset[str]) -> bool:
    """Tell whether an issuer or agency lies in the territory; other steps are settled by what they refer to."""
    data = step["data"]
    if step["do"] == "register_issuer":
        return data["country"] in territory
    if step["do"] == "recognise_agency":
        return _reaches(data["scope"].get("jurisdictions", ()), territory)
    return True


def _reaches(jurisdictions: Iterable[str], territory: frozenset[str]) -> bool:
    countries = {country_of(place) for place in jurisdictions}
    return not countries or not countries.isdisjoint(territory)


def _read(name: str) -> Any:
    return json.loads(files("fixtures").joinpath(f"demo/{name}.json").read_text(encoding="utf-8"))
