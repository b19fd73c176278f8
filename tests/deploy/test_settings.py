"""The settings as a whole: documented, strict towards browsers, and refused when wrong."""

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import Settings

from tests.nodes import ROOT

READ = re.compile(r"(?:text|integer|flag|words|countries|choice|path|web_address)\(\s*\"([A-Z_]+)\"")


def test_every_variable_that_is_read_is_documented() -> None:
    code = "".join(path.read_text() for path in (ROOT / "deploy").glob("*.py"))
    read = set(READ.findall(code))
    documented = set(re.findall(r"`([A-Z][A-Z_]+)`", (ROOT / "deploy" / "README.md").read_text()))
    assert {"SECRET_KEY", "ASSAY_ORIGIN", "ASSAY_WEB_WORKERS"} <= read
    assert read - documented == set()


def test_every_documented_variable_is_read() -> None:
    code = "".join(path.read_text() for path in (ROOT / "deploy").glob("*.py"))
    documented = set(re.findall(r"`(ASSAY_[A-Z_]+)`", (ROOT / "deploy" / "README.md").read_text()))
    assert {name for name in documented if f'"{name}"' not in code} == set()


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("ASSAY_FRESHNESS_SECONDS", "0", "ASSAY_FRESHNESS_SECONDS must be a whole number of at least 1; got '0'."),
        ("ASSAY_TERRITORY", "Netherlands", "ASSAY_TERRITORY must list two-letter country codes"),
        ("ASSAY_BASE_URL", "register.example", "ASSAY_BASE_URL must be like https://register.example"),
        ("SECRET_KEY", "", "SECRET_KEY is not set"),
    ],
)
def test_a_wrong_setting_is_one_line(variable: str, value: str, message: str) -> None:
    argv = [sys.executable, "manage.py", "check"]
    done = subprocess.run(
        argv, cwd=ROOT, env={**os.environ, variable: value}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1


def test_web_that_owns_its_tables_is_warned_about(settings: Settings) -> None:
    settings.ASSAY_APP_ROLE_CONFIGURED = False
    assert "deploy.W001" in {message.id for message in run_checks()}
    settings.ASSAY_APP_ROLE_CONFIGURED = True
    assert "deploy.W001" not in {message.id for message in run_checks()}


@pytest.mark.parametrize("origin", ["https://register.example/ledger", "a b/ledger", "a+b/ledger"])
def test_origin_that_is_no_key_name_is_refused(settings: Settings, origin: str) -> None:
    settings.ASSAY_ORIGIN = origin
    assert "deploy.E001" in {message.id for message in run_checks()}


@pytest.mark.parametrize(("streams", "threads", "refused"), [(3, 4, False), (4, 4, True), (1, 1, False), (2, 1, True)])
def test_as_many_downloads_at_a_time_as_there_are_threads_are_refused(
    settings: Settings, streams: int, threads: int, refused: bool
) -> None:
    settings.ASSAY_STREAMS, settings.ASSAY_WEB_THREADS = streams, threads
    assert ("deploy.E002" in {message.id for message in run_checks()}) is refused


@pytest.mark.django_db
def test_answers_carry_a_strict_policy() -> None:
    answer = Client().get("/healthz")
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "0x10"])
def test_length_that_is_no_number_is_refused(length: str) -> None:
    answer = Client().generic("POST", "/healthz", b"", CONTENT_LENGTH=length)
    assert (answer.status_code, answer.json()["code"]) == (400, "length_not_understood")
    assert answer["Content-Type"] == "application/problem+json"


def test_body_that_is_too_large_is_refused_unread() -> None:
    answer = Client().generic("POST", "/healthz", b"", CONTENT_LENGTH=str(settings.ASSAY_MAX_BODY_BYTES + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def list_addresses(resolver: URLResolver, before: str = "") -> list[str]:
    """Return all address patterns below a resolver."""
    found = []
    for pattern in resolver.url_patterns:
        here = before + str(pattern.pattern)
        found += list_addresses(pattern, here) if isinstance(pattern, URLResolver) else [here]
        assert isinstance(pattern, URLPattern | URLResolver)
    return found


def test_no_address_ends_in_a_slash() -> None:
    addresses = list_addresses(get_resolver())
    assert "healthz" in addresses
    assert [address for address in addresses if address.endswith("/")] == []
