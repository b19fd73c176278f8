"""/verify as a reader without JavaScript uses it: what it takes, says and refuses, and what it leaves behind."""

from __future__ import annotations

import base64
import io
import json
import re
import tempfile
from html import unescape
from typing import Any

import pytest
import segno
from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from register.credentials.format import format_reports
from register.site import handed_in
from register.site.views import verify
from tests import factories
from tests.demonstration import make_credentials, name_did
from tests.people import sign_in
from tests.site import reports
from tests.site.conftest import HOSTILE, Register

JSON = {"Accept": "application/json"}
CREDENTIAL = json.dumps(make_credentials()["micro-credential"])
ALTERED = json.dumps(make_credentials()["micro-credential-altered"])


def words(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def upload(text: str | bytes, name: str = "credential.json") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())


def hand_in(register: Register, status: int = 200, headers: dict[str, str] | None = None, **fields: Any) -> str:
    response = register.client.post("/verify", fields, headers=headers)
    assert response.status_code == status, words(response)
    return words(response)


@pytest.fixture
def known(register: Register) -> Register:
    """The register, knowing the key that signed the demonstration's micro-credentials."""
    factories.make_key(register.issuer, value=name_did("continuing-education"))
    return register


def test_the_form_works_without_javascript_and_without_a_cookie(register: Register) -> None:
    response = register.client.get("/verify")
    page = response.content.decode()
    assert 'method="post" action="/verify" enctype="multipart/form-data"' in page
    assert "csrf" not in page
    assert response.cookies == {}
    assert "http-equiv" not in page


def test_a_credential_is_read_from_a_file_and_from_text_alike(known: Register) -> None:
    by_file = hand_in(known, file=upload(CREDENTIAL))
    by_text = hand_in(known, text=CREDENTIAL)
    for page in (by_file, by_text):
        assert "Data literacy for public services" in page
        assert "Is it genuine? yes" in page
        assert "Was the issuer entitled to issue it then?" in page


def test_an_altered_credential_is_not_valid(known: Register) -> None:
    page = hand_in(known, file=upload(ALTERED))
    assert "Not valid" in page
    assert "Is it genuine? no" in page


def test_an_unknown_issuer_is_neither_good_nor_bad(register: Register) -> None:
    page = hand_in(register, file=upload(CREDENTIAL))
    assert "Cannot be confirmed" in page
    assert "That proves nothing against it" in page


def test_of_the_holder_nothing_is_shown(known: Register) -> None:
    response = known.client.post("/verify", {"file": upload(CREDENTIAL)})
    page = response.content.decode()
    downloads = re.findall(r"base64,([^\"]+)", page)
    everything = page + "".join(base64.b64decode(one).decode() for one in downloads)
    assert len(downloads) == 1
    assert "Learner D" not in everything


def test_the_report_to_download_is_what_the_api_answers(known: Register) -> None:
    page = known.client.post("/verify", {"file": upload(CREDENTIAL)}).content.decode()
    (download,) = re.findall(r'href="data:application/json;base64,([^"]+)" download="verification-report.json"', page)
    answer = known.client.post("/api/v1/verify", CREDENTIAL, content_type="application/json").json()
    ours = json.loads(base64.b64decode(download))
    changing = ("checked_at", "decision")
    assert {name: value for name, value in ours.items() if name not in changing} == {
        name: value for name, value in answer.items() if name not in changing
    }


@pytest.mark.parametrize("how", ["accept", "body"])
def test_programs_get_what_the_api_gives(known: Register, how: str) -> None:
    sent: dict[str, Any] = {"headers": JSON} if how == "accept" else {}
    twin = known.client.post("/verify", CREDENTIAL, content_type="application/json", **sent)
    answer = known.client.post("/api/v1/verify", CREDENTIAL, content_type="application/json")
    assert (twin.status_code, twin["Content-Type"]) == (answer.status_code, answer["Content-Type"])
    assert twin.json()["questions"] == answer.json()["questions"]
    assert twin["Cache-Control"] == "no-store"
    form = known.client.post("/verify", {"file": upload(CREDENTIAL)}, headers=JSON)
    assert form.json()["questions"] == answer.json()["questions"]
    assert known.client.post("/verify", {"text": "x"}, headers=JSON)["Content-Type"] == "application/problem+json"


