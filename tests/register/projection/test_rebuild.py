"""`rebuild` says whether the read model is what the ledger says, and makes it so."""

from __future__ import annotations

import threading
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from ledger import writer
from register.errors import MalformedEvent, Refused
from register.models import Cursor, SearchWord
from register.projection import ProjectionDamaged, catch_up, replaying
from tests import factories


@pytest.fixture
def cast(db: None) -> dict[str, str]:
    factories.open_register()
    agency, college = (
        factories.make_agency(),
        factories.make_issuer(identifiers=[{"scheme": "pic", "value": "999974456"}]),
    )
    granted = factories.make_accreditation(college, agency)
    return {"agency": agency, "college": college, "granted": granted, "key": factories.make_key(college)}


def run(sql: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        assert cursor.rowcount > 0


def rebuild(*options: str) -> str:
    out = StringIO()
    call_command("rebuild", *options, stdout=out)
    return out.getvalue()


ALTERATIONS = [
    ("register_issuer", "UPDATE register_issuer SET country = 'BE'", "differs"),
    (
        "register_accreditation",
        "UPDATE register_accreditation SET content = replace(content::text, 'positive', 'negative')::json",
        "differs",
    ),
    ("register_accreditation", "UPDATE register_accreditation SET valid_until = '2030-01-01'", "differs"),
    ("register_key", "DELETE FROM register_key", "is missing"),
    ("register_claim", "DELETE FROM register_claim WHERE scheme = 'pic'", "is missing"),
    ("register_happening", "UPDATE register_happening SET type = 'issuer.closed' WHERE index = 2", "differs"),
    ("register_word", "INSERT INTO register_word VALUES ('smuggled')", "should not be there"),
    (
        "register_agency",
        "INSERT INTO register_agency SELECT log_id, gen_random_uuid(), 4, NULL, content, country, valid_from, "
        "valid_until, withdrawn_from, words FROM register_agency",
        "should not be there",
    ),
]


@pytest.mark.parametrize(("table", "sql", "what"), ALTERATIONS)
def test_a_row_altered_by_hand_is_found_and_put_right(cast: dict[str, str], table: str, sql: str, what: str) -> None:
    assert "is equal" in rebuild("--check")
    run(with_columns(sql))
    with pytest.raises(CommandError, match=rf"{table}: row .* of entry \d+, {what}"):
        rebuild("--check")
    with pytest.raises(CommandError):
        rebuild("--check")  # a check changes nothing
    assert "is rebuilt" in rebuild()
    assert "is equal" in rebuild("--check")


def with_columns(sql: str) -> str:
    columns = (
        "log_id, uid, recorded_from, recorded_until, content, country, valid_from, valid_until, withdrawn_from, words"
    )
    return sql.replace("INTO register_agency SELECT", f"INTO register_agency ({columns}) SELECT")


def test_the_difference_names_row_and_entry(cast: dict[str, str]) -> None:
    run("UPDATE register_accreditation SET decision = 'negative'")
    found = replaying.check()
    assert found is not None
    assert (found.table, found.index) == ("register_accreditation", 3)
    assert cast["granted"] in found.key


def test_an_emptied_read_model_comes_back(cast: dict[str, str]) -> None:
    before = [list(model._default_manager.order_by("pk").values()) for model in replaying.TABLES]
    for model in replaying.TABLES:
        model._default_manager.all().delete()
    with pytest.raises(CommandError):
        rebuild("--check")
    assert "is rebuilt" in rebuild()
    assert [list(model._default_manager.order_by("pk").values()) for model in replaying.TABLES] == before
    assert SearchWord.objects.filter(word="college").exists()


def test_entries_not_yet_projected_are_no_difference(cast: dict[str, str]) -> None:
    writer.open_log("register.be.example/ledger", own=False)
    writer.extend("register.be.example/ledger", 0, [b"garbage"])
    assert "is equal" in rebuild("--check")
    assert Cursor.objects.count() == 1


def test_a_read_model_ahead_of_its_ledger_is_an_error(cast: dict[str, str]) -> None:
    run("UPDATE register_cursor SET size = 99")
    with pytest.raises(ProjectionDamaged, match="rebuild"), transaction.atomic():
        catch_up(settings.ASSAY_ORIGIN)


@pytest.mark.parametrize("entry", [b"garbage", b"{}"])
def test_an_entry_of_our_own_that_may_not_stand_raises(cast: dict[str, str], entry: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_entry (log_id, index, data, leaf_hash, identity) "
            "SELECT id, size, %s, %s, %s FROM ledger_log",
            (entry, b"\0" * 32, b"\1" * 32),
        )
        cursor.execute("UPDATE ledger_log SET size = size + 1")
    with pytest.raises((MalformedEvent, Refused)), transaction.atomic():
        catch_up(settings.ASSAY_ORIGIN)
    assert Cursor.objects.get().size == 5


@pytest.mark.django_db(transaction=True)
def test_writers_go_on_beside_a_rebuild_and_nothing_is_lost() -> None:
    factories.open_register()
    agency, college = factories.make_agency(), factories.make_issuer()
    run("UPDATE register_issuer SET country = 'BE'")
    results: list[str] = []

    def rebuild_there() -> None:
        results.append(rebuild())
        connection.close()

    thread = threading.Thread(target=rebuild_there)
    thread.start()
    for _ in range(10):
        factories.make_accreditation(college, agency)
    thread.join()
    assert ["is rebuilt" in result for result in results] == [True]
    assert Cursor.objects.get().size == 13
    assert replaying.check() is None
