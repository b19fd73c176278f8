"""Other registers beside our own in one database: each a log of its own with its own keys, recognised or not."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.test.utils import override_settings
from django.utils import timezone

from ledger import publish, reader, writer
from register import commands, events
from register.commands import Written
from register.ids import new_id
from register.payloads import PeerChanges, PeerEnding, PeerTerms
from register.projection import catch_up
from register.queries.peers import find_register
from tests import factories
from tests.factories import OPERATOR

_numbers = itertools.count(1)


@contextmanager
def peer_register(directory: Path, territory: tuple[str, ...] = ("BE",), **opening: Any) -> Iterator[str]:
    """A register into which commands write while the block lasts; afterwards its log is another's, signed."""
    number = next(_numbers)
    names = {"ASSAY_ORIGIN": f"peer{number}.example/ledger", "ASSAY_BASE_URL": f"http://peer{number}.example"}
    keys = {"ASSAY_KEYS_DIR": directory / f"peer{number}", "ASSAY_GUARD_DIR": directory / f"guard{number}"}
    with override_settings(**names, **keys):
        factories.open_register(territory, **opening)
        yield settings.ASSAY_ORIGIN
        publish.cover(settings.ASSAY_ORIGIN)
        disown(settings.ASSAY_ORIGIN)


def slip_in(origin: str, event_type: str, place: str, data: dict[str, Any], thing: str = "") -> str:
    """Let the register of the block say what its own commands would not; return the new thing's id."""
    thing, source = thing or new_id(), settings.ASSAY_BASE_URL
    told = {"actor": {"role": "operator"}, **data}
    entry = events.draft(
        event_type,
        event_id=new_id(),
        source=source,
        subject=f"{source}/{place}/{thing}",
        time=timezone.now(),
        data=told,
    )
    disown(origin)
    writer.extend(origin, reader.get_log(origin).size, [entry])
    with override_settings(ASSAY_BASE_URL="http://home.example"):  # of the node that follows
        catch_up(origin)
    disown(origin, own=True)
    return thing


def disown(origin: str, *, own: bool = False) -> None:
    """Make a log one that is only followed."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_log DISABLE TRIGGER USER")
        cursor.execute("UPDATE ledger_log SET own = %s WHERE origin = %s", [own, origin])
        cursor.execute("ALTER TABLE ledger_log ENABLE TRIGGER USER")


def peer_terms(origin: str, **fields: Any) -> PeerTerms:
    """Terms of a peer whose log is kept here."""
    register = find_register(origin)
    assert register is not None
    told = {"origin": origin, "name": register.name, "address": register.url, "territory": register.territory}
    keys = {"vkeys": [register.vkey], "witness_vkeys": [register.witness_vkey]}
    return PeerTerms.model_validate({**told, **keys, **fields})


def recognise(origin: str, **fields: Any) -> Written:
    """Recognise a register as our peer and sign."""
    written = commands.recognise_peer(peer_terms(origin, **fields), actor=OPERATOR)
    publish.cover(settings.ASSAY_ORIGIN)
    return written


def amend(peer: str, **changes: Any) -> Written:
    """Amend a peer and sign."""
    written = commands.amend_peer(peer, PeerChanges.model_validate(changes), actor=OPERATOR)
    publish.cover(settings.ASSAY_ORIGIN)
    return written


def withdraw(peer: str, reason: str = "agreement_ended") -> Written:
    """Withdraw a peer's recognition and sign."""
    written = commands.withdraw_peer(peer, PeerEnding(reason=reason), actor=OPERATOR)
    publish.cover(settings.ASSAY_ORIGIN)
    return written
