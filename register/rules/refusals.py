"""Every code with which the rules refuse an entry. register/README.md explains them; the API shows them as `code`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from register.sentences import Coded, Value, say

UNDOING_REASONS: Final = frozenset({"appeal_upheld", "administrative_error", "decision_annulled"})
"""Only for these reasons may a correction take back an ending, a suspension or a reinstatement."""

REFUSALS: Final[Mapping[str, str]] = {
    "already_closed": say("It is closed already."),
    "already_revoked": say("It is revoked already; nothing further can be decided about it but a correction."),
    "already_suspended": say("It is suspended already at that time."),
    "already_withdrawn": say("The recognition is withdrawn already."),
    "agency_not_recognised": say("The agency is not recognised for that time."),
    "agency_unknown": say("No such agency is recorded here."),
    "accreditation_unknown": say("No such accreditation is recorded here."),
    "batch_taken": say("The issuer has anchored this root already."),
    "batch_unknown": say("No such batch of this issuer is recorded here."),
    "corrects_unknown": say(
        "The entry to be corrected is not one of this thing's own, or says nothing that still holds."
    ),
    "decision_turned": say(
        "A decision turns between positive and negative by revocation, new grant or correction only."
    ),
    "effective_outside_period": say("The effective date lies outside the period of validity."),
    "evidence_unproven": say("The two notes do not show that the ledger has two histories."),
    "id_taken": say("The id is in use already."),
    "identifier_taken": say("Another issuer holds this identifier for an overlapping time."),
    "issuer_closed": say("The issuer has closed."),
    "issuer_unknown": say("No such issuer is recorded here."),
    "key_already_bound": say("The key is bound to this issuer already."),
    "key_not_present": say("The former key named is not the one in use."),
    "key_of_another": say("The key is not one of the register it is to stand for."),
    "key_taken": say("The key is bound to another issuer for an overlapping time."),
    "key_unknown": say("No such key is recorded here."),
    "key_used_before": say("The register has had this key before."),
    "mandate_unknown": say("No such mandate is recorded here."),
    "not_entitled": say("The actor has no right to say this."),
    "not_suspended": say("It is not suspended."),
    "nothing_changes": say("The amendment changes nothing."),
    "outside_territory": say("The country lies outside the territory for which this register may speak."),
    "peer_taken": say("This register is recognised as a peer already."),
    "peer_unknown": say("No such peer is recorded here."),
    "period": say("The period ends before it begins."),
    "programme_not_offered": say("The programme was not on offer when these credentials were issued."),
    "programme_unknown": say("No such programme of this issuer is recorded here."),
    "reason_does_not_undo": say("For this reason an ending, suspension or reinstatement cannot be taken back."),
    "register_not_opened": say("A ledger begins with the entry that opens the register, and has only one."),
    "same_party": say("Two different organisations are needed."),
    "scope_exceeds_agency": say("The scope is wider than the one the agency is recognised for."),
    "source_not_own": say("The entry's source or subject is not the address that this register gives the thing."),
    "status_moved": say("The credential has another place in the status lists already."),
    "time_before_last": say("The entry's time is before that of the entry before it."),
}
"""Refusal code → what it means, in one sentence."""


_KINDS: Final[Mapping[str, str]] = {
    "accreditation": say("Accreditation"),
    "agency": say("Agency"),
    "batch": say("Batch"),
    "fork": say("Fork"),
    "issuer": say("Issuer"),
    "key": say("Key"),
    "mandate": say("Mandate"),
    "peer": say("Peer"),
    "programme": say("Programme"),
    "withdrawal": say("Withdrawal of credentials"),
}


def name_kind(kind: str) -> Coded:
    """Return a kind of thing as sentences write it, told by its name."""
    return Coded(kind, _KINDS.get(kind, kind))


def name_refusal(code: str) -> Value:
    """Return a code of refusal as sentences write it, told by what it means."""
    return Coded(code, REFUSALS.get(code, code))
