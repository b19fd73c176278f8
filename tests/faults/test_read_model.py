"""A row of the read model altered by hand: `rebuild --check` finds and names it, `rebuild` mends it."""

from __future__ import annotations

from io import StringIO
from typing import Any, Final

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, models, transaction

from register import commands
from register.payloads import ForkTerms, KeyRevocationTerms, PeerEnding, PeerTerms, RelationTerms
from register.projection import replaying
from tests import factories
from tests.register import refusals_of_peers as peers

pytestmark = pytest.mark.django_db

ALTERED: Final = {
    "text": "{0} || 'x'",
    "text[]": "{0} || ARRAY['x']",
    "uuid": "gen_random_uuid()",
    "json": "replace({0}::text, ':', ': ')::json",
    "integer": "{0} + 1",
    "smallint": "{0} + 1",
    "bigint": "{0} + 1",
    "boolean": "NOT {0}",
    "timestamp with time zone": "{0} + interval '1 day'",
    "tstzrange": "tstzrange(lower({0}) - interval '1 day', upper({0}))",
    "smallint[]": "{0} || 7::smallint",
    "tstzrange[]": "{0} || tstzrange(now(), NULL)",
}
"""How to alter a value of a type; where there is none (NULL), FILLED makes one."""

FILLED: Final = {"text": "'x'", "integer": "7", "smallint": "7", "bigint": "100000", "uuid": "gen_random_uuid()"} | {
    "timestamp with time zone": "now()",
    "tstzrange": "tstzrange(now(), NULL)",
}


@pytest.fixture
def register(db: None) -> None:
    """A register that has a row in every table, and versions that were replaced."""
    factories.open_register()
    agency, college, academy = (
        factories.make_agency(),
        factories.make_issuer(),
        factories.make_issuer(identifiers=[{"scheme": "ror", "value": "https://ror.org/04dkp9463"}]),
    )
    factories.make_programme(college)
    factories.make_mandate(college, academy)
    relation = RelationTerms.model_validate({"other": academy, "relation": "franchise", "valid_from": "2020-01-01"})
    commands.relate_issuer(college, relation, actor=factories.OPERATOR)
    key = factories.make_key(college)
    commands.revoke_key(college, key, KeyRevocationTerms(reason="superseded"), actor=factories.OPERATOR)
    accreditation = factories.make_accreditation(college, agency)
    ending = factories.ending("2024-01-01")
    commands.revoke_accreditation(accreditation, ending, actor=factories.as_agency(agency))
    peer = commands.recognise_peer(PeerTerms.model_validate(peers.terms()), actor=factories.OPERATOR)
    fork = peers.fork_terms(peers.sign(5), peers.sign(5, leaf="other"))
    commands.report_fork(ForkTerms.model_validate({name: said for name, said in fork.items() if name != "actor"}))
    batch = factories.make_batch(college)
    suspended = factories.withdrawal(college, factories.make_digest(), batch=batch, status=[{"list": 0, "index": 7}])
    commands.suspend_credentials(suspended, actor=factories.as_issuer(college))
    revoked = factories.withdrawal(college, *suspended.commitments, effective_from="2099-01-01")
    commands.revoke_credentials(revoked, actor=factories.as_issuer(college))
    commands.withdraw_peer(peer.id, PeerEnding(reason="forked"), actor=factories.OPERATOR)
    assert replaying.check() is None


def table_of(model: type[models.Model]) -> str:
    return model._meta.db_table


def run(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def read_all() -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of the read model, as text."""
    return {table_of(model): sorted(run(f"SELECT t::text FROM {table_of(model)} t")) for model in replaying.TABLES}


def insist_on_finding(table: str) -> None:
    """`rebuild --check` exits 1 and names the table."""
    with pytest.raises(CommandError) as found:
        call_command("rebuild", "--check", stdout=StringIO())
    assert found.value.returncode == 1
    assert f"First difference: {table}: row " in str(found.value)


def columns_of(table: str) -> list[tuple[str, str]]:
    rows = run(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
        f"WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
    )
    return [(str(name), str(kind)) for name, kind in rows]


@pytest.mark.parametrize("model", replaying.TABLES, ids=table_of)
def test_every_column_of_every_table_is_compared(register: None, model: type[models.Model]) -> None:
    table, altered = table_of(model), []
    for name, kind in columns_of(table):
        value = ALTERED[kind].format(name)
        if kind in FILLED:
            value = f"coalesce({value}, {FILLED[kind]})"
        try:
            with transaction.atomic():
                run(f"UPDATE {table} SET {name} = {value} WHERE ctid = (SELECT min(ctid) FROM {table})")
                found = replaying.check()
                assert found is not None, f"{table}.{name}"
                # Whose place is altered, its rows are compared with those of another place.
                assert found.table == table or table == "register_cursor", f"{table}.{name}: {found}"
                altered.append(name)
                transaction.set_rollback(True)
        except IntegrityError:
            continue  # the database itself refuses such a row
    assert "content" in altered or table in {"register_claim", "register_word", "register_cursor", "register_happening"}
    assert altered != []
    assert replaying.check() is None


@pytest.mark.parametrize("model", replaying.TABLES, ids=table_of)
def test_a_missing_row_is_named_and_mended(register: None, model: type[models.Model]) -> None:
    table, before = table_of(model), read_all()
    run(f"DELETE FROM {table} WHERE ctid = (SELECT min(ctid) FROM {table})")
    assert read_all() != before
    insist_on_finding(table)
    said = StringIO()
    call_command("rebuild", stdout=said)
    assert "was not what the ledgers say and is rebuilt" in said.getvalue()
    assert read_all() == before
    call_command("rebuild", "--check", stdout=StringIO())


def test_the_difference_names_the_row_and_its_entry(register: None) -> None:
    ((uid, index),) = run("SELECT uid, recorded_from FROM register_issuer ORDER BY recorded_from LIMIT 1")
    run(f"UPDATE register_issuer SET country = 'DE' WHERE uid = '{uid}'")
    with pytest.raises(CommandError, match=rf"register_issuer: row {uid} \d+ {index}, of entry {index}, differs\.$"):
        call_command("rebuild", "--check", stdout=StringIO())


def test_a_row_that_no_entry_gives_is_named_and_removed(register: None) -> None:
    before = read_all()
    run(
        "INSERT INTO register_issuer SELECT (jsonb_populate_record(i, jsonb_build_object("
        "'uid', '01900000-0000-7000-8000-000000000001'))).* FROM register_issuer i LIMIT 1"
    )
    with pytest.raises(
        CommandError, match=r"register_issuer: row 01900000-0000-7000-8000-000000000001 .* not be there"
    ):
        call_command("rebuild", "--check", stdout=StringIO())
    call_command("rebuild", stdout=StringIO())
    assert read_all() == before


def test_a_check_changes_nothing(register: None) -> None:
    run("UPDATE register_accreditation SET revoked_from = NULL")
    altered = read_all()
    insist_on_finding("register_accreditation")
    assert read_all() == altered
