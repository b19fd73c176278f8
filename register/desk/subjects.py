"""Which things a draft is about: those it names, and those on whose record it bears."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from register.desk import agency_effects
from register.desk.terms import SAYINGS, ids_of
from register.events import kind_of
from register.queries.cuts import Cut
from register.queries.single import find_records

_NAMED: Final = ("issuer", "agency", "other", "awarding_body", "sealer", "programme")
_ANSWERING: Final = frozenset({"accreditation", "issuer", "key"})
"""First parts of the types of entries that change what is answered about an institution as a whole."""

_OF_RECORD: Final = ("issuer", "agency", "awarding_body", "sealer")


def kind_of_subject(verb: str) -> str:
    """Return the kind of thing that the first id of a verb's subject names."""
    saying = SAYINGS[verb]
    return "issuer" if verb in ("bind_key", "revoke_key", "relate_issuer") else kind_of(saying.type)


def find_subject(verb: str, subject: str, cut: Cut) -> Any:
    """Return the record of the thing that a draft changes, None for a new thing and for one that is not there."""
    ids = ids_of(subject)
    return find_records(kind_of_subject(verb), ids[:1], cut).get(ids[0].lower()) if ids else None


def things_about(subject: str, said: Mapping[str, Any], record: Any = None) -> list[str]:
    """Return the ids of the things that a draft names, and of those that its subject's record names."""
    named = [said.get(name) for name in _NAMED] + [getattr(record, name, None) for name in _OF_RECORD]
    return list(dict.fromkeys([*ids_of(subject), *(thing for thing in named if isinstance(thing, str))]))


def key_about(verb: str, subject: str, said: Mapping[str, Any], cut: Cut) -> str | None:
    """Return the key that a draft binds or revokes, in its canonical spelling; None for drafts about other things."""
    if verb == "bind_key":
        return str(said["value"])
    if verb != "revoke_key":
        return None
    key = ids_of(subject)[-1]
    found = find_records("key", [key], cut).get(key.lower())
    return None if found is None else str(found.value)


def issuers_about(verb: str, subject: str, said: Mapping[str, Any], record: Any = None) -> list[str]:
    """Return the ids of the issuers about whom answers may change: none where it depends on a single credential.

    Of what is said of an agency, those whose answers are compared (register.desk.agency_effects).
    """
    if agency_effects.bears(verb, said):
        return agency_effects.choose_issuers(ids_of(subject)[0])
    if SAYINGS[verb].type.partition(".")[0] not in _ANSWERING:
        return []
    ids = ids_of(subject)
    own = ids[:1] if ids and kind_of_subject(verb) == "issuer" else []
    named = [said.get(name) for name in ("issuer", "other", "awarding_body")]
    found = [*own, *named, getattr(record, "issuer", None), getattr(record, "awarding_body", None)]
    return list(dict.fromkeys(thing for thing in found if isinstance(thing, str)))
