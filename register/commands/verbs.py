"""Verbs: everything that may be said, each as a function that says it of one thing, or of many.

What is said is a `…Terms` or `…Changes` of register/payloads.py; who says it is an `Actor`, never a person. Each raises
as `record` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pydantic import BaseModel

from ledger import writer
from register.commands.recording import Also, Clock, Intent, Written, data_of, record, record_one
from register.events import kind_of
from register.ids import new_id, new_ids
from register.payloads import (
    AccreditationChanges,
    AccreditationTerms,
    Actor,
    AgencyChanges,
    AgencyTerms,
    BatchTerms,
    EndingTerms,
    ForkTerms,
    IssuerChanges,
    IssuerTerms,
    KeyRevocationTerms,
    KeyRotationTerms,
    KeyTerms,
    MandateTerms,
    PeerChanges,
    PeerEnding,
    PeerTerms,
    ProgrammeChanges,
    ProgrammeTerms,
    RegisterOpened,
    ReinstatementTerms,
    RelationTerms,
    WithdrawalTerms,
)

NODE: Final = Actor(role="node")
"""The node speaking for itself: it opens its register."""

PATHS: Final = {
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
"""Kind → the part of an address before the id."""


def intend(event_type: str, said: BaseModel | Mapping[str, Any], record_id: str | None = None) -> Intent:
    """Return the intent to say something of a thing, by default of a new one with a new id."""
    subject = record_id or new_id()
    return Intent(event_type, subject, f"/{PATHS[kind_of(event_type)]}/{subject}", said)


def intend_all(event_type: str, said: Sequence[BaseModel]) -> list[Intent]:
    """Return the intents to say this of as many new things, whose ids ascend in the same order."""
    path = f"/{PATHS[kind_of(event_type)]}/"
    return [Intent(event_type, new, path + new, one) for new, one in zip(new_ids(len(said)), said, strict=True)]


# register, agencies --------------------------------------------------------------------------------------------------


def open_register(terms: Mapping[str, Any], *, clock: Clock = timezone.now, also: Also | None = None) -> Written:
    """Say entry 0 of this node's ledger: `terms` are the fields of payloads.RegisterOpened but the actor's.

    Makes the log unless it exists. Raises Refused (`register_not_opened`) when the register is open already.
    """
    RegisterOpened.model_validate({**terms, "actor": NODE.model_dump()})
    with transaction.atomic():
        writer.open_log(settings.ASSAY_ORIGIN, own=True)
        opening = Intent("register.opened", settings.ASSAY_ORIGIN, "", terms)
        return record([opening], actor=NODE, clock=clock, also=also)[0]


def recognise_agency(terms: AgencyTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Recognise an agency for a scope and a period."""
    return record_one(intend("agency.recognised", terms), actor, also)


def amend_agency(agency: str, changes: AgencyChanges, *, actor: Actor, also: Also | None = None) -> Written:
    """Change an agency's record or its recognition."""
    return record_one(intend("agency.amended", changes, agency), actor, also)