def test_the_answer_is_stored_by_nobody(known: Register) -> None:
    for fields in ({"file": upload(CREDENTIAL)}, {}, {"text": "no credential"}):
        response = known.client.post("/verify", fields)
        assert response["Cache-Control"] == "no-store"
        assert "Accept" in response["Vary"]
        assert response.cookies == {}
        assert "Set-Cookie" not in response


def test_what_is_handed_in_stays_in_memory(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", lambda *_, **__: pytest.fail("a file was written"))
    original = handed_in.read_handed_in

    def look(request: Any) -> Any:
        seen.extend(request.FILES.values())
        return original(request)

    monkeypatch.setattr(verify, "read_handed_in", look)
    large = {"text": "x" * 4_000_000}
    hand_in(register, 422, file=upload(json.dumps(large)), receipt=upload("{}"))
    assert len(seen) == 2
    assert all(isinstance(one, InMemoryUploadedFile) for one in seen)


def test_checking_writes_nothing_to_the_database(known: Register) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        hand_in(known, file=upload(CREDENTIAL))
    verbs = {query["sql"].split()[0].upper() for query in asked.captured_queries}
    assert verbs & {"INSERT", "UPDATE", "DELETE", "COPY"} == set()


REFUSED: dict[str, tuple[Any, int, str]] = {
    "nothing": ({}, 422, "Nothing was handed in"),
    "empty file": ({"file": upload(b" \n")}, 422, "The file is empty"),
    "both": ({"file": upload(CREDENTIAL), "text": "x"}, 422, "Both a file and a text"),
    "an address": ({"text": "https://university.example/credentials/1"}, 422, "Addresses are never opened"),
    "a wallet's address": ({"text": "openid4vp://authorize?request_uri=x"}, 422, "Addresses are never opened"),
    "no credential": ({"file": upload(b"Dear Sir or Madam")}, 422, "Nothing was checked"),
    "a plain picture": ({"file": upload(base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    ), "plain.png")}, 422, "Nothing was checked"),
    "empty receipt": ({"file": upload(CREDENTIAL), "receipt": upload(b" ")}, 422, "The receipt is empty"),
    "huge receipt": ({"file": upload(CREDENTIAL), "receipt": upload(b"x" * 300_000)}, 413, "too large to be one"),
    "unknown field": ({"credential": "x"}, 422, "does not know"),
    "unknown example": ({"example": "../node"}, 404, "no such example"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_checked_is_said_beside_the_form(register: Register, name: str) -> None:
    fields, status, sentence = REFUSED[name]
    response = register.client.post("/verify", fields)
    assert response.status_code == status
    page = response.content.decode()
    assert sentence in words(response)
    assert 'role="alert"' in page
    assert 'id="hand-in"' in page


def test_an_error_is_tied_to_its_field(register: Register) -> None:
    page = register.client.post("/verify", {"text": "https://university.example/1"}).content.decode()
    (field,) = re.findall(r'<textarea id="text"[^>]*>', page)
    assert 'aria-invalid="true"' in field
    assert 'aria-describedby="text-hint text-wrong"' in field
    assert 'id="text-wrong"' in page


def code(text: str) -> SimpleUploadedFile:
    drawn = io.BytesIO()
    segno.make(text, error="l").save(drawn, kind="png", scale=3)
    return upload(drawn.getvalue(), "code.png")


def test_a_picture_of_a_qr_code_is_read(known: Register) -> None:
    document = make_credentials()["micro-credential"]
    page = hand_in(known, file=code(json.dumps(document, separators=(",", ":"))))
    assert "Is it genuine? yes" in page
    assert "in a QR code" in page


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("https://university.example/credentials/1", "Addresses are never opened"),
        ("hello", "Nothing was checked"),
    ],
)
def test_a_code_that_holds_no_credential_is_refused(register: Register, text: str, sentence: str) -> None:
    assert sentence in hand_in(register, 422, file=code(text))


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
    ],
)
def test_a_form_from_another_site_is_refused(register: Register, headers: dict[str, str]) -> None:
    assert "a page of another site" in hand_in(register, 403, headers=headers, text=CREDENTIAL)


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://testserver"}, {}]
)
def test_our_own_form_is_taken_also_where_tokens_are_enforced(register: Register, headers: dict[str, str]) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/verify", {"text": CREDENTIAL}, headers=headers).status_code == 200


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_named_as_not_allowed(register: Register, method: str) -> None:
    response = getattr(register.client, method)("/verify")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, POST")


