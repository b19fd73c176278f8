"""What may be drafted: for each verb the terms it takes, the entry it makes, and the intent to say it.

The table is held against register.access.roles.VERBS and register.commands by a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ValidationError

from register import commands, payloads
from register.api.bodies import strict
from register.commands import PATHS, Intent, Written, data_of
from register.desk.errors import read_faults
from register.events import kind_of
from register.ids import new_id
from register.payloads import Actor, KeyTerms

Terms = type[BaseModel]


class Saying(NamedTuple):
    """A verb as the desk uses it: the type of its entry, its terms, and how many ids it takes before them."""

    type: str
    terms: Terms
    ids: int = 1


SAYINGS: Final[Mapping[str, Saying]] = {
    "recognise_agency": Saying("agency.recognised", payloads.AgencyTerms, 0),
    "amend_agency": Saying("agency.amended", payloads.AgencyChanges),
    "withdraw_agency": Saying("agency.withdrawn", payloads.EndingTerms),
    "register_issuer": Saying("issuer.registered", payloads.IssuerTerms, 0),
    "amend_issuer": Saying("issuer.amended", payloads.IssuerChanges),
    "close_issuer": Saying("issuer.closed", payloads.EndingTerms),
    "relate_issuer": Saying("issuer.related", payloads.RelationTerms),
    "bind_key": Saying("key.bound", payloads.KeyTerms),
    "revoke_key": Saying("key.revoked", payloads.KeyRevocationTerms, 2),
    "register_programme": Saying("programme.registered", payloads.ProgrammeTerms, 0),
    "amend_programme": Saying("programme.amended", payloads.ProgrammeChanges),
    "close_programme": Saying("programme.closed", payloads.EndingTerms),
    "grant_mandate": Saying("mandate.granted", payloads.MandateTerms, 0),
    "revoke_mandate": Saying("mandate.revoked", payloads.EndingTerms),
    "grant_accreditation": Saying("accreditation.granted", payloads.AccreditationTerms, 0),
    "amend_accreditation": Saying("accreditation.amended", payloads.AccreditationChanges),
    "suspend_accreditation": Saying("accreditation.suspended", payloads.EndingTerms),
    "reinstate_accreditation": Saying("accreditation.reinstated", payloads.ReinstatementTerms),
    "revoke_accreditation": Saying("accreditation.revoked", payloads.EndingTerms),
    "anchor_batch": Saying("credentials.anchored", payloads.BatchTerms, 0),
    "revoke_credentials": Saying("credential.revoked", payloads.WithdrawalTerms, 0),
    "suspend_credentials": Saying("credential.suspended", payloads.WithdrawalTerms, 0),
    "reinstate_credentials": Saying("credential.reinstated", payloads.WithdrawalTerms, 0),
    "recognise_peer": Saying("peer.recognised", payloads.PeerTerms, 0),
    "amend_peer": Saying("peer.amended", payloads.PeerChanges),
    "withdraw_peer": Saying("peer.withdrawn", payloads.PeerEnding),
}
"""Verb (a function of register.commands) → what it takes."""


def read_terms(verb: str, said: Mapping[str, Any]) -> BaseModel:
    """Return what was filled in as the verb's terms; raises Malformed naming each field at fault."""
    try:
        terms: BaseModel = strict(SAYINGS[verb].terms).model_validate(dict(said))
    except ValidationError as error:
        raise read_faults(error) from None
    return terms


def spell_terms(terms: BaseModel) -> dict[str, Any]:
    """Return terms as a draft keeps them: JSON, only what was said."""
    return data_of(terms)


def ids_of(subject: str) -> list[str]:
    """Return the ids that a draft's subject holds."""
    return subject.split("/") if subject else []


def intend(verb: str, subject: str, terms: BaseModel) -> Intent:
    """Return the intent to say it; a new thing gets an id of its own each time."""
    saying, ids = SAYINGS[verb], ids_of(subject)
    if verb == "bind_key":
        assert isinstance(terms, KeyTerms)
        return commands.intend_key(ids[0], terms)
    if verb == "revoke_key":
        return Intent(saying.type, ids[1], f"/issuers/{ids[0]}/keys/{ids[1]}", terms)
    record_id = ids[0] if ids else new_id()
    return Intent(saying.type, record_id, f"/{PATHS[kind_of(saying.type)]}/{record_id}", terms)


def entry_data(intent: Intent, actor: Actor) -> dict[str, Any]:
    """Return the `data` that the entry of an intent will hold."""
    return {**data_of(intent.data), "actor": actor.model_dump(mode="json", exclude_none=True)}


def say(verb: str, subject: str, terms: BaseModel, actor: Actor, also: commands.Also) -> Written:
    """Say it: the verb of register.commands itself, with its errors."""
    speak: Callable[..., Written] = getattr(commands, verb)
    return speak(*ids_of(subject), terms, actor=actor, also=also)
