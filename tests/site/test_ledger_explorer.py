"""The ledger explorer: entries by type and subject, pages in both directions, addresses to share, checkpoints."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from ledger import cosigning
from ledger.logs import latest_checkpoint
from ledger.tlog.checkpoint import parse_checkpoint_note
from ledger.tlog.note import COSIGNATURE, Signer
from register.site.checkpoints import Step
from register.site.growth import NARROW, WIDE, draw_growth
from register.site.views.ledger import _lay_out
from tests import factories
from tests.site.conftest import Register
from tests.site.test_pages import read

JSON = {"Accept": "application/json"}


def ask(client: Client, path: str) -> dict[str, Any]:
    """Return what an address says as JSON."""
    answer = client.get(path, headers=JSON)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = json.loads(answer.content)
    return found


def indexes(told: dict[str, Any]) -> list[int]:
    return [item["index"] for item in told["items"]]


@pytest.fixture
def long_ledger(register: Register) -> Register:
    """The register with more entries than a page shows."""
    for number in range(40):
        factories.make_issuer(names={"en": f"College {number}"})
    return register


def test_pages_lead_down_and_up_again_over_the_same_entries(long_ledger: Register) -> None:
    client = long_ledger.client
    first = ask(client, "/ledger")
    second = ask(client, first["next"].removeprefix("https://register.nl.example"))
    assert indexes(first)[-1] == indexes(second)[0] + 1
    assert first["previous"] is None
    back = ask(client, second["previous"].removeprefix("https://register.nl.example"))
    assert indexes(back) == indexes(first)
    assert indexes(first) == sorted(indexes(first), reverse=True)


def test_a_shared_address_shows_the_same_entries_when_the_ledger_has_grown(long_ledger: Register) -> None:
    address = "/ledger?before=20"
    before = indexes(ask(long_ledger.client, address))
    factories.make_issuer(names={"en": "A later one"})
    assert indexes(ask(long_ledger.client, address)) == before


def test_entries_about_an_issuer_are_found_by_its_id_and_by_its_address(register: Register) -> None:
    by_id = ask(register.client, f"/ledger?subject={register.issuer}")
    by_address = ask(register.client, f"/ledger?subject=https://register.nl.example/issuers/{register.issuer}")
    assert indexes(by_id) == indexes(by_address)
    types = {item["type"] for item in by_id["items"]}
    own = {"issuer.registered", "accreditation.granted", "key.bound", "key.revoked", "programme.registered"}
    assert types == own | {"issuer.related"}, "another issuer's relation to it concerns it, too"
    narrowed = ask(register.client, f"/ledger?subject={register.issuer}&type=key.bound")
    assert [item["type"] for item in narrowed["items"]] == ["key.bound"]
    page = register.client.get(f"/ledger?subject={register.issuer}&type=key.bound").content.decode()
    assert "Entries about" in page
    assert f'href="/ledger?subject={register.issuer}"' in page
    assert 'href="/ledger?type=key.bound"' in page


def test_entries_about_an_agency_are_its_own_and_its_decisions(register: Register) -> None:
    told = ask(register.client, f"/ledger?subject={register.agency}")
    counted = [item["type"] for item in told["items"]]
    assert sorted(counted) == ["accreditation.granted"] * 2 + ["accreditation.revoked", "agency.recognised"]


def test_entries_until_a_day_hold_that_day(register: Register) -> None:
    today = datetime.now(UTC).date()
    assert indexes(ask(register.client, f"/ledger?until={today.isoformat()}"))[-1] == 0
    assert indexes(ask(register.client, f"/ledger?until={(today - timedelta(days=1)).isoformat()}")) == []
    page = register.client.get("/ledger?until=2001-01-01").content.decode()
    assert "There is no such entry" in page


def test_going_to_an_entry_needs_no_script(register: Register) -> None:
    answer = register.client.get("/ledger?entry=3")
    assert (answer.status_code, answer["Location"]) == (302, "/ledger/entries/3")


@pytest.mark.parametrize("query", ["subject=nonsense", "subject=" + "x" * 301, "until=yesterday", "after=-1", "page=2"])
def test_what_cannot_be_read_is_refused(register: Register, query: str) -> None:
    assert register.client.get(f"/ledger?{query}").status_code == 400


def test_a_list_of_codes_takes_one_line_of_an_entry_and_no_text_is_changed() -> None:
    data = {"territory": ["NL", "BE"], "levels": [6, 7], "note": "two  [ words ]", "names": [{"a": 1}], "none": []}
    laid_out = _lay_out(json.dumps(data))
    assert '"territory": [ "NL", "BE" ]' in laid_out
    assert '"levels": [ 6, 7 ]' in laid_out
    assert json.loads(laid_out) == data


def test_what_was_chosen_is_told_in_words(register: Register) -> None:
    page = read(register, "/ledger?type=accreditation.revoked")
    chips = page.partition('class="chips')[2].partition("</ul>")[0]
    assert "Accreditation revoked" in chips
    assert "accreditation.revoked" not in chips


def test_an_entry_leads_to_all_entries_about_its_things(register: Register) -> None:
    index = indexes(ask(register.client, f"/ledger?subject={register.accreditation}"))[-1]
    page = register.client.get(f"/ledger/entries/{index}").content.decode()
    for thing in (register.accreditation, register.issuer, register.agency):
        assert f"/ledger?subject={thing}" in page


WITNESS = "witness.example/w1"


def countersign() -> None:
    """Put a stranger's verified line under our newest checkpoint."""
    head = latest_checkpoint("register.nl.example/ledger")
    note, checkpoint = parse_checkpoint_note(head.note)
    line = Signer.generate(WITNESS, b"7" * 32, COSIGNATURE).cosign(note.text, int(head.time.timestamp()) + 1)
    cosigning.attach(checkpoint.origin, checkpoint.size, checkpoint.root, [line])


