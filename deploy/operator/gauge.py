"""What the board shows of one thing: how it stands, in words, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

from register.site.words import Tone

SYMBOLS: Final[dict[Tone, str]] = {"good": "ok", "warn": "note", "bad": "no", "off": "dash"}
_GRAVITY: Final[dict[Tone, int]] = {"bad": 0, "warn": 1, "off": 2, "good": 3}


@dataclass(frozen=True, slots=True)
class Gauge:
    """One thing of the node: `value` in few words, `says` in a sentence, `do` what to do when it is not well.

    `tone` off with `known` False: it could not be found out, which is an alarm of its own kind; with `known` True: it
    does not apply here. `address` is where there is more of it. `detail` is what the system or the ledger says of it,
    in English, where `says` has it in our words.
    """

    code: str
    title: str
    value: str
    tone: Tone = "good"
    says: str = ""
    do: str = ""
    known: bool = True
    address: str = ""
    detail: str = ""

    @property
    def symbol(self) -> str:
        """The symbol of its tone."""
        return SYMBOLS[self.tone]

    @property
    def calls(self) -> bool:
        """Whether the operator should look: it is not well, or nobody knows."""
        return self.tone in ("bad", "warn") or not self.known

    def tell(self) -> dict[str, Any]:
        """Return it for JSON."""
        state = {"good": "well", "warn": "look", "bad": "act", "off": "not_applicable"}[self.tone]
        told = {"code": self.code, "state": state if self.known else "unknown", "value": self.value}
        return told | {"says": self.says, "detail": self.detail, "do": self.do}


@dataclass(frozen=True, slots=True)
class Summary:
    """The answer first: how the node stands as a whole."""

    tone: Tone
    headline: str
    sentence: str

    @property
    def symbol(self) -> str:
        """The symbol of its tone."""
        return SYMBOLS[self.tone]


def spell_count(number: int) -> str:
    """Write a number with its thousands apart, as the reader's language has them."""
    return number_format(number, force_grouping=True)


def unknown(code: str, title: str, why: str, do: str = "", detail: str = "") -> Gauge:
    """Make the gauge of a thing that could not be found out; by default the operator is to see why nobody answers."""
    usual = gettext("See whether what should answer runs, in the node’s log; then ask again.")
    return Gauge(code, title, gettext("not known"), "off", why, do or usual, known=False, detail=detail)


def list_alarms(gauges: Sequence[Gauge]) -> list[Gauge]:
    """Return what calls for the operator, the gravest first."""
    return sorted((one for one in gauges if one.calls), key=lambda one: _GRAVITY[one.tone])


def sum_up(gauges: Sequence[Gauge]) -> Summary:
    """Say in one sentence how the node stands."""
    bad, warn = (sum(one.tone == tone for one in gauges) for tone in ("bad", "warn"))
    dark = sum(not one.known for one in gauges)
    rest = ""
    if dark:
        rest = ngettext("One thing could not be found out.", "%(count)d things could not be found out.", dark) % {
            "count": dark
        }
    look = ngettext("One thing should be looked at.", "%(count)d things should be looked at.", warn) % {"count": warn}
    if bad:
        headline = ngettext("One thing needs you now.", "%(count)d things need you now.", bad)
        return Summary("bad", headline % {"count": bad}, " ".join(one for one in (look if warn else "", rest) if one))
    if warn:
        return Summary("warn", look, rest)
    if dark:
        return Summary("off", gettext("What is known is well."), rest)
    return Summary("good", gettext("The node is well."), gettext("Nothing needs you."))
