"""Which entry said what an issuer is called: the one that a correction of its name replaces."""

from __future__ import annotations

from django.conf import settings

from ledger.reader import read_entry
from register import events
from register.events import Event
from register.records import IssuerRecord


def find_naming(issuer: IssuerRecord) -> int:
    """Return the index of the entry that stated the names of an issuer last; a correction is corrected there, too.

    One query for each entry of the issuer's own that is newer: few, as names change seldom.
    """
    later = (index for index in reversed(issuer.entries[1:]) if _names(_read(index)))
    return next(later, issuer.entries[0])


def _read(index: int) -> Event:
    return events.parse(read_entry(settings.ASSAY_ORIGIN, index))


def _names(event: Event) -> bool:
    """Tell whether an entry gave new names, and not as a correction of an earlier one."""
    data = event.data
    return event.type == "issuer.amended" and data.corrects is None and "names" in data.given()
