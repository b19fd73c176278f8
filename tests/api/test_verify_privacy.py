"""Nothing of a verified credential is kept: not in the database, the broker, a log, a file, nor an error."""

from __future__ import annotations

import io
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from redis import Redis

from register.credentials import verification
from tests import factories
from tests.api.callers import Answer
from tests.api.conftest import World
from tests.credential_forge import CANARY, PEN, badge, seal, sign_jwt
from tests.sealed import make_edc
from tests.sealed import seal as seal_edc

TITLE = "Canary-Title of an Achievement"
MARKS = (CANARY, "Canary-Title", "Canary-Holder")


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that any logger writes, down to the finest level."""
    stream = io.StringIO()
    listener, root = logging.StreamHandler(stream), logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in ("", "django", "django.request", "register")}
    root.addHandler(listener)
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(listener)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def make_many() -> list[bytes]:
    document = badge(name=TITLE)
    sealed = seal(document)
    edc = make_edc(credentialSubject=make_edc()["credentialSubject"] | {"fullName": {"en": CANARY}})
    return [
        sealed,
        sign_jwt(document),
        sealed.replace(b"2024-06-30", b"2024-06-29"),
        sealed[:-30],
        seal_edc(edc),
        seal(badge(name=TITLE, issuer={"id": "https://ror.org/04dkp9463", "name": CANARY})),
        seal(badge(name=TITLE, validFrom=CANARY)),
        CANARY.encode(),
        b'{"credential": "' + CANARY.encode() + b'"}',
        b"\x89PNG\r\n\x1a\n" + CANARY.encode(),
    ]


def hand_in(world: World, data: bytes) -> int:
    file = SimpleUploadedFile(f"{CANARY}.json", data, "application/octet-stream")
    client = world.anybody.client
    client.post("/api/v1/verify", data, content_type="application/octet-stream")
    status: int = Answer(client.post("/api/v1/verify", {"file": file, "receipt": CANARY})).status
    return status


def dump_database() -> str:
    """Return every row of every table as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog')")
        tables = [(schema, table) for schema, table in cursor.fetchall() if schema != "information_schema"]
        rows = []
        for schema, table in tables:
            cursor.execute(f'SELECT t::text FROM "{schema}"."{table}" t')
            rows += [text for (text,) in cursor.fetchall()]
    assert len(tables) > 10
    return "\n".join(rows)


def dump_broker() -> str:
    """Return every key and value of Redis as text."""
    redis = Redis.from_url(settings.REDIS_URL)
    dumped = []
    for key in redis.scan_iter():
        dumped += [repr(key), repr(redis.dump(key))]
    return "\n".join(dumped)


def test_a_hundred_verifications_leave_nothing_of_a_credential_behind(world: World, logged: io.StringIO) -> None:
    issuer = factories.make_issuer(names={"en": "College of Tests"})
    factories.make_key(issuer, value=PEN.did)
    factories.make_accreditation(issuer, world.agency)
    statuses = {hand_in(world, data) for _ in range(5) for data in make_many()}
    assert statuses == {200, 400}
    for found in (dump_database(), dump_broker(), logged.getvalue()):
        assert not [mark for mark in MARKS if mark in found]


def test_an_unexpected_error_says_where_it_happened_and_nothing_of_what_was_handed_in(
    world: World, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError(f"cannot read {CANARY}")

    monkeypatch.setattr(verification, "read_claims", fail)
    answer = Answer(world.anybody.client.post("/api/v1/verify", sign_jwt(badge()), content_type="text/plain"))
    assert (answer.status, answer.body["code"]) == (500, "internal")
    assert "unexpected RuntimeError" in logged.getvalue()
    assert not [mark for mark in MARKS if mark in logged.getvalue() + answer.content.decode()]


def test_an_upload_never_touches_a_disk(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    real = os.open

    def note(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR):
            written.append(str(path))
        return real(path, flags, *more, **named)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(os, "open", note)
    large = seal(badge(name=TITLE, description="x" * 4_000_000))
    assert hand_in(world, large) == 200
    assert not list(tmp_path.iterdir())
    assert not [path for path in written if path.startswith(str(tmp_path))]


def test_the_answer_may_not_be_kept(world: World) -> None:
    answer = Answer(world.anybody.client.post("/api/v1/verify", sign_jwt(badge()), content_type="text/plain"))
    assert answer.headers["Cache-Control"] == "no-store"
