"""Items of a history as markup: one line an entry, with when it was recorded, what it says, and where it stands.

Written here and not by a template: histories of forty entries stand on many pages.
"""

from __future__ import annotations

from django.utils.safestring import SafeString, mark_safe

from register.site.dates import mark_short_day
from register.site.entries import Entry
from register.site.markup import escape, escape_unless_safe
from register.site.remembering import gettext
from register.site.words import spell_count


def write_item(entry: Entry) -> SafeString:
    """Return the item of a list for one entry."""
    words = entry.words
    said = "".join(f"{escape_unless_safe(sentence)} " for sentence in words.sentences)
    if words.reaches_back:
        said += f'<span class="back">{escape(gettext("Recorded later, with effect for the past."))}</span> '
    if entry.replaced is not None:
        said += f'<span class="back">{entry.replacement}</span> '
    place = gettext("entry %(index)s") % {"index": spell_count(entry.row.index)}
    link = f'<a class="small nowrap" href="{escape(entry.page)}">{escape(place)}</a>'
    when = f'<span class="when">{mark_short_day(entry.row.time) if entry.row.time else ""}</span>'
    told = f"<p><strong>{escape(words.title)}.</strong> {said}{link}</p>"
    return mark_safe(f"<li>{when}<div>{told}</div></li>")
