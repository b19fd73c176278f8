from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from register.opendata.exporting import export
from register.opendata.published import Export
from register.outbox import webhooks
from tests.opendata.conftest import Given, make_older
from tests.templates import find_bare_words


@pytest.fixture
def made(given: Given) -> Export:
    return export()


@pytest.fixture
def reader() -> Client:
    return Client()


def body(response: Any) -> bytes:
    data = b"".join(response.streaming_content) if response.streaming else response.content
    response.close()
    return bytes(data)


def path(made: Export, name: str = "issuers.csv.gz") -> str:
    return f"/open-data/{made.name}/{name}"


def test_files_are_given_whole_with_their_hash_as_tag(given: Given, made: Export, reader: Client) -> None:
    response = reader.get(path(made))
    data = (given.directory / made.name / "issuers.csv.gz").read_bytes()
    described = made.file("issuers.csv.gz")
    assert described is not None
    assert body(response) == data
    assert response["ETag"] == f'"{described.sha256}"'
    assert response["Content-Type"] == "application/gzip"
    assert "Content-Encoding" not in response
    assert response["Content-Length"] == str(len(data))
    assert "immutable" in response["Cache-Control"]
    assert response["Access-Control-Allow-Origin"] == "*"
    head = reader.head(path(made))
    assert (body(head), head["Content-Length"]) == (b"", str(len(data)))


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-9", 0, 10), ("bytes=10-", 10, None), ("bytes=-5", -5, None), ("bytes=0-99999999", 0, None)],
)
def test_a_part_is_given_to_whoever_goes_on_where_a_download_broke(
    given: Given, made: Export, reader: Client, asked: str, start: int, end: int | None
) -> None:
    data = (given.directory / made.name / "issuers.csv.gz").read_bytes()
    response = reader.get(path(made), headers={"Range": asked})
    assert response.status_code == 206
    assert body(response) == data[start:end]
    first = start % len(data)
    assert response["Content-Range"] == f"bytes {first}-{first + len(data[start:end]) - 1}/{len(data)}"


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0"])
def test_a_part_outside_the_file_is_refused(made: Export, reader: Client, asked: str) -> None:
    response = reader.get(path(made), headers={"Range": asked})
    assert response.status_code == 416
    assert response["Content-Range"].startswith("bytes */")


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,4-5", "bytes=5-2", "bytes=-", "lines=1-2", "bytes=a-b", "bytes=٣-", f"bytes={'9' * 5000}-"]
)
def test_what_is_no_single_range_is_answered_whole(made: Export, reader: Client, asked: str) -> None:
    response = reader.get(path(made), headers={"Range": asked})
    assert response.status_code == 200
    body(response)


def test_a_part_of_another_file_is_never_mixed_in(made: Export, reader: Client) -> None:
    response = reader.get(path(made), headers={"Range": "bytes=0-1", "If-Range": '"another"'})
    assert response.status_code == 200
    body(response)
    tag = response["ETag"]
    again = reader.get(path(made), headers={"Range": "bytes=0-1", "If-Range": tag})
    assert (again.status_code, len(body(again))) == (206, 2)


