"""Accreditations of an issuer as rows of its table: what each is, for what, by whom, when, and how it stands.

Written here and not by a template, as the history is (entry_items): an issuer's page has a dozen rows of a dozen parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.safestring import SafeString, mark_safe

from register.site.accreditation_rows import AccreditationRow, tell_ends, tell_suspensions
from register.site.links import link_to, path_to
from register.site.marks import mark_period, mark_tag
from register.site.markup import escape, escape_unless_safe
from register.site.remembering import gettext


class _Labels(NamedTuple):
    """The heads of the columns as a phone shows them, beside each cell; escaped."""

    scope: str
    agency: str
    valid: str
    state: str


def write_items(rows: Sequence[AccreditationRow]) -> SafeString:
    """Return the rows of the table, each with its remark below it."""
    said = (gettext("Scope"), gettext("Agency"), gettext("Valid"), gettext("State"))
    labels = _Labels(*map(escape, said))
    return mark_safe("\n".join(_write(row, labels) for row in rows))


def _write(row: AccreditationRow, labels: _Labels) -> str:
    return (
        f'<tr>\n<th scope="row">{_write_title(row)}</th>\n'
        f'<td data-label="{labels.scope}">{escape_unless_safe(row.scope)}</td>\n'
        f'<td data-label="{labels.agency}">{row.agency}</td>\n'
        f'<td data-label="{labels.valid}">{mark_period(row.record.valid)}{_write_cuts(row)}</td>\n'
        f'<td data-label="{labels.state}">{mark_tag(row.standing)}</td>\n'
        f"</tr>{_write_remark(row)}"
    )


def _write_title(row: AccreditationRow) -> str:
    title = f'<a href="{escape(path_to("accreditation", row.record.id))}">{escape_unless_safe(row.title)}</a>'
    one = row.contribution
    if one is not None and one.inherited:
        title += f'<span class="small soft"> {escape(gettext("of"))} {link_to("issuer", one.holder)}</span>'
    if row.record.demonstration:
        title += f' <span class="tag plain warn">{escape(gettext("demonstration"))}</span>'
    return title


def _write_cuts(row: AccreditationRow) -> str:
    """Write what the drawing shows of it besides its period."""
    told = [*tell_suspensions(row), *tell_ends(row)]
    return "".join(f'<br><span class="small soft">{escape(one)}</span>' for one in told)


def _write_remark(row: AccreditationRow) -> str:
    return f'<tr class="remark"><td colspan="5">{escape_unless_safe(str(row.remark))}</td></tr>' if row.remark else ""
