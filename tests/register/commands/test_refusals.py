"""What is refused leaves nothing behind: no entry, no row, no moved cursor."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from ledger.logs import get_log
from register import commands, payloads
from register.commands import Written
from register.errors import Conflict, NotEntitled, NotFound, Refused
from register.models import Cursor
from register.projection import replaying
from tests import factories
from tests.factories import OPERATOR, as_agency, as_issuer, ending


def snapshot() -> tuple[Any, ...]:
    """Everything a write may leave behind."""
    rows = [list(model._default_manager.order_by("pk").values()) for model in replaying.TABLES]
    return get_log(settings.ASSAY_ORIGIN), Cursor.objects.get().size, rows


@pytest.fixture
def cast(db: None) -> dict[str, str]:
    factories.open_register()
    agency, other = factories.make_agency(), factories.make_agency()
    college = factories.make_issuer(identifiers=[{"scheme": "pic", "value": "999974456"}])
    granted = factories.make_accreditation(college, agency)
    return {"agency": agency, "other": other, "college": college, "granted": granted}


def test_another_agencys_accreditation_is_not_touched(cast: dict[str, str]) -> None:
    before = snapshot()
    with pytest.raises(NotEntitled):
        commands.revoke_accreditation(cast["granted"], ending("2024-01-01"), actor=as_agency(cast["other"]))
    assert snapshot() == before


def test_an_identifier_belongs_to_one(cast: dict[str, str]) -> None:
    before = snapshot()
    with pytest.raises(Conflict) as refusal:
        factories.make_issuer(identifiers=[{"scheme": "pic", "value": "999974456"}])
    assert (refusal.value.code, refusal.value.field) == ("identifier_taken", "identifiers.0.value")
    assert snapshot() == before


def test_a_key_belongs_to_one_issuer_at_a_time(cast: dict[str, str]) -> None:
    rival = factories.make_issuer()
    factories.make_key(cast["college"], value="did:web:college.example")
    before = snapshot()
    for issuer in (cast["college"], rival):
        with pytest.raises(Conflict):
            factories.make_key(issuer, value="did:web:college.example#key-1")
    assert snapshot() == before


@pytest.mark.parametrize("kind", ["agency", "issuer", "programme", "accreditation"])
def test_what_does_not_exist_cannot_change(cast: dict[str, str], kind: str) -> None:
    nobody = "00000000-0000-7000-8000-000000000000"
    before = snapshot()
    verb: Any = {
        "agency": lambda: commands.withdraw_agency(nobody, ending("2024-01-01"), actor=OPERATOR),
        "issuer": lambda: commands.close_issuer(nobody, ending("2024-01-01"), actor=OPERATOR),
        "programme": lambda: commands.close_programme(nobody, ending("2024-01-01"), actor=OPERATOR),
        "accreditation": lambda: commands.revoke_accreditation(nobody, ending("2024-01-01"), actor=OPERATOR),
    }[kind]
    with pytest.raises(NotFound, match=nobody):
        verb()
    assert snapshot() == before


def test_one_bad_row_of_many_refuses_all_and_says_which(cast: dict[str, str]) -> None:
    terms = [factories.issuer_terms() for _ in range(5)]
    terms[3] = factories.issuer_terms(country="BE")
    before = snapshot()
    with pytest.raises(Refused) as refusal:
        commands.register_issuers(terms, actor=OPERATOR)
    assert (refusal.value.code, refusal.value.position) == ("outside_territory", 3)
    assert snapshot() == before


def test_two_rows_of_one_write_cannot_claim_the_same(cast: dict[str, str]) -> None:
    terms = [factories.issuer_terms(identifiers=[{"scheme": "pic", "value": "123456789"}]) for _ in range(2)]
    with pytest.raises(Conflict) as refusal:
        commands.register_issuers(terms, actor=OPERATOR)
    assert refusal.value.position == 1


def test_what_runs_beside_a_write_can_undo_it(cast: dict[str, str]) -> None:
    seen: list[Written] = []

    def fail(written: list[Written]) -> None:
        seen.extend(written)
        raise RuntimeError("the other half failed")

    before = snapshot()
    with pytest.raises(RuntimeError, match="the other half failed"):
        commands.register_issuer(factories.issuer_terms(), actor=OPERATOR, also=fail)
    assert [place.index for place in seen] == [5]
    assert snapshot() == before


def test_an_issuer_speaks_for_itself_only(cast: dict[str, str]) -> None:
    other = factories.make_issuer()
    terms = payloads.KeyTerms.model_validate({"kind": "did", "value": "did:web:a.example", "valid_from": "2020-01-01"})
    with pytest.raises(NotEntitled):
        commands.bind_key(cast["college"], terms, actor=as_issuer(other))
    commands.bind_key(cast["college"], terms, actor=as_issuer(cast["college"]))


def test_a_register_opens_once(cast: dict[str, str]) -> None:
    before = snapshot()
    with pytest.raises(Refused, match="exactly one"):
        factories.open_register()
    assert snapshot() == before


def test_nothing_to_say_writes_nothing(cast: dict[str, str]) -> None:
    before = snapshot()
    assert commands.record([], actor=OPERATOR) == []
    assert snapshot() == before
