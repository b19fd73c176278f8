"""Status lists: whatever is said, list and ledger say the same; any verifier can read them and knows who signed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ledger import reader
from ledger.logs import get_log
from register import commands
from register.credentials import proofs, reading, status_lists
from register.credentials.errors import NotGenuine
from register.credentials.presented import StatusEntry
from register.errors import Refused
from register.payloads import WithdrawalTerms
from register.queries.credentials import read_positions
from register.queries.cuts import resolve_cut
from tests import factories

NOW = datetime.now(UTC)
DATES = ["2020-01-01", "2021-01-01", "2022-01-01", "2090-01-01"]
INSTANTS = [
    *(datetime.fromisoformat(f"{date}T00:00:00+00:00") for date in DATES),
    datetime(2021, 6, 1, tzinfo=UTC),
    NOW,
]
CREDENTIALS = [f"{number:064x}" for number in range(4)]
PLACES = [{"list": 0, "index": 0}, {"list": 0, "index": 131_071}, {"list": 1, "index": 5}]
STATE = {"revocation": "revoked", "suspension": "suspended"}

said = st.fixed_dictionaries(
    {
        "verb": st.sampled_from(["revoke", "suspend", "reinstate"]),
        "commitments": st.lists(st.sampled_from(CREDENTIALS), min_size=1, max_size=3, unique=True),
        "reason": st.sampled_from(["fraud", "administrative_error"]),
        "issuer": st.integers(0, 1),
    },
    optional={
        "effective_from": st.sampled_from(DATES),
        "status": st.lists(st.sampled_from(PLACES), min_size=3, max_size=3),
    },
)


def say(verb: str, issuer: str, **fields: Any) -> None:
    fields |= {"status": fields["status"][: len(fields["commitments"])]} if "status" in fields else {}
    terms = WithdrawalTerms.model_validate({"issuer": issuer, **fields})
    getattr(commands, f"{verb}_credentials")(terms, actor=factories.OPERATOR)


def fold_entries() -> list[dict[str, Any]]:
    """What the bytes in the ledger say of credentials, read with nothing but a JSON parser."""
    size = get_log(settings.ASSAY_ORIGIN).size
    entries = [json.loads(entry) for entry in reader.read_entries(settings.ASSAY_ORIGIN, 0, size)]
    return [
        {**entry["data"], "state": entry["type"].partition(".")[2], "time": entry["time"]}
        for entry in entries
        if entry["type"].startswith("credential.")
    ]


def expect_bits(told: Sequence[dict[str, Any]], issuer: str, purpose: str, number: int, at: datetime) -> set[int]:
    """Which bits the entries want set: the slow way, one credential after another."""
    bits = set()
    for credential in CREDENTIALS:
        state, place = "", None
        for entry in told:
            if entry["issuer"] != issuer or credential not in entry["commitments"]:
                continue
            if "status" in entry:
                place = entry["status"][entry["commitments"].index(credential)]
            if datetime.fromisoformat(day(entry.get("effective_from", entry["time"]))) <= at:
                state = entry["state"]
        if state == STATE[purpose] and place is not None and place["list"] == number:
            bits.add(place["index"])
    return bits


def day(text: str) -> str:
    return f"{text}T00:00:00+00:00" if len(text) == 10 else text


def read_bits(encoded: str) -> set[int]:
    bits = status_lists.decode_list(encoded)
    return {8 * n + bit for n, byte in enumerate(bits) if byte for bit in range(8) if byte & (0x80 >> bit)}


@pytest.mark.django_db
@hypothesis_settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(said, max_size=8))
def test_list_and_ledger_never_disagree(db: None, history: list[dict[str, Any]]) -> None:
    with transaction.atomic():
        factories.open_register()
        issuers = [factories.make_issuer(), factories.make_issuer()]
        for one in history:
            with suppress(Refused):
                say(**{**one, "issuer": issuers[one["issuer"]]})
        told, cut = fold_entries(), resolve_cut()
        for issuer in issuers:
            for purpose in ("revocation", "suspension"):
                for number in (0, 1):
                    for at in INSTANTS:
                        expected = expect_bits(told, issuer, purpose, number, at)
                        assert set(read_positions(cut, issuer, purpose, number, at)) == expected
                    published = ask(f"/status/{issuer}/{purpose}/{number}").json()
                    now = expect_bits(told, issuer, purpose, number, datetime.now(UTC))
                    assert read_bits(published["credentialSubject"]["encodedList"]) == now
        transaction.set_rollback(True)


def ask(path: str, accept: str = "*/*", **headers: str) -> Any:
    return Client().get(path.removeprefix(settings.ASSAY_BASE_URL), headers={"Accept": accept, **headers})


def fetch(url: str, *, limit: int = 0, types: Sequence[str] = ()) -> bytes:
    """What a verifier elsewhere would read of this node."""
    assert url.startswith("https://")
    path = url.removeprefix("https://" + settings.ASSAY_BASE_URL.partition("://")[2])
    content: bytes = ask(path).content
    return content


@pytest.fixture
def issuer(db: None) -> str:
    """An issuer that revoked one credential and suspended another."""
    factories.open_register()
    issuer = factories.make_issuer()
    say("revoke", issuer, commitments=CREDENTIALS[:1], reason="fraud", status=PLACES[:1], effective_from="2020-01-01")
    say("suspend", issuer, commitments=CREDENTIALS[1:2], reason="under_review", status=PLACES[1:2])
    return issuer


@pytest.mark.parametrize("media", ["application/vc+ld+json", "application/vc+jwt"])
def test_any_verifier_can_check_who_signed_a_list_and_read_it(issuer: str, media: str) -> None:
    answer = ask(f"/status/{issuer}/revocation/0", media)
    assert answer["Content-Type"] == media
    (found,) = reading.read(answer.content)
    now = datetime.now(UTC)
    (signature,) = proofs.check_signatures(found, fetch, now)
    assert signature.controller == "did:web:" + settings.ASSAY_BASE_URL.partition("://")[2].replace(":", "%3A")
    for index, value in (("0", 1), ("1", 0), ("131071", 0)):
        entry = {"statusPurpose": "revocation", "statusListIndex": index, "statusListCredential": found.document["id"]}
        status = status_lists.read_status(StatusEntry("BitstringStatusListEntry", entry), found.document, now)
        assert (status.value, status.findings) == (value, ())


def test_a_list_that_was_altered_on_the_way_is_not_genuine(issuer: str) -> None:
    document = ask(f"/status/{issuer}/revocation/0").json()
    document["credentialSubject"]["encodedList"] = status_lists.encode_list([])
    (found,) = reading.read(json.dumps(document).encode())
    with pytest.raises(NotGenuine):
        proofs.check_signatures(found, fetch, datetime.now(UTC))


def test_revoked_and_suspended_are_two_lists(issuer: str) -> None:
    suspended = ask(f"/status/{issuer}/suspension/0").json()
    assert read_bits(suspended["credentialSubject"]["encodedList"]) == {131_071}
    assert suspended["credentialSubject"]["statusPurpose"] == "suspension"
    assert read_bits(ask(f"/status/{issuer}/suspension/9999").json()["credentialSubject"]["encodedList"]) == set()


def test_a_list_is_kept_for_minutes_and_asked_for_again_by_its_tag(issuer: str) -> None:
    path = f"/status/{issuer}/revocation/0"
    first = ask(path)
    assert first["Cache-Control"] == "public, max-age=300"
    assert first.json()["credentialSubject"]["ttl"] == 300_000
    assert "Accept-Language" not in first["Vary"]
    again = ask(path, **{"If-None-Match": first["ETag"]})
    assert again.status_code == 304 or again.json()["validFrom"] != first.json()["validFrom"]
    assert ask(path, "application/vc+jwt")["ETag"] != first["ETag"]
    say("revoke", issuer, commitments=CREDENTIALS[2:3], reason="fraud", status=[{"list": 0, "index": 9}])
    assert ask(path, **{"If-None-Match": first["ETag"]}).status_code == 200


@pytest.mark.parametrize("path", ["message/0", "revocation/10000", "revocation/-1", "revocation/0/"])
def test_there_is_nothing_at_other_addresses(issuer: str, path: str) -> None:
    answer = ask(f"/status/{issuer}/{path}")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_an_issuer_of_nobody_has_no_list(issuer: str) -> None:
    answer = ask("/status/01900000-0000-7000-8000-00000000dead/revocation/0")
    assert (answer.status_code, answer.json()["code"]) == (404, "issuer_unknown")


def test_the_did_document_lists_the_key_that_entry_0_names(issuer: str) -> None:
    document = ask("/.well-known/did.json").json()
    opening = json.loads(reader.read_entry(settings.ASSAY_ORIGIN, 0))["data"]["statement_jwk"]
    multikey, jwk = document["verificationMethod"]
    assert jwk["publicKeyJwk"] == {name: opening[name] for name in ("kty", "crv", "x")}
    assert document["assertionMethod"] == [multikey["id"], jwk["id"]]
    assert all(method["id"].startswith(document["id"] + "#") for method in (multikey, jwk))
