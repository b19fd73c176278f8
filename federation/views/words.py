"""Words: how a peer stands, how old something is, what went wrong, what is awaited; each state with tone and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from federation.board import COUNTED, Followed
from register.rules import REFUSALS
from register.sentences import Said
from register.site.entry_words import TYPE_TITLES
from register.site.telling import spell, tell, tell_plainly
from register.site.words import SYMBOLS, Standing, Tone, join_words, label, label_place

Words = str | Promise

ERRORS: Final[Mapping[str, Words]] = {
    "address_forbidden": _("Its address leads where this node must not go."),
    "unreachable": _("It could not be reached."),
    "too_slow": _("It answered too slowly."),
    "too_large": _("It sent more than was asked for."),
    "unexpected_answer": _("It answered in a way this node does not understand."),
    "transport": _("Nothing could be fetched from it."),
    "checkpoint_invalid": _("Its newest checkpoint is not signed by a key that this node trusts for it."),
    "entries_invalid": _("What it served is not what it signed; nothing of that was kept."),
    "quorum_missing": _("Its newest checkpoint waits for the cosignatures that this node’s policy asks for."),
    "policy_unusable": _("This node’s own policy file cannot be used, so nothing newer is taken over."),
    "peer_frozen": _("It stays at its last consistent state until the operator decides."),
    "peer_busy": _("It is being followed at this very moment."),
    "peer_not_followed": _("It is paused or withdrawn."),
    "too_many_entries": _("Its ledger is longer than this node is set to copy."),
    "peer_unknown": _("It is no longer among the peers of this node."),
    "peer_refused": _("It no longer is what was recognised."),
}
"""Code of an error → what it means for a reader; the operator sees the exact message beside it."""

UNREAD: Final[Mapping[str, Words]] = {
    "unknown_type": _("A type of entry that this version does not know."),
    "malformed": _("Not an entry of the catalogue."),
    "record_full": _("Too many changes of one thing: what this node takes from a peer has an end."),
}
"""Reasons to set an entry aside before the rules are asked; theirs are register.rules.REFUSALS."""


@dataclass(frozen=True, slots=True)
class PeerStanding:
    """How a peer stands: a tag, and the sentences that explain it. `fresh` says whether its word counts as fresh."""

    state: str
    tag: Standing
    sentences: tuple[Words, ...] = ()
    fresh: bool = False


def judge_peer(peer: Followed, now: datetime) -> PeerStanding:
    """Put into words how a peer stands; what the operator or the peer itself stopped comes before what is late."""
    stopped = _STOPPED.get(peer.peer.status)
    if stopped is not None:
        return stopped(peer)
    return _judge_followed(peer, now)


def _judge_followed(peer: Followed, now: datetime) -> PeerStanding:
    head, wrong = peer.copy.checkpoint, explain_error(peer.row.error_code)
    told = tuple(sentence for sentence in (wrong, _tell(peer.row.said_reason)) if sentence)
    if head is None:
        return PeerStanding("new", Standing("warn" if wrong else "off", _("nothing copied yet")), told)
    age = now - head.second
    if age > timedelta(seconds=peer.limit_seconds):
        words = gettext("not heard for %(age)s") % {"age": spell_age(age)}
        late = gettext("Decisions about its issuers read “unchecked” until it is heard again.")
        return PeerStanding("stale", Standing("warn", words), (late, *told))
    if wrong:
        return PeerStanding("failing", Standing("warn", _("following, with trouble")), told, fresh=True)
    if peer.forks:
        return PeerStanding("following", Standing("warn", _("following, after a fork")), told, fresh=True)
    return PeerStanding("following", Standing("good", _("following")), told, fresh=True)


def _frozen(peer: Followed) -> PeerStanding:
    words = _("frozen: showed two histories") if peer.forks else _("frozen")
    told = gettext("Nothing newer is taken over from it. What was copied before stays in use.")
    return PeerStanding("frozen", Standing("bad", words), (told, *_reason(peer.row.said_reason)))


def _paused(peer: Followed) -> PeerStanding:
    told = gettext("For now nothing is fetched from it and nothing is cosigned.")
    return PeerStanding("paused", Standing("off", _("paused")), (told, *_reason(peer.row.said_reason)))


def _withdrawn(peer: Followed) -> PeerStanding:
    told = gettext("This node no longer recognises it: its entries count no more. What was copied is kept and served.")
    return PeerStanding("withdrawn", Standing("off", _("withdrawn")), (told, *_reason(_spell_reason(peer))))


_STOPPED: Final = {"frozen": _frozen, "paused": _paused, "withdrawn": _withdrawn}


def _spell_reason(peer: Followed) -> str:
    return label("peer-reasons", peer.row.status_reason)


def _reason(reason: str) -> tuple[Words, ...]:
    """Give a reason; a sentence of the register stands by itself, what an operator wrote is in their own words."""
    if not reason:
        return ()
    if isinstance(reason, Said):
        return (_tell(reason),)
    return (gettext("Reason: %(reason)s.") % {"reason": reason.rstrip(".")},)


def _tell(reason: str) -> str:
    return tell(reason, capital=True) if isinstance(reason, Said) else reason


def explain_error(code: str) -> Words:
    """Return what went wrong last, in words; empty when nothing did.

    Without a failure counted it still matters: a mirror stood in for the peer, or cosignatures are awaited.
    """
    return ERRORS.get(code, _("The last attempt failed.")) if code else ""


def spell_age(age: timedelta) -> str:
    """Write how long something took or is ago, in the largest unit of which there are two: `3 minutes`."""
    return spell(age)


def spell_limit(seconds: int) -> str:
    """Write how old a checkpoint may be."""
    return spell_age(timedelta(seconds=seconds))


def spell_countries(codes: Sequence[str] | None, most: int = 6) -> str:
    """Name countries: `Germany and France`."""
    return join_words([label_place(code) for code in codes or ()], most)


def spell_remit(remit: Sequence[str] | None) -> str:
    """Say what is accepted from a peer."""
    return gettext("all its territory") if remit is None else spell_countries(remit)


def spell_aside(count: int) -> str:
    """Say how many entries were set aside."""
    return gettext("%(count)d or more") % {"count": COUNTED} if count >= COUNTED else str(count)


def name_type(code: str) -> Words:
    """Return a type of entry in words; one that this version does not know stands for itself."""
    return TYPE_TITLES.get(code, code)


def explain_aside(code: str) -> Words:
    """Return why an entry was set aside, by the code of the reason."""
    return UNREAD.get(code) or tell_plainly(REFUSALS.get(code) or code.replace("_", " "))


@dataclass(frozen=True, slots=True)
class Headline:
    """The one answer of the page: tone, sentence, and what follows from it."""

    tone: Tone
    headline: str
    sentences: tuple[str, ...] = ()

    @property
    def symbol(self) -> str:
        """The id of its symbol."""
        return SYMBOLS[self.tone]


_COUNTED: Final[Mapping[str, tuple[Tone, Any]]] = {
    "frozen": (
        "bad",
        ngettext_lazy("%(count)d peer showed two histories", "%(count)d peers showed two histories", "count"),
    ),
    "stale": (
        "warn",
        ngettext_lazy("%(count)d peer was not heard in time", "%(count)d peers were not heard in time", "count"),
    ),
    "failing": (
        "warn",
        ngettext_lazy(
            "The last attempt to follow %(count)d peer failed", "The last attempts to follow %(count)d peers failed",
            "count",
        ),
    ),
    "new": (
        "off",
        ngettext_lazy("%(count)d peer is not copied yet", "%(count)d peers are not copied yet", "count"),
    ),
    "paused": ("off", ngettext_lazy("%(count)d peer is paused", "%(count)d peers are paused", "count")),
}  # fmt: skip
"""State that needs a remark → its tone and words, the gravest first."""


def sum_up(standings: Sequence[PeerStanding], own_fork: bool = False) -> Headline:
    """Return how the federation stands as this node sees it: the gravest that holds, and how many peers are fresh.

    `own_fork`: there is evidence that our own key signed what is not in our ledger.
    """
    found = _sum_up_peers(standings)
    if not own_fork:
        return found
    told = gettext("Somebody else may hold it, or an older copy of this node may be running. The evidence is below.")
    others = (f"{found.headline}.", *found.sentences) if found.tone == "bad" else ()
    return Headline("bad", gettext("Our own key has signed another history"), (told, *others))


def _sum_up_peers(standings: Sequence[PeerStanding]) -> Headline:
    if not standings:
        told = gettext("It speaks for itself alone: it copies no other node’s entries, and nobody cosigns its ledger.")
        return Headline("off", gettext("This node follows nobody yet"), (told,))
    active = [one for one in standings if one.state != "withdrawn"]
    if not active:
        return Headline("off", gettext("This node has withdrawn from all its peers"))
    fresh = _count_fresh(sum(1 for one in active if one.fresh), len(active))
    counts = {state: sum(1 for one in active if one.state == state) for state in _COUNTED}
    remarks = [
        (tone, str(words % {"count": counts[state]})) for state, (tone, words) in _COUNTED.items() if counts[state]
    ]
    if not remarks:
        told = gettext("Each has vouched for its newest checkpoint within the time that this node allows.")
        return Headline("good", fresh, (told,))
    tone, worst = remarks[0]
    return Headline(tone, worst, (f"{fresh}.", *(f"{words}." for _tone, words in remarks[1:])))


def _count_fresh(fresh: int, active: int) -> str:
    if fresh == active:
        return ngettext("The only peer is fresh", "All %(all)d peers are fresh", active) % {"all": active}
    return ngettext("The only peer is not fresh", "%(fresh)d of %(all)d peers are fresh", active) % {
        "fresh": fresh,
        "all": active,
    }
