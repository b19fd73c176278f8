"""What the database itself refuses in the read model."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from tests import factories

COLUMNS = "log_id, uid, recorded_from, recorded_until, content, country, provider_type, closed_from, quarantine, words"


@pytest.fixture
def college(db: None) -> str:
    factories.open_register()
    return factories.make_issuer()


def insert_copy(college: str, recorded_from: int, recorded_until: int | None) -> None:
    """Add another version of the issuer, whose own is open from entry 1 on."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO register_issuer ({COLUMNS}) SELECT log_id, uid, %s, %s, content, country, provider_type, "
            "closed_from, quarantine, words FROM register_issuer WHERE uid = %s LIMIT 1",
            (recorded_from, recorded_until, college),
        )


def test_one_version_is_open(college: str) -> None:
    with pytest.raises(IntegrityError, match="register_issuer_one_open"):
        insert_copy(college, 5, None)


@pytest.mark.parametrize(("start", "end"), [(2, 9), (0, 2), (0, 9)])
def test_versions_do_not_overlap(college: str, start: int, end: int) -> None:
    with pytest.raises(IntegrityError, match="overlap in recorded time"):
        insert_copy(college, start, end)


def test_versions_may_touch(college: str) -> None:
    insert_copy(college, 0, 1)


def test_an_update_does_not_make_them_overlap(college: str) -> None:
    insert_copy(college, 0, 1)
    with (
        pytest.raises(IntegrityError, match="overlap in recorded time"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE register_issuer SET recorded_until = 3 WHERE recorded_from = 0")


@pytest.mark.parametrize("end", [0, 1])
def test_a_recorded_range_ends_after_it_begins(college: str, end: int) -> None:
    with pytest.raises(IntegrityError, match="register_issuer_recorded_order"):
        insert_copy(college, 1, end)


def test_a_period_ends_after_it_begins(college: str) -> None:
    factories.make_programme(college)
    with (
        pytest.raises(IntegrityError, match="register_programme_valid_order"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE register_programme SET valid_until = valid_from")


def test_content_is_json(college: str) -> None:
    with pytest.raises(Exception, match="invalid input syntax for type json"), transaction.atomic():
        connection.cursor().execute("UPDATE register_issuer SET content = '{not json'")
