"""The demonstration credentials: anchored, revoked and stolen in the register's own time, once, and provably."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from pytest_django import Settings

from deploy.prepare import write_samples
from ledger.publish import publish
from ledger.reader import get_log
from ledger.signer import node_signers
from register.credentials.commitments import digest
from register.credentials.ports import LedgerKeys
from register.credentials.reading import read
from register.credentials.receipts import check_receipt, parse_receipt
from register.identifiers import parse_identifier
from register.intake.demonstration_credentials import Sample, load_credentials, read_samples
from register.queries.belongings import list_keys
from register.queries.credentials import find_withdrawn
from register.queries.cuts import resolve_cut
from register.queries.lists import find_issuers
from tests import factories
from tests.demonstration import FOLDER, make_credentials


def load(settings: Settings, *territory: str) -> None:
    settings.ASSAY_TERRITORY = list(territory)
    settings.ASSAY_DEMO = True
    factories.open_register(territory)
    call_command("load_demo", stdout=StringIO())


def samples() -> dict[str, Sample]:
    return {sample.name: sample for sample in read_samples()}


def find_own(origin: str) -> LedgerKeys | None:
    log, witness = (str(signer.verifier) for signer in node_signers().all)
    return LedgerKeys(origin, (log,), (witness,)) if origin == django_settings.ASSAY_ORIGIN else None


def test_the_files_are_as_their_keys_sign_them() -> None:
    files = {path.stem: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
    assert files == make_credentials()


@pytest.mark.django_db(transaction=True)
def test_a_stolen_key_spoils_what_was_not_anchored_before(settings: Settings) -> None:
    load(settings, "NL", "DE")
    sample = samples()["stolen-key-anchored"]
    assert sample.receipt is not None
    (presented,) = read(sample.credential)
    anchor = check_receipt(parse_receipt(sample.receipt), digest(presented), find_own)
    (key,) = [key for key in list_keys(resolve_cut(), anchor.issuer.rsplit("/", 1)[1]).items if "z6Mk" in key.value]
    assert anchor.trusted
    assert anchor.cosigned_by
    assert key.revocation is not None
    assert key.revocation.since is not None
    assert anchor.anchored_at < key.revocation.since
    assert samples()["stolen-key-not-anchored"].receipt is None


@pytest.mark.django_db(transaction=True)
def test_a_receipt_that_was_handed_out_stays_at_the_next_start(settings: Settings, tmp_path: Path) -> None:
    """A newer one would prove that the credential exists since after the theft of its key."""
    load(settings, "NL", "DE")
    write_samples(tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    publish(django_settings.ASSAY_ORIGIN, now=datetime.now(UTC) + timedelta(hours=1))
    write_samples(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first


@pytest.mark.django_db(transaction=True)
def test_exactly_the_revoked_one_is_revoked(settings: Settings) -> None:
    load(settings, "NL", "DE")
    commitments = {
        name: parse_receipt(sample.receipt).target.hex() for name, sample in samples().items() if sample.receipt
    }
    (issuer,) = find_issuers(parse_identifier("schac:continuing-education.example"), resolve_cut())
    withdrawn = find_withdrawn(resolve_cut(), issuer.id, list(commitments.values()))
    assert list(withdrawn) == [commitments["micro-credential-revoked"]]


@pytest.mark.django_db(transaction=True)
def test_a_second_start_adds_nothing(settings: Settings) -> None:
    load(settings, "NL", "DE")
    size = get_log(settings.ASSAY_ORIGIN).size
    assert load_credentials() == 0
    call_command("load_demo", stdout=StringIO())
    assert get_log(settings.ASSAY_ORIGIN).size == size


@pytest.mark.django_db(transaction=True)
def test_a_register_of_another_country_loads_only_its_own(settings: Settings) -> None:
    load(settings, "DE")
    assert set(samples()) == {"micro-credential", "micro-credential-revoked", "micro-credential-altered"}


@pytest.mark.django_db(transaction=True)
def test_a_register_without_these_issuers_has_none(settings: Settings) -> None:
    load(settings, "FR")
    assert samples() == {}
