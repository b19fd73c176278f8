"""Room on the board: disks, the database, its connections; and how old the newest backup is."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext, ngettext

from deploy.operator.facts import DatabaseFacts
from deploy.operator.gauge import Gauge, spell_count, unknown
from deploy.operator.models import BACKUP, LastTime
from deploy.operator.probing import Silence
from federation.views.words import spell_age
from register.site.words import Tone

DAILY: Final = timedelta(hours=26)
"""A daily backup may be so old: a day, and the time it takes."""
_WEEK: Final = timedelta(days=7)
_LONG_TRANSACTION: Final = 600
_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def gauge_disks() -> list[Gauge]:
    """Return how full the disks below the node's directories are, each disk once."""
    places = {
        "data": (gettext("Disk of the data"), settings.ASSAY_DATA_DIR),
        "guard": (gettext("Disk of the guard"), settings.ASSAY_GUARD_DIR),
        "keys": (gettext("Disk of the keys"), settings.ASSAY_KEYS_DIR),
    }
    gauges, seen = [], set()
    for code, (title, path) in places.items():
        try:
            device = Path(path).stat().st_dev
            if device not in seen:
                gauges.append(_disk(f"disk-{code}", title, Path(path)))
            seen.add(device)
        except OSError as error:
            why = gettext("The directory cannot be read.")
            gauges.append(unknown(f"disk-{code}", title, why, detail=error.strerror or type(error).__name__))
    return gauges


def _disk(code: str, title: str, path: Path) -> Gauge:
    total, used, free = shutil.disk_usage(path)
    share = 100 * used // max(1, used + free)
    value = gettext("%(free)s free") % {"free": filesizeformat(free)}
    says = gettext("%(share)d %% of %(total)s are used.") % {"share": share, "total": filesizeformat(total)}
    tone: Tone = "bad" if share >= 95 or free < 2**30 else "warn" if share >= 85 else "good"
    do = gettext(
        "Free space (old logs and exports first) or enlarge the volume; a database without room stops writing."
    )
    return Gauge(code, title, value, tone, says, "" if tone == "good" else do)


def gauge_database(facts: DatabaseFacts | Silence) -> list[Gauge]:
    """Return how large the database is, how many connections are open, and whether something holds it up."""
    if isinstance(facts, Silence):
        why = gettext("The database did not answer in time (%(why)s).") % {"why": facts.reason}
        return [unknown("database", gettext("Database"), why)]
    says, elsewhere = gettext("It answers."), _find_machine()
    if elsewhere:
        more = gettext("It is on another machine (%(host)s), whose disk is not watched from here.")
        says = f"{says} {more % {'host': elsewhere}}"
    size = Gauge("database", gettext("Database"), filesizeformat(facts.size), says=says)
    return [size, _connections(facts), *_transactions(facts)]


def _find_machine() -> str:
    """Return the machine on which the database is, empty for this one: a directory of sockets, or loopback."""
    host = str(connection.settings_dict["HOST"])
    return "" if not host or host.startswith("/") or host in _HERE else host


def _connections(facts: DatabaseFacts) -> Gauge:
    value = gettext("%(open)s of %(most)s") % {
        "open": spell_count(facts.connections), "most": spell_count(facts.most)
    }  # fmt: skip
    if facts.connections < 0.8 * facts.most:
        return Gauge("connections", gettext("Connections"), value, says=gettext("There is room for more."))
    tone: Tone = "bad" if facts.connections > 0.95 * facts.most else "warn"
    says = gettext("Nearly all that the database gives; further ones are refused.")
    do = gettext("Raise max_connections, or lower ASSAY_DATABASE_POOL times the number of processes.")
    return Gauge("connections", gettext("Connections"), value, tone, says, do)


def _transactions(facts: DatabaseFacts) -> list[Gauge]:
    if facts.oldest < _LONG_TRANSACTION:
        return []
    value = gettext("open for %(age)s") % {"age": spell_age(timedelta(seconds=facts.oldest))}
    says = gettext("A long transaction keeps the database from tidying up.")
    do = gettext("A backup or a rebuild may take that long. If neither runs, look at pg_stat_activity.")
    return [Gauge("transaction", gettext("Oldest transaction"), value, "warn", says, do)]


def gauge_backup(last: Mapping[str, LastTime], now: datetime, entries: int) -> Gauge:
    """Return how old the newest backup made by `manage.py backup` is; others this node does not know of."""
    title, made = gettext("Backup"), last.get(BACKUP)
    do = gettext("Run: %(command)s, best every night, and copy the file to another machine.") % {
        "command": "python manage.py backup FILE"
    }
    if made is None:
        says = gettext("None was made with manage.py backup. Of backups made in other ways the board knows nothing.")
        tone: Tone = "off" if settings.ASSAY_DEMO else "warn"
        return Gauge("backup", title, gettext("none known"), tone, says, do)
    age = now - made.at
    value = gettext("%(age)s old") % {"age": spell_age(age)}
    missing = max(0, entries - int(made.facts.get("entries", 0)))
    says = ngettext(
        "%(file)s; %(missing)s entry is newer than it.", "%(file)s; %(missing)s entries are newer than it.", missing
    ) % {"file": made.facts.get("file", ""), "missing": spell_count(missing)}
    if age <= DAILY:
        return Gauge("backup", title, value, says=says)
    return Gauge("backup", title, value, "bad" if age > _WEEK else "warn", says, do)
