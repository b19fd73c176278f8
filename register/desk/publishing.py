"""Publishing: a draft becomes an entry, once, in the transaction that writes it.

Whoever is second finds the draft decided, and nothing is written twice: the row's version is asked for, and moved, in
the transaction of the entry. So is whether the register still knows what was shown. A crash before the commit leaves a
draft as it was; after it, entry and draft agree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.utils import timezone

from register.commands import Written
from register.desk.errors import Decided, Stale
from register.desk.models import EDITING, PUBLISHED, RETURNED, WAITING, Draft
from register.desk.shown import digest_of, newest_about
from register.desk.subjects import find_subject, things_about
from register.desk.terms import entry_data, intend, read_terms, say
from register.payloads import Actor
from register.queries.cuts import resolve_cut
from register.site.links import PATHS

_BEFORE: Final = (EDITING, RETURNED, WAITING)


def publish(
    draft: Draft,
    actor: Actor,
    *,
    decided_by: int | None = None,
    digest: str | None = None,
    also: Callable[[Written], None] = lambda place: None,
) -> Written:
    """Say on the ledger what a draft says, and note in the draft where; `draft` itself is brought up to date.

    With `digest` it is said only if that is still the digest of what is shown. `also` runs in the transaction of the
    entry, perhaps in another thread and perhaps twice (register.commands.record_one). Raises Malformed, Decided, Stale,
    and as register.commands does; then nothing was written.
    """
    terms = read_terms(draft.verb, draft.said)
    things = things_about(draft.subject, draft.said, find_subject(draft.verb, draft.subject, resolve_cut()))
    data = entry_data(intend(draft.verb, draft.subject, terms), actor)

    def claim(written: list[Written]) -> None:
        place = written[0]
        known = newest_about(things, below=place.index)
        if digest is not None and digest != digest_of(draft.verb, draft.subject, data, draft.version, known):
            raise Stale
        _mark(draft, place, decided_by)
        also(place)

    return _note(draft, say(draft.verb, draft.subject, terms, actor, claim), decided_by)


def _mark(draft: Draft, place: Written, decided_by: int | None) -> None:
    """Mark the draft as published by this entry; raises Decided if it is not as the caller read it."""
    moved = Draft.objects.filter(pk=draft.pk, version=draft.version, state__in=_BEFORE).update(
        state=PUBLISHED,
        entry_index=place.index,
        written=path_of(place),
        decided_by=decided_by,
        changed=timezone.now(),
        version=draft.version + 1,
    )
    if moved != 1:
        raise Decided


def _note(draft: Draft, place: Written, decided_by: int | None) -> Written:
    draft.state, draft.entry_index, draft.written = PUBLISHED, place.index, path_of(place)
    draft.decided_by_id, draft.version = decided_by, draft.version + 1
    return place


def path_of(place: Written) -> str:
    """Return the path of the page of what an entry is about, a key's issuer for a key; empty where there is no page."""
    path = place.url.removeprefix(settings.ASSAY_BASE_URL)
    if place.kind == "key":
        return path.partition("/keys/")[0]
    return path if place.kind in PATHS else ""