def test_a_torn_form_is_a_clear_error(register: Register) -> None:
    response = register.client.post("/verify", b"torn", content_type="multipart/form-data")
    assert response.status_code == 400
    assert "did not arrive whole" in words(response)


def test_an_unexpected_error_says_nothing_of_the_credential(
    register: Register, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(handed: Any) -> Any:
        raise RuntimeError(f"cannot digest {handed.data!r}")

    monkeypatch.setattr(verify, "judge", fail)
    response = register.client.post("/verify", {"text": "Graduate Secret"})
    assert response.status_code == 500
    assert "Something went wrong on our side" in words(response)
    assert "unexpected RuntimeError" in caplog.text
    assert "Secret" not in caplog.text + response.content.decode()


def test_a_database_that_is_away_is_told_as_that(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(handed: Any) -> Any:
        raise OperationalError

    monkeypatch.setattr(verify, "judge", fail)
    response = register.client.post("/verify", {"text": CREDENTIAL})
    assert (response.status_code, response["Retry-After"]) == (503, "5")


def test_too_many_from_one_address_are_asked_to_wait(register: Register, settings: Any) -> None:
    settings.ASSAY_BATCHES_PER_MINUTE = 1
    answers = [register.client.post("/verify", {"text": "x"}, REMOTE_ADDR="192.0.2.77") for _ in range(3)]
    assert 429 in {answer.status_code for answer in answers}
    assert "too many" in words(answers[-1]).lower()
    assert answers[-1]["Retry-After"] == "60"


def test_whoever_is_signed_in_still_is_on_a_report(register: Register) -> None:
    member = sign_in(register.client, "operator")
    assert member.user.email in hand_in(register, 200, text=CREDENTIAL)


@pytest.fixture
def told(register: Register, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the node's judgement is to be, for pages that only show it."""
    report: dict[str, Any] = {}
    monkeypatch.setattr(verify, "judge", lambda handed: report)
    return report


def test_several_credentials_have_a_report_each(register: Register, told: dict[str, Any]) -> None:
    told.update(format_reports(reports.make_stories()["several"]))
    response = register.client.post("/verify", {"text": "x"})
    page = response.content.decode()
    assert "3 credentials in what you handed in" in words(response)
    for number, tone in ((1, "bad"), (2, "good"), (3, "warn")):
        assert f'href="#credential-{number}"' in page
        assert f'<section class="verdict {tone}" aria-labelledby="verdict-{number}"' in page
    assert [bool(mark) for mark in re.findall(r'<details class="unfolds"( open)?>', page)] == [True, False, False]
    identifiers = re.findall(r'\bid="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))


def test_a_single_report_is_not_folded(register: Register, told: dict[str, Any]) -> None:
    told.update(format_reports(reports.make_stories()["valid"]))
    assert "unfolds" not in register.client.post("/verify", {"text": "x"}).content.decode()


def test_a_hostile_report_stays_text(register: Register, told: dict[str, Any]) -> None:
    about = {"title": HOSTILE, "issuer_name": HOSTILE, "jurisdiction": HOSTILE}
    report = format_reports((reports.make(about=about),))
    report["questions"]["genuine"]["text"] = HOSTILE
    report["questions"]["genuine"]["findings"][0] |= {"text": HOSTILE, "evidence": {HOSTILE: [HOSTILE, {"a": HOSTILE}]}}
    report["sent"] = [HOSTILE]
    told.update(report)
    page = register.client.post("/verify", {"text": "x", "receipt": upload(HOSTILE)}).content.decode()
    assert HOSTILE not in page
    assert "style=" not in page
    assert re.search(r"\son\w+=", page) is None


def test_who_learned_what_is_said(register: Register, told: dict[str, Any]) -> None:
    told.update(format_reports(reports.make_stories()["valid"]))
    assert "fetched from lists.example" in hand_in(register, text="x")
    told["contained"] = [told | {"sent": ["A second list was fetched."], "contained": []}]
    assert "fetched from lists.example, which learns that somebody checks a credential of it. A second list" in hand_in(
        register, text="x"
    )
    told["contained"], told["sent"] = [], []
    assert "Nobody but this register" in hand_in(register, text="x")


def test_a_page_takes_as_many_queries_whatever_it_shows(register: Register, told: dict[str, Any]) -> None:
    counts = set()
    for story in ("valid", "several"):
        told.clear()
        told.update(format_reports(reports.make_stories()[story]))
        with CaptureQueriesContext(connection) as asked:
            hand_in(register, text="x")
        counts.add(len(asked))
    assert len(counts) == 1


def test_a_receipt_is_on_the_page_for_the_browser_to_check(register: Register, told: dict[str, Any]) -> None:
    told.update(format_reports(reports.make_stories()["valid"]))
    page = register.client.post("/verify", {"text": "x", "receipt": upload('{"format":"x"}')}).content.decode()
    assert '<div hidden id="receipt-text">{&quot;format&quot;:&quot;x&quot;}</div>' in page
    without = register.client.post("/verify", {"text": "x"}).content.decode()
    assert "receipt-text" not in without


def test_examples_are_offered_on_a_demonstration_only(register: Register, settings: Any, tmp_path: Any) -> None:
    folder = tmp_path / "demonstration"
    folder.mkdir()
    (folder / "micro-credential.json").write_text(CREDENTIAL)
    (folder / "micro-credential.receipt.json").write_text("{}")
    (tmp_path / "secret.json").write_text("secret")
    settings.ASSAY_DATA_DIR, settings.ASSAY_DEMO = tmp_path, True
    assert "A micro-credential, as it was issued" in words(register.client.get("/verify"))
    assert register.client.get("/verify/examples/micro-credential.json").content.decode() == CREDENTIAL
    assert register.client.get("/verify/examples/micro-credential.receipt.json").content == b"{}"
    for outside in ("../secret", "..%2Fsecret", "secret", "nothing"):
        assert register.client.get(f"/verify/examples/{outside}.json").status_code == 404, outside
    assert "Data literacy" in hand_in(register, example="micro-credential")
    settings.ASSAY_DEMO = False
    assert "Try one of these" not in words(register.client.get("/verify"))
    assert register.client.get("/verify/examples/micro-credential.json").status_code == 404


def test_every_page_leads_to_the_check_and_the_front_page_says_so(register: Register) -> None:
    for path in register.paths():
        assert '<a href="/verify"' in register.client.get(path).content.decode(), path
    assert "Were you shown a diploma" in words(register.client.get("/"))


def test_an_issuers_page_has_a_permanent_address_and_its_code(register: Register) -> None:
    page = register.client.get(f"/issuers/{register.issuer}").content.decode()
    assert f'src="/issuers/{register.issuer}/qr.svg"' in page
    answer = register.client.get(f"/issuers/{register.issuer}/qr.svg")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")
    assert f"/issuers/{register.issuer}</title>" in answer.content.decode()
    assert "max-age" in answer["Cache-Control"]
    assert register.client.get(f"/issuers/{register.agency}/qr.svg").status_code == 404
    assert "/verify</title>" in register.client.get("/verify/qr.svg").content.decode()


def test_one_entry_is_not_one_entries(transactional_db: None) -> None:
    factories.open_register()
    for path in ("/", "/ledger"):
        page = words(Client().get(path))
        assert "One entry under the newest checkpoint" in page
        assert re.search(r"\b1 (entries|ledger entries|issuers|agencies|accreditations)\b", page) is None
