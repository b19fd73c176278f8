"""What an operator may do to a peer: when it is offered, what it asks, what is said before, and what does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from federation import lifecycle
from federation.models import Following
from federation.peers import FOLLOWING, FROZEN, PAUSED
from federation.views.forms import EndingForm, NothingForm, ReasonForm, TermsForm
from register.desk.four_eyes import UNFREEZING

Words = str | Promise
Form = NothingForm | ReasonForm | EndingForm | TermsForm


@dataclass(frozen=True, slots=True)
class Verb:
    """One action on a peer.

    With `draft`, a verb of the desk, it becomes a draft there: what it asks for is what the draft says, and the desk
    knows whether a second person is needed. Else it is reviewed here, done by `do`, noted as `code` in the audit
    record, and `done` is said.
    """

    verb: str
    title: Words
    means: Words
    statuses: frozenset[str]
    open_form: Callable[[Following, Any, Mapping[str, Any]], Form]
    draft: str = ""
    done: Words = ""
    do: Callable[[UUID, Mapping[str, Any]], object] = lambda peer, values: None
    code: str = ""


def _ask_nothing(row: Following, data: Any, said: Mapping[str, Any]) -> Form:
    return NothingForm(data)


def _ask_reason(row: Following, data: Any, said: Mapping[str, Any]) -> Form:
    return ReasonForm(data, initial=dict(said))


def _ask_ending(row: Following, data: Any, said: Mapping[str, Any]) -> Form:
    return EndingForm(data, initial=dict(said))


def _ask_terms(row: Following, data: Any, said: Mapping[str, Any]) -> Form:
    held = {"remit": row.remit, "max_age_seconds": row.max_age_seconds} | dict(said)
    return TermsForm(data, territory=row.territory, initial=TermsForm.show(held, row.territory))


_KNOWN: Final = frozenset({FOLLOWING, PAUSED, FROZEN})

VERBS: Final = {
    verb.verb: verb
    for verb in (
        Verb(
            "pause",
            _("Pause"),
            _("Nothing more is fetched from it, and its checkpoints are not cosigned, until it is resumed. "
              "What was copied goes on counting until it is too old."),
            frozenset({FOLLOWING}),
            _ask_reason,
            done=_("It is paused."),
            do=lambda peer, values: lifecycle.pause(peer, values["reason"]),
            code="peer_paused",
        ),
        Verb(
            "resume",
            _("Resume"),
            _("It is followed again from where our copy ends."),
            frozenset({PAUSED}),
            _ask_nothing,
            done=_("It is followed again."),
            do=lambda peer, values: lifecycle.resume(peer),
            code="peer_resumed",
        ),
        Verb(
            "amend",
            _("Change the terms"),
            _("From the next entry of our ledger on, these terms hold for what it says."),
            _KNOWN,
            _ask_terms,
            draft="amend_peer",
        ),
        Verb(
            "unfreeze",
            _("Follow again after the fork"),
            _("It is followed again, from the history that we hold. The evidence and our report of it stay for ever. "
              "Do this only when its operator has explained what happened and you believe it."),
            frozenset({FROZEN}),
            _ask_reason,
            draft=UNFREEZING,
        ),
        Verb(
            "withdraw",
            _("Withdraw the recognition"),
            _("It is no longer followed or cosigned, and decisions no longer rest on its entries. "
              "Our copy is kept and served. To follow it again it has to be recognised anew."),
            _KNOWN,
            _ask_ending,
            draft="withdraw_peer",
        ),
    )
}  # fmt: skip
"""Verb → action, in the order in which they are offered."""


def list_verbs(status: str) -> list[Verb]:
    """Return what may be done to a peer of this status."""
    return [verb for verb in VERBS.values() if status in verb.statuses]
