"""What the desk objects to: words a person can act on, and the field at fault where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext
from pydantic import ValidationError

from register.api.problems import describe_fault
from register.errors import Conflict, NotUnderstood
from register.faults import say_fault


class Fault(NamedTuple):
    """What is wrong with one field: its dotted path, empty for the whole, and a sentence."""

    field: str
    sentence: str


class Malformed(NotUnderstood):
    """What was filled in cannot be read; `faults` names every field at fault."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("invalid", faults[0].field, faults[0].sentence)
        self.faults = tuple(faults)


class Decided(Conflict):
    """Somebody else was faster: the draft is published, returned, discarded or changed by now."""

    def __init__(self, sentence: str = "") -> None:
        told = gettext("This draft is no longer as you saw it: somebody has changed or decided it. Look again.")
        super().__init__("draft_moved", "", sentence or told)


class Stale(Conflict):
    """What was shown is not what would be written now: it has to be shown anew."""

    def __init__(self) -> None:
        told = gettext("Something on record about this has changed since you looked. Look again, and decide then.")
        super().__init__("shown_anew", "", told)


def read_faults(error: ValidationError) -> Malformed:
    """Return the faults that pydantic found, as the desk tells them; what was filled in is never repeated."""
    found: list[Any] = error.errors(include_url=False, include_input=False)
    return Malformed([Fault(describe_fault(fault)["field"], say_fault(fault)) for fault in found[:50]])
