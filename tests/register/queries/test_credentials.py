"""Batches and withdrawals are found by issuer and commitment, of our register and of peers', among any number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from register import commands
from register.models import Happening
from register.queries.credentials import find_withdrawals, find_withdrawn, list_batches, read_all_withdrawn
from register.queries.cuts import resolve_cut
from register.queries.hearing import find_placed, hear_peers
from register.queries.single import read_history
from register.trust import TreeSize
from tests import factories
from tests.factories import OPERATOR
from tests.register import peering
from tests.statements import count_statements

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def register(db: None) -> None:
    factories.open_register(("NL",))


def revoke(issuer: str, *commitments: str, **fields: Any) -> int:
    return commands.revoke_credentials(factories.withdrawal(issuer, *commitments, **fields), actor=OPERATOR).index


def some(number: int) -> list[str]:
    return [factories.make_digest() for _ in range(number)]


def test_all_that_an_issuer_withdrew_is_read_page_by_page() -> None:
    issuer, other, told = factories.make_issuer(), factories.make_issuer(), some(450)
    for start in range(0, 450, 200):
        revoke(issuer, *told[start : start + 200])
    revoke(other, *told[:3])
    cut = resolve_cut()
    found = list(read_all_withdrawn(cut, issuer))
    assert {one.commitment for one in found} == set(told)
    assert len(found) == 450
    held = find_withdrawals(issuer, cut)
    assert (len(held.by_commitment), held.anchors, set(held.by_commitment)) == (450, False, set(told))


def test_one_commitment_is_looked_up_by_one_statement() -> None:
    issuer, told = factories.make_issuer(), some(50)
    index = revoke(issuer, *told, effective_from="2026-01-01")
    factories.make_batch(issuer)
    held = find_withdrawals(issuer, resolve_cut())
    (said,) = held.by_commitment[told[7]]
    assert held.by_commitment.get("f" * 64, ()) == ()
    assert count_statements(lambda: held.by_commitment.get(told[8])) == 1
    assert (said.state, said.reason, said.index, said.origin) == ("revoked", "fraud", index, settings.ASSAY_ORIGIN)
    assert held.anchors


def test_what_was_known_earlier_is_known_again() -> None:
    issuer, (one,) = factories.make_issuer(), some(1)
    suspended = commands.suspend_credentials(factories.withdrawal(issuer, one), actor=OPERATOR).index
    revoked = revoke(issuer, one)
    for size, states in ((suspended, []), (suspended + 1, ["suspended"]), (revoked + 1, ["suspended", "revoked"])):
        found = find_withdrawn(resolve_cut(TreeSize(settings.ASSAY_ORIGIN, size)), issuer, [one])
        assert [change.state for record in found.values() for change in record.changes] == states


def test_a_withdrawal_is_part_of_its_issuers_history_once() -> None:
    issuer = factories.make_issuer()
    batch = factories.make_batch(issuer)
    index = revoke(issuer, *some(100), batch=batch)
    types = [item.event.type for item in read_history("issuer", issuer, resolve_cut()).items]
    assert types == ["credential.revoked", "credentials.anchored", "issuer.registered"]
    assert str(Happening.objects.get(index=index).issuer) == issuer


def test_a_peers_batches_and_withdrawals_are_its_own(tmp_path: Path) -> None:
    ours, told = factories.make_issuer(), some(2)
    with peering.peer_register(tmp_path) as origin:
        theirs = factories.make_issuer(country="BE")
        batch = factories.make_batch(theirs)
        revoke(theirs, told[0], batch=batch)
        peering.slip_in(
            origin, "credential.revoked", "withdrawals", {"issuer": ours, "commitments": told, "reason": "fraud"}
        )
    peering.recognise(origin)
    cut = hear_peers()
    page = list_batches(cut)
    assert [(one.id, of) for one, of in zip(page.items, page.origins, strict=True)] == [(batch, origin)]
    placed = find_placed("issuer", theirs, cut)
    held = find_withdrawals(theirs, placed.cut)
    assert (set(held.by_commitment), held.anchors) == ({told[0]}, True)
    assert held.by_commitment[told[0]][0].origin == origin
    assert list(find_withdrawals(ours, resolve_cut()).by_commitment) == []
    aside = Happening.objects.exclude(quarantine=None).get()
    assert (aside.type, aside.quarantine) == ("credential.revoked", "issuer_unknown")


def test_a_peer_is_heard_about_batches_of_its_remit_only(tmp_path: Path) -> None:
    with peering.peer_register(tmp_path, ("BE", "LU")) as origin:
        batches = [factories.make_batch(factories.make_issuer(country=country)) for country in ("BE", "LU")]
    peering.recognise(origin, remit=["LU"])
    assert [one.id for one in list_batches(hear_peers()).items] == batches[1:]
