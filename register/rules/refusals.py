"""Every code with which the rules refuse an entry. register/README.md explains them; the API shows them as `code`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

UNDOING_REASONS: Final = frozenset({"appeal_upheld", "administrative_error", "decision_annulled"})
"""Only for these reasons may a correction take back an ending, a suspension or a reinstatement."""

REFUSALS: Final[Mapping[str, str]] = {
    "already_closed": "It is closed already.",
    "already_revoked": "It is revoked already; nothing further can be decided about it but a correction.",
    "already_suspended": "It is suspended already at that time.",
    "already_withdrawn": "The recognition is withdrawn already.",
    "agency_not_recognised": "The agency is not recognised for that time.",
    "agency_unknown": "No such agency is recorded here.",
    "accreditation_unknown": "No such accreditation is recorded here.",
    "batch_taken": "The issuer has anchored this root already.",
    "batch_unknown": "No such batch of this issuer is recorded here.",
    "corrects_unknown": "The entry to be corrected is not one of this thing's own, or says nothing that still holds.",
    "decision_turned": "A decision turns between positive and negative by revocation, new grant or correction only.",
    "effective_outside_period": "The effective date lies outside the period of validity.",
    "evidence_unproven": "The two notes do not show that the ledger has two histories.",
    "id_taken": "The id is in use already.",
    "identifier_taken": "Another issuer holds this identifier for an overlapping time.",
    "issuer_closed": "The issuer has closed.",
    "issuer_unknown": "No such issuer is recorded here.",
    "key_already_bound": "The key is bound to this issuer already.",
    "key_not_present": "The former key named is not the one in use.",
    "key_of_another": "The key is not one of the register it is to stand for.",
    "key_taken": "The key is bound to another issuer for an overlapping time.",
    "key_unknown": "No such key is recorded here.",
    "key_used_before": "The register has had this key before.",
    "mandate_unknown": "No such mandate is recorded here.",
    "not_entitled": "The actor has no right to say this.",
    "not_suspended": "It is not suspended.",
    "nothing_changes": "The amendment changes nothing.",
    "outside_territory": "The country lies outside the territory for which this register may speak.",
    "peer_taken": "This register is recognised as a peer already.",
    "peer_unknown": "No such peer is recorded here.",
    "period": "The period ends before it begins.",
    "programme_not_offered": "The programme was not on offer when these credentials were issued.",
    "programme_unknown": "No such programme of this issuer is recorded here.",
    "reason_does_not_undo": "For this reason an ending, suspension or reinstatement cannot be taken back.",
    "register_not_opened": "A ledger begins with the entry that opens the register, and has only one.",
    "same_party": "Two different organisations are needed.",
    "scope_exceeds_agency": "The scope is wider than the one the agency is recognised for.",
    "source_not_own": "The entry's source or subject is not the address that this register gives the thing.",
    "status_moved": "The credential has another place in the status lists already.",
    "time_before_last": "The entry's time is before that of the entry before it.",
}
"""Refusal code → what it means, in one sentence."""
