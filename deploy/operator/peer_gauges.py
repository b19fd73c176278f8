"""Peers on the board: who is behind or silent, what was set aside, forks and alerts."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext, ngettext, pgettext

from deploy.operator.gauge import Gauge, spell_count, unknown
from deploy.operator.probing import Silence
from federation.board import COUNTED, Board
from federation.peers import PAUSED
from federation.views.words import judge_peer
from register.sentences import Said
from register.site.telling import tell_plainly
from register.site.words import Tone


def gauge_peers(board: Board | Silence, now: datetime) -> list[Gauge]:
    """Return how the peers stand, what was set aside of them, and what was found against them."""
    if isinstance(board, Silence):
        why = gettext("The database did not answer (%(why)s).") % {"why": board.reason}
        return [unknown("peers", gettext("Peers"), why)]
    return [_standing(board, now), _aside(board), _alerts(board)]


def _standing(board: Board, now: datetime) -> Gauge:
    title, followed = gettext("Peers"), [one for one in board.peers if one.row.status != "withdrawn"]
    if not followed:
        return Gauge(
            "peers",
            title,
            pgettext("peers", "none"),
            "off",
            gettext("This node follows no other."),
            address="/federation",
        )
    poor = [one for one in followed if judge_peer(one, now).tag.tone in ("bad", "warn")]
    paused = [one.row.name for one in followed if one.row.status == PAUSED]
    count = len(followed) - len(paused)
    value = ngettext("%(count)d followed", "%(count)d followed", count) % {"count": count}
    if not poor and paused:
        says = gettext("Paused by an operator: %(names)s.") % {"names": ", ".join(paused[:5])}
        return Gauge("peers", title, value, "off", says, address="/federation")
    if not poor:
        return Gauge("peers", title, value, says=gettext("All are fresh."), address="/federation")
    names = ", ".join(one.row.name for one in poor[:5])
    tone: Tone = "bad" if any(judge_peer(one, now).tag.tone == "bad" for one in poor) else "warn"
    says = ngettext("One is in trouble: %(names)s.", "%(count)d are in trouble: %(names)s.", len(poor))
    do = gettext("Open the federation’s page: it says for each peer what is wrong and whom to call.")
    said = says % {"count": len(poor), "names": names}
    return Gauge("peers", title, value, tone, said, do, address="/federation")


def _aside(board: Board) -> Gauge:
    title = gettext("Quarantine")
    count = sum(one.copy.quarantined for one in board.peers)
    if not count:
        says = gettext("No entry of a peer had to be set aside.")
        return Gauge("quarantine", title, gettext("nothing"), says=says, address="/operator/quarantine")
    more = any(one.copy.quarantined >= COUNTED for one in board.peers)
    value = gettext("%(count)d or more") % {"count": count} if more else spell_count(count)
    says = gettext("Entries of peers that break the rules are kept, shown with their reasons, and count for nothing.")
    return Gauge("quarantine", title, value, "off", says, address="/operator/quarantine")


def _alerts(board: Board) -> Gauge:
    title = gettext("Forks and alerts")
    own = [fork for fork in board.forks if fork.origin == settings.ASSAY_ORIGIN]
    if own:
        says = gettext("Somebody holds two signed histories of this very ledger.")
        do = gettext("Stop the node, keep its disks, and find out who held its keys. Then read the chapter on forks.")
        return Gauge("alerts", title, gettext("our own ledger forked"), "bad", says, do, address="/federation")
    if board.alerts:
        value = ngettext("%(count)d open alert", "%(count)d open alerts", len(board.alerts)) % {
            "count": len(board.alerts)
        }
        do = gettext("Read each on the federation’s page, and settle it there.")
        tone: Tone = "bad" if board.forks else "warn"
        said = board.alerts[0].said
        says, detail = (tell_plainly(said), "") if isinstance(said, Said) else ("", said)
        return Gauge("alerts", title, value, tone, says, do, address="/federation", detail=detail)
    return Gauge(
        "alerts",
        title,
        pgettext("alerts", "none"),
        says=gettext("No fork was seen, no alert is open."),
        address="/federation",
    )