def test_checkpoints_say_who_countersigned_them(register: Register) -> None:
    countersign()
    told = ask(register.client, "/ledger/checkpoints")
    newest, before = told["items"][0], told["items"][1]
    assert [one["name"] for one in newest["cosigned_by"]] == [WITNESS]
    assert before["cosigned_by"] == []
    assert newest["size"] - newest["added"] == before["size"]
    assert WITNESS in newest["note"]
    page = register.client.get("/ledger/checkpoints").content.decode()
    assert page.count(WITNESS) >= 2
    assert f'href="/ledger?before={newest["size"]}"' in page


def test_checkpoints_are_paged(long_ledger: Register) -> None:
    first = ask(long_ledger.client, "/ledger/checkpoints")
    assert len(first["items"]) == 25
    second = ask(long_ledger.client, first["next"].removeprefix("https://register.nl.example"))
    assert second["items"][0]["size"] < first["items"][-1]["size"]
    assert "Earlier checkpoints" in long_ledger.client.get("/ledger/checkpoints?before=5").content.decode()


def test_whose_entries_are_listed_is_said(register: Register) -> None:
    page = Client().get("/ledger").content.decode()
    assert "the entries of this register alone" in page
    assert 'href="/federation"' in page[page.index('id="others"') :]


def test_pages_before_the_register_is_opened(transactional_db: None) -> None:
    assert ask(Client(), "/ledger/checkpoints")["items"] == []
    assert Client().get("/ledger/checkpoints").status_code == 200


def steps(*sizes: int) -> list[Step]:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    return [Step(begin + timedelta(days=day), size, day % 3) for day, size in enumerate(sizes)]


def test_the_curve_of_growth_never_falls_and_stays_within_its_frame() -> None:
    for frame in (WIDE, NARROW):
        drawing = draw_growth(steps(1, 5, 5, 900, 1200), frame)
        assert drawing is not None
        heights = [float(part.split("V")[1]) for part in drawing.curve.split("H")[1:] if "V" in part]
        assert heights == sorted(heights, reverse=True)
        assert all(0 <= height <= frame.height for height in heights)
        assert all(bar.x >= 0 and bar.x + bar.width <= frame.width for bar in drawing.bars)
        assert len(drawing.bars) == 3


def test_one_point_is_no_drawing() -> None:
    assert draw_growth(steps(3), WIDE) is None