def test_whoever_has_the_file_is_told_so(made: Export, reader: Client) -> None:
    tag = reader.get(path(made))["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        response = reader.get(path(made), headers={"If-None-Match": known})
        assert (response.status_code, body(response)) == (304, b"")


def test_latest_leads_to_the_newest_export(made: Export, reader: Client) -> None:
    response = reader.get("/open-data/latest/keys.jsonl.gz")
    assert (response.status_code, response["Location"]) == (302, path(made, "keys.jsonl.gz"))
    assert response["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "wrong",
    [
        "/open-data/latest/passwords.txt",
        "/open-data/latest/.lock",
        "/open-data/../manifest.json",
        "/open-data/%2e%2e/nl.env",
        "/open-data/2026-01-01-1/manifest.json",
        "/open-data/2026-01-01-1%2F..%2F/manifest.json",
        "/open-data/.2026-01-01-1.partial/issuers.csv.gz",
        "/open-data/x/y",
    ],
)
def test_nothing_but_what_a_manifest_names_is_given(given: Given, made: Export, reader: Client, wrong: str) -> None:
    (given.directory / made.name / "passwords.txt").write_text("secret")
    response = reader.get(wrong)
    assert response.status_code == 404
    assert b"secret" not in body(response)


def test_the_page_shows_the_files_their_sums_and_the_licence(made: Export, reader: Client) -> None:
    page = reader.get("/open-data").content.decode()
    assert "CC-BY-4.0" in page
    for one in made.manifest.files:
        assert f"/open-data/{made.name}/{one.name}" in page
        assert one.sha256 in page
    assert settings.ASSAY_BASE_URL in page
    assert "register.example/" not in page.replace("register.nl.example/", "")


def test_the_page_has_a_twin_in_json(made: Export, reader: Client) -> None:
    twin = json.loads(reader.get("/open-data", headers={"Accept": "application/json"}).content)
    assert [one["name"] for one in twin["items"]] == [made.name]
    assert twin["latest"]["tree_size"] == made.size


def test_before_the_first_export_the_page_says_when_it_comes(given: Given, reader: Client) -> None:
    page = reader.get("/open-data").content.decode()
    assert "No export yet" in page
    assert "made within minutes" in page
    assert "/latest/manifest.json" not in re.sub(r"<pre.*?</pre>", "", page, flags=re.S)
    assert reader.get("/open-data/latest/manifest.json").status_code == 404


def test_an_old_export_is_not_shown_as_if_it_were_of_last_night(made: Export, reader: Client) -> None:
    def verdict() -> str:
        page = reader.get("/open-data").content.decode()
        return page[page.index('<section class="verdict') : page.index('<div class="cols">')]

    assert ("verdict good" in verdict(), "none could be made" in verdict()) == (True, False)
    make_older(made, timedelta(hours=27))
    assert ("verdict warn" in verdict(), "none could be made" in verdict()) == (True, True)


def test_the_schema_names_every_table(made: Export, reader: Client) -> None:
    schema = json.loads(reader.get("/open-data/schema.json").content)
    assert set(schema["tables"]) | {"changes"} == {one.table for one in made.manifest.files}


def test_the_example_for_webhooks_takes_ours_and_no_forged_old_or_repeated_one() -> None:
    known: dict[str, Any] = {}
    exec(Path("register/opendata/examples/webhook.py.txt").read_text(), known)
    take, key = known["take_notice"], b"k" * 32
    import base64
    import time

    secret, now = "whsec_" + base64.b64encode(key).decode(), int(time.time())
    said = b'{"type":"accreditation.revoked","data":{}}'

    def headers(name: str, moment: int, content: bytes = said, with_key: bytes = key) -> dict[str, str]:
        signature = webhooks.sign(with_key, name, moment, content)
        return {"webhook-id": name, "webhook-timestamp": str(moment), "webhook-signature": signature}

    assert take(secret, headers("msg_1", now), said)["type"] == "accreditation.revoked"
    assert take(secret, headers("msg_1", now), said) is None
    for wrong in (headers("msg_2", now, b"other"), headers("msg_2", now - 600), headers("msg_2", now, with_key=b"x")):
        with pytest.raises(ValueError, match=r"too old|not signed"):
            take(secret, wrong, said)
    challenge = b'{"type":"subscription.challenge","data":{"challenge":"abc"}}'
    assert take(secret, headers("msg_3", now, challenge), challenge) == "abc"


def test_every_text_is_marked_for_translation() -> None:
    words = find_bare_words(Path("register/templates/opendata/open_data.html").read_text())
    known = ["CSV", "JSON Lines", "SHA256SUMS", "OpenAPI 3.1", "/api/v1/events?after=…", "/api/v1/bundle"]
    assert sorted(set(words) - set(known)) == []
