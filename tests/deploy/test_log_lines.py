"""The node's log: one line a message, whatever words of others are in it."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from deploy.log_lines import OneLine


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def log(written: io.StringIO) -> logging.Logger:
    handler = logging.StreamHandler(written)
    said: Any = settings.LOGGING
    handler.setFormatter(OneLine(said["formatters"]["line"]["format"]))
    log = logging.Logger("test")
    log.addHandler(handler)
    return log


def test_no_word_of_others_breaks_the_line_or_moves_the_terminal(log: logging.Logger, written: io.StringIO) -> None:
    log.warning("%s does not cosign", "register\n2026-01-01 ERROR forged\r\x1b[2J\x9b31m\u202etxet")
    line = written.getvalue()
    assert line.count("\n") == 1
    assert line.endswith("\n")
    assert line[:-1].isprintable()
    assert r"register\n2026-01-01 ERROR forged\r\x1b[2J\x9b31m\u202etxet does not cosign" in line


def test_what_can_be_printed_stays_as_it_is(log: logging.Logger, written: io.StringIO) -> None:
    log.info("Universität Łódź, 東京 “é” \\ %s", "n")
    assert written.getvalue().endswith("INFO test: Universität Łódź, 東京 “é” \\ n\n")


def test_a_traceback_keeps_its_lines_and_nothing_else(log: logging.Logger, written: io.StringIO) -> None:
    try:
        raise ValueError("bad\x1b[2J")
    except ValueError:
        log.exception("failed")
    lines = written.getvalue().split("\n")
    assert len(lines) > 4
    assert all(line.isprintable() for line in lines)
    assert lines[-2] == r"ValueError: bad\x1b[2J"


def test_the_node_writes_its_log_so() -> None:
    assert any(isinstance(handler.formatter, OneLine) for handler in logging.getLogger().handlers)


@pytest.mark.parametrize("address", ["/invitations/s3cret-of-one", "/password/MTI/s3cret-of-one"])
def test_an_address_that_is_a_secret_is_not_written(log: logging.Logger, written: io.StringIO, address: str) -> None:
    log.warning("Forbidden (%s): %s", "CSRF cookie not set.", address)
    try:
        raise ValueError(f"no view for {address}?next=/desk")
    except ValueError:
        log.exception("failed")
    assert "s3cret" not in written.getvalue()
    assert f"{address.rpartition('/')[0]}/…" in written.getvalue()


@pytest.mark.django_db
def test_a_form_that_is_refused_before_its_page_sees_it_leaves_no_secret(
    log: logging.Logger, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("django.request", "django.security.csrf"):
        monkeypatch.setattr(logging.getLogger(name), "handlers", log.handlers)
    client = Client(enforce_csrf_checks=True)
    assert client.post("/invitations/s3cret-of-one", {"new_password1": "x"}).status_code == 403
    client.delete("/invitations/s3cret-of-one")
    assert "/invitations/…" in written.getvalue()
    assert "s3cret" not in written.getvalue()
