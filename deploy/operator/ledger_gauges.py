"""The ledger on the board: its size, its checkpoint, who countersigns it, peers and what they did."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils.translation import gettext, ngettext, pgettext

from deploy.operator.facts import LogFacts
from deploy.operator.gauge import Gauge, spell_count, unknown
from deploy.operator.probing import Silence
from federation.board import Board
from federation.views.words import spell_age
from ledger import guard
from ledger.errors import LedgerError, RolledBack
from ledger.logs import SignedCheckpointRow

COSIGNED_WITHIN: Final = timedelta(hours=1)
"""Peers are asked to countersign after every checkpoint; when none did for so long, something is in the way."""

_CATCH_UP: Final = "python manage.py rebuild --check"


def gauge_log(facts: LogFacts | Silence | None) -> Gauge:
    """Return how large our ledger is, and whether the pages show all of it."""
    title = gettext("Ledger")
    if isinstance(facts, Silence):
        return unknown("ledger", title, gettext("The database did not answer (%(why)s).") % {"why": facts.reason})
    if facts is None:
        do = gettext("Run ./deploy/up: it opens the register.")
        return Gauge("ledger", title, gettext("not opened"), "bad", gettext("There is no ledger yet."), do)
    value = ngettext("%(count)s entry", "%(count)s entries", facts.size) % {"count": spell_count(facts.size)}
    if facts.behind:
        says = ngettext(
            "One entry is on the ledger and not yet on the pages.",
            "%(count)d entries are on the ledger and not yet on the pages.",
            facts.behind,
        ) % {"count": facts.behind}
        do = gettext("If this stays, run: %(command)s") % {"command": _CATCH_UP}
        return Gauge("ledger", title, value, "warn", says, do, address="/ledger")
    return Gauge("ledger", title, value, says=gettext("The pages show every entry."), address="/ledger")


def gauge_checkpoint(head: SignedCheckpointRow | None, unsigned: int, now: datetime) -> Gauge:
    """Return how old our newest checkpoint is, against what readers accept."""
    title = gettext("Newest checkpoint")
    if head is None:
        do = gettext("Look into the worker’s log: it signs. Then see whether the keys below are in order.")
        return Gauge(
            "checkpoint", title, pgettext("checkpoint", "none"), "bad", gettext("Nothing was ever signed."), do
        )
    age = now - head.second
    usual = timedelta(seconds=2 * settings.ASSAY_REFRESH_SECONDS + 60)
    value = gettext("%(age)s old") % {"age": spell_age(age)}
    do = gettext("Jobs sign it: see whether jobs run, below, and what the worker’s log says of ledger.republish.")
    if age > timedelta(seconds=settings.ASSAY_FRESHNESS_SECONDS):
        says = gettext("Verifiers no longer accept it: they answer “unchecked”.")
        return Gauge("checkpoint", title, value, "bad", says, do, address="/ledger/checkpoints")
    if age > usual:
        says = gettext("It is signed anew every %(limit)s while all is well.") % {
            "limit": spell_age(timedelta(seconds=settings.ASSAY_REFRESH_SECONDS))
        }
        return Gauge("checkpoint", title, value, "warn", says, do, address="/ledger/checkpoints")
    says = gettext("It covers every entry.")
    if unsigned:
        says = ngettext("One entry waits for the next.", "%(count)d entries wait for the next.", unsigned) % {
            "count": unsigned
        }
    return Gauge("checkpoint", title, value, says=says, address="/ledger/checkpoints")


def gauge_guard(size: int) -> Gauge:
    """Return whether this machine has signed more than the database holds: then nothing is signed any more."""
    title = gettext("Rollback guard")
    try:
        guard.check_not_behind(settings.ASSAY_ORIGIN, size)
        remembered = guard.read(settings.ASSAY_ORIGIN)
    except (LedgerError, OSError) as error:
        do = gettext("Bring back the newer database. See “guard” in deploy/README.md before anything else.")
        says = gettext("The guard file cannot be read.")
        if isinstance(error, RolledBack):
            says = gettext("The database is older than what this machine has signed.")
        return Gauge("guard", title, gettext("stops signing"), "bad", says, do, detail=str(error))
    if remembered is None:
        says = gettext("This machine remembers no checkpoint yet.")
        return Gauge("guard", title, gettext("empty"), "off", says)
    return Gauge("guard", title, gettext("agrees"), says=gettext("The database is no older than what was signed."))


def gauge_cosignatures(board: Board | Silence, now: datetime) -> Gauge:
    """Return whether others countersign our checkpoints."""
    title = gettext("Cosignatures")
    if isinstance(board, Silence):
        return unknown("cosignatures", title, gettext("The database did not answer (%(why)s).") % {"why": board.reason})
    peers = [one for one in board.peers if one.row.status == "following"]
    if not peers and not board.lines:
        says = gettext("This node follows no other, and nobody countersigns it: it could be rewritten unseen.")
        return Gauge("cosignatures", title, gettext("nobody"), "off", says, address="/federation")
    newest = max((one.asked.cosigned_at for one in peers if one.asked and one.asked.cosigned_at), default=None)
    value = ngettext(
        "%(count)d under the newest checkpoint", "%(count)d under the newest checkpoint", len(board.lines)
    ) % {"count": len(board.lines)}
    do = gettext("Open the federation’s page: it says for each peer what is in the way.")
    if newest is None and not board.lines:
        says = gettext("No peer has ever countersigned.")
        return Gauge("cosignatures", title, gettext("none yet"), "warn", says, do, address="/federation")
    if newest is not None and now - newest > COSIGNED_WITHIN:
        says = gettext("The last was %(age)s ago.") % {"age": spell_age(now - newest)}
        return Gauge("cosignatures", title, value, "warn", says, do, address="/federation")
    says = gettext("Others vouch for it.")
    if newest is not None:
        says = gettext("The last was %(age)s ago.") % {"age": spell_age(now - newest)}
    return Gauge("cosignatures", title, value, says=says, address="/federation")
