"""Notices on the board: whether mails and webhooks go out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils.translation import gettext, ngettext

from deploy.operator.gauge import Gauge, spell_count, unknown
from deploy.operator.probing import Silence
from federation.views.words import spell_age
from register.outbox.backlog import Backlog
from register.site.words import Tone

_LATE: Final = timedelta(minutes=15)
_STUCK: Final = timedelta(hours=6)


def gauge_notices(backlog: Backlog | Silence, now: datetime) -> list[Gauge]:
    """Return what waits to be sent, what keeps failing, and where mails go."""
    title = gettext("Notices waiting")
    if isinstance(backlog, Silence):
        return [unknown("outbox", title, gettext("The database did not answer (%(why)s).") % {"why": backlog.reason})]
    return [_waiting(title, backlog, now), _receivers(backlog), _mail(backlog)]


def _waiting(title: str, backlog: Backlog, now: datetime) -> Gauge:
    value = spell_count(backlog.due)
    late = now - backlog.oldest if backlog.oldest else timedelta()
    if late > _LATE:
        says = gettext("The oldest has waited for %(age)s.") % {"age": spell_age(late)}
        do = gettext("See whether workers answer; then whether the mail server takes mails (ASSAY_MAIL_URL).")
        return Gauge("outbox", title, value, "bad" if late > _STUCK else "warn", says, do)
    if backlog.unread:
        says = ngettext(
            "One new entry was not looked at yet.", "%(count)d new entries were not looked at yet.", backlog.unread
        ) % {"count": backlog.unread}
        return Gauge("outbox", title, value, says=says)
    return Gauge("outbox", title, value, says=gettext("Everything was told to those who follow."))


def _receivers(backlog: Backlog) -> Gauge:
    title = gettext("Followers")
    value = spell_count(backlog.active)
    poor = backlog.failing + backlog.disabled
    if not poor:
        return Gauge("followers", title, value, says=gettext("All can be reached."))
    failing = ngettext(
        "%(count)d cannot be reached at the moment.", "%(count)d cannot be reached at the moment.", backlog.failing
    )
    given_up = ngettext("%(count)d was given up.", "%(count)d were given up.", backlog.disabled)
    counts = ((failing, backlog.failing), (given_up, backlog.disabled))
    says = " ".join(told % {"count": count} for told, count in counts if count)
    do = gettext("One or two are the followers’ own affair. If many fail at once, look at this node’s way out.")
    tone: Tone = "warn" if backlog.failing > max(5, backlog.active // 10) else "good"
    return Gauge("followers", title, value, tone, says, do if tone == "warn" else "")


def _mail(backlog: Backlog) -> Gauge:
    title = gettext("Mail")
    if backlog.sends:
        return Gauge("mail", title, gettext("is sent"), says=gettext("By the server that ASSAY_MAIL_URL names."))
    says = ngettext(
        "No server is set: one mail is kept as a file and not sent.",
        "No server is set: %(count)d mails are kept as files and not sent.",
        backlog.kept,
    ) % {"count": backlog.kept}
    do = gettext("Set ASSAY_MAIL_URL and ASSAY_MAIL_FROM: invitations and notices go by mail.")
    return Gauge("mail", title, gettext("is kept"), "off" if settings.ASSAY_DEMO else "warn", says, do)
