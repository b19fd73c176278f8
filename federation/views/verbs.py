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
from register.payloads import PeerChanges, PeerEnding

Words = str | Promise
Form = NothingForm | ReasonForm | EndingForm | TermsForm


@dataclass(frozen=True, slots=True)
class Verb:
    """One action on a peer. `done` is said afterwards, `recorded` tells that it becomes an entry of our ledger."""

    verb: str
    title: Words
    means: Words
    done: Words
    statuses: frozenset[str]
    open_form: Callable[[Following, Any], Form]
    do: Callable[[UUID, Mapping[str, Any]], object]
    recorded: bool = False
    grave: bool = False


def _ask_nothing(row: Following, data: Any) -> Form:
    return NothingForm(data)


def _ask_reason(row: Following, data: Any) -> Form:
    return ReasonForm(data)


def _ask_ending(row: Following, data: Any) -> Form:
    return EndingForm(data)


def _ask_terms(row: Following, data: Any) -> Form:
    minutes = None if row.max_age_seconds is None else -(-row.max_age_seconds // 60)
    initial = {"remit": row.territory if row.remit is None else row.remit, "max_age": minutes}
    return TermsForm(data, territory=row.territory, initial=initial)


def _amend(peer: UUID, values: Mapping[str, Any]) -> object:
    return lifecycle.amend(peer, PeerChanges.model_validate(dict(values)))


def _withdraw(peer: UUID, values: Mapping[str, Any]) -> object:
    return lifecycle.withdraw(peer, PeerEnding.model_validate(dict(values)))


_KNOWN: Final = frozenset({FOLLOWING, PAUSED, FROZEN})

VERBS: Final = {
    verb.verb: verb
    for verb in (
        Verb(
            "pause",
            _("Pause"),
            _("Nothing more is fetched from it, and its checkpoints are not cosigned, until it is resumed. "
              "What was copied goes on counting until it is too old."),
            _("It is paused."),
            frozenset({FOLLOWING}),
            _ask_reason,
            lambda peer, values: lifecycle.pause(peer, values["reason"]),
        ),
        Verb(
            "resume",
            _("Resume"),
            _("It is followed again from where our copy ends."),
            _("It is followed again."),
            frozenset({PAUSED}),
            _ask_nothing,
            lambda peer, values: lifecycle.resume(peer),
        ),
        Verb(
            "amend",
            _("Change the terms"),
            _("From the next entry of our ledger on, these terms hold for what it says."),
            _("The new terms are on our ledger."),
            _KNOWN,
            _ask_terms,
            _amend,
            recorded=True,
        ),
        Verb(
            "unfreeze",
            _("Follow again after the fork"),
            _("It is followed again, from the history that we hold. The evidence and our report of it stay for ever. "
              "Do this only when its operator has explained what happened and you believe it."),
            _("It is followed again."),
            frozenset({FROZEN}),
            _ask_reason,
            lambda peer, values: lifecycle.unfreeze(peer, values["reason"]),
            grave=True,
        ),
        Verb(
            "withdraw",
            _("Withdraw the recognition"),
            _("It is no longer followed or cosigned, and decisions no longer rest on its entries. "
              "Our copy is kept and served. To follow it again it has to be recognised anew."),
            _("Its recognition is withdrawn."),
            _KNOWN,
            _ask_ending,
            _withdraw,
            recorded=True,
            grave=True,
        ),
    )
}  # fmt: skip
"""Verb → action, in the order in which they are offered."""


def list_verbs(status: str) -> list[Verb]:
    """Return what may be done to a peer of this status."""
    return [verb for verb in VERBS.values() if status in verb.statuses]