def withdraw_agency(agency: str, ending: EndingTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Withdraw an agency's recognition."""
    return record_one(intend("agency.withdrawn", ending, agency), actor, also)


# issuers -------------------------------------------------------------------------------------------------------------


def register_issuer(terms: IssuerTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Register an issuer."""
    return record_one(intend("issuer.registered", terms), actor, also)


def register_issuers(terms: Iterable[IssuerTerms], *, actor: Actor, also: Also | None = None) -> list[Written]:
    """Register many issuers, all or none."""
    return record(intend_all("issuer.registered", list(terms)), actor=actor, also=also)


def amend_issuer(issuer: str, changes: IssuerChanges, *, actor: Actor, also: Also | None = None) -> Written:
    """Change an issuer's record."""
    return record_one(intend("issuer.amended", changes, issuer), actor, also)


def close_issuer(issuer: str, ending: EndingTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Record that an issuer has closed."""
    return record_one(intend("issuer.closed", ending, issuer), actor, also)


def relate_issuer(issuer: str, terms: RelationTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Record how an issuer relates to another."""
    return record_one(intend("issuer.related", terms, issuer), actor, also)


def intend_key(issuer: str, terms: KeyTerms) -> Intent:
    """Return the intent to bind a new key to an issuer."""
    key = new_id()
    return Intent("key.bound", key, f"/issuers/{issuer}/keys/{key}", {**data_of(terms), "issuer": issuer})


def bind_key(issuer: str, terms: KeyTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Bind a key to an issuer."""
    return record_one(intend_key(issuer, terms), actor, also)


def revoke_key(issuer: str, key: str, terms: KeyRevocationTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Revoke a key of an issuer."""
    return record_one(Intent("key.revoked", key, f"/issuers/{issuer}/keys/{key}", terms), actor, also)


# programmes, mandates ------------------------------------------------------------------------------------------------


def register_programme(terms: ProgrammeTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Describe a standing programme of an issuer."""
    return record_one(intend("programme.registered", terms), actor, also)


def amend_programme(programme: str, changes: ProgrammeChanges, *, actor: Actor, also: Also | None = None) -> Written:
    """Change a programme's description."""
    return record_one(intend("programme.amended", changes, programme), actor, also)


def close_programme(programme: str, ending: EndingTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Record that a programme has ended."""
    return record_one(intend("programme.closed", ending, programme), actor, also)


def grant_mandate(terms: MandateTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Let another organisation seal credentials for an awarding body."""
    return record_one(intend("mandate.granted", terms), actor, also)


def revoke_mandate(mandate: str, ending: EndingTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Revoke a mandate."""
    return record_one(intend("mandate.revoked", ending, mandate), actor, also)


# accreditations ------------------------------------------------------------------------------------------------------


def grant_accreditation(terms: AccreditationTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Grant an accreditation."""
    return record_one(intend("accreditation.granted", terms), actor, also)


def grant_accreditations(
    terms: Iterable[AccreditationTerms], *, actor: Actor, also: Also | None = None
) -> list[Written]:
    """Grant many accreditations, all or none."""
    return record(intend_all("accreditation.granted", list(terms)), actor=actor, also=also)


def amend_accreditation(
    accreditation: str, changes: AccreditationChanges, *, actor: Actor, also: Also | None = None
) -> Written:
    """Amend or correct an accreditation."""
    return record_one(intend("accreditation.amended", changes, accreditation), actor, also)


def suspend_accreditation(accreditation: str, terms: EndingTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Suspend an accreditation until it is reinstated."""
    return record_one(intend("accreditation.suspended", terms, accreditation), actor, also)


def reinstate_accreditation(
    accreditation: str, terms: ReinstatementTerms, *, actor: Actor, also: Also | None = None
) -> Written:
    """Lift a suspension."""
    return record_one(intend("accreditation.reinstated", terms, accreditation), actor, also)


def revoke_accreditation(accreditation: str, ending: EndingTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Revoke an accreditation for good."""
    return record_one(intend("accreditation.revoked", ending, accreditation), actor, also)


# credentials ---------------------------------------------------------------------------------------------------------


def anchor_batch(terms: BatchTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Anchor the root of a batch of credentials."""
    return record_one(intend("credentials.anchored", terms), actor, also)


def revoke_credentials(terms: WithdrawalTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Revoke credentials."""
    return record_one(intend("credential.revoked", terms), actor, also)


def suspend_credentials(terms: WithdrawalTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Suspend credentials until they are reinstated."""
    return record_one(intend("credential.suspended", terms), actor, also)


def reinstate_credentials(terms: WithdrawalTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Let credentials count again."""
    return record_one(intend("credential.reinstated", terms), actor, also)


# federation ----------------------------------------------------------------------------------------------------------


def recognise_peer(terms: PeerTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Recognise another register as a peer."""
    return record_one(intend("peer.recognised", terms), actor, also)


def amend_peer(peer: str, changes: PeerChanges, *, actor: Actor, also: Also | None = None) -> Written:
    """Change what is known of a peer or accepted from it; with NODE as actor, its keys as the peer announced them."""
    return record_one(intend("peer.amended", changes, peer), actor, also)


def withdraw_peer(peer: str, ending: PeerEnding, *, actor: Actor, also: Also | None = None) -> Written:
    """Withdraw the recognition of a peer."""
    return record_one(intend("peer.withdrawn", ending, peer), actor, also)


def report_fork(terms: ForkTerms, *, also: Also | None = None) -> Written:
    """Report, as the node, that a ledger has two histories."""
    return record_one(intend("fork.reported", terms), NODE, also)


def announce_key(terms: KeyRotationTerms, *, also: Also | None = None) -> Written:
    """Announce, as the node, that it signs with another key."""
    return record_one(Intent("register.key_rotated", settings.ASSAY_ORIGIN, "", terms), NODE, also)
