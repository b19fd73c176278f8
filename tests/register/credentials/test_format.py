"""The report as JSON, the time it was judged at, and what one check asks of the outside."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from register.credentials.anchoring import Anchoring, find_proven, find_stated
from register.credentials.errors import Unreachable
from register.credentials.format import EXITS, format_reports, worst_of
from register.credentials.outside import Outside
from register.credentials.presented import Claims, Signature
from register.credentials.report import QUESTIONS, VERDICTS, Answer, Finding, Outcome, Report
from register.credentials.verification import verify
from register.credentials.wording import ANCHORED, ENTITLED, GENUINE, STILL_VALID, TIMES
from register.moments import format_instant
from tests.credential_forge import CANARY, OTHER, badge, seal
from tests.credential_world import NOW, World
from tests.ledgers import ARCADIA, as_issuer

EARLY, LATE = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    """Let the day be NOW: the registers of these tests signed last then."""
    with time_machine.travel(NOW, tick=False):
        yield


def make_report(outcome: Outcome, code: str = "x") -> Report:
    answers = {name: Answer((Finding(code, outcome, "Text.", {"when": NOW}),)) for name in QUESTIONS}
    return Report("vc_jose", answers, NOW)


def test_of_several_credentials_the_worst_stands_on_top() -> None:
    reports = [make_report("pass"), make_report("not_checked"), make_report("fail"), make_report("warning")]
    told = format_reports(reports)
    assert told["verdict"] == "not_valid"
    assert [inner["verdict"] for inner in told["contained"]] == ["valid", "cannot_be_confirmed", "valid_with_remarks"]


def test_every_report_is_json_with_all_its_parts() -> None:
    told = json.loads(json.dumps(format_reports([make_report("warning")])))
    assert list(told["questions"]) == ["genuine", "entitled", "still_valid", "anchored"]
    assert {"verdict", "text", "format", "container", "about", "at", "decision", "elements", "profile", "checked_at",
            "sent", "contained"} <= told.keys()  # fmt: skip
    assert told["questions"]["genuine"]["findings"][0]["evidence"] == {"when": format_instant(NOW)}


def test_every_verdict_has_its_exit_code() -> None:
    assert [EXITS[verdict] for verdict in VERDICTS] == [0, 0, 1, 3]
    assert worst_of(["valid", "cannot_be_confirmed", "not_valid"]) == "not_valid"
    assert worst_of(["valid", "cannot_be_confirmed"]) == "cannot_be_confirmed"


def test_every_sentence_is_one_and_ends() -> None:
    for kind in (*GENUINE.values(), *ENTITLED.values(), *STILL_VALID.values(), *ANCHORED.values()):
        assert kind.text[0].isupper() or kind.text.startswith("{")
        assert kind.text.endswith((".", "{text}"))
        assert kind.outcome in ("pass", "warning", "fail", "not_checked")


def test_no_report_holds_anything_of_the_holder() -> None:
    world = World()
    told = json.dumps(format_reports([world.verify(seal(badge()))]))
    assert CANARY not in told


# Time -----------------------------------------------------------------------------------------------------------------


def stated(claims: Claims, *created: datetime | None) -> tuple[datetime, str]:
    found = find_stated(claims, [Signature("t", (), created=one) for one in created], NOW)
    return found.time, found.source


def test_the_signing_time_goes_before_the_date_of_issue_and_that_before_today() -> None:
    claims = Claims("vc", issued_at=LATE, valid_from=EARLY)
    assert stated(claims, EARLY) == (EARLY, "signing_time")
    assert stated(claims, None) == (LATE, "issue_date")
    assert stated(Claims("vc", valid_from=EARLY)) == (EARLY, "issue_date")
    assert stated(Claims("vc")) == (NOW, "checked_at")


def test_a_date_of_the_future_is_no_time_to_judge_at() -> None:
    future = NOW + timedelta(days=1)
    assert stated(Claims("vc", issued_at=EARLY), future) == (EARLY, "issue_date")
    assert stated(Claims("vc", issued_at=future), future) == (NOW, "checked_at")


def test_a_seal_that_a_stranger_adds_makes_nothing_earlier() -> None:
    signatures = [Signature("t", (), timestamp=LATE), Signature("t", (), timestamp=EARLY)]
    found = find_proven(Anchoring(()), signatures)
    assert found is not None
    assert (found.time, found.source) == (LATE, "timestamp")
    assert find_proven(Anchoring(()), [Signature("t", ()), Signature("t", (), timestamp=EARLY)]) is None
    assert stated(Claims("vc"), LATE, EARLY) == (LATE, "signing_time")
    assert find_proven(Anchoring(()), [Signature("t", ())]) is None
    assert set(TIMES) >= {"timestamp", "anchor"}


# Outside --------------------------------------------------------------------------------------------------------------


def test_the_same_is_asked_once_and_a_host_that_hangs_is_waited_for_once() -> None:
    world = World()
    world.publish_list()
    outside = Outside.over(world, world.fetch)
    assert Outside.over(outside, outside.fetch) is outside
    for _ in range(3):
        outside.decide({"issuer": "did:web:a.example"})
        with pytest.raises(Unreachable):
            outside.fetch("https://absent.example/list")
    assert (len(world.questions), world.fetched) == (1, ["https://absent.example/list"])
    assert outside.sent == (
        "To absent.example: a request for https://absent.example/list, which the credential names.",
    )


def test_a_batch_of_one_issuer_and_day_asks_the_register_once() -> None:
    world = World()
    world.accredit()
    world.bind()
    outside = Outside(world, world.fetch)
    for number in range(5):
        (report,) = verify(seal(badge(id=f"urn:uuid:{number}")), outside, outside.fetch, now=NOW)
        assert report.decision is not None
    spellings = len(world.questions)
    assert spellings == 2, "the DID and its thumbprint"
    verify(
        seal(badge(validFrom="2024-06-29T00:00:00Z"), created="2024-06-29T00:00:00Z"), outside, outside.fetch, now=NOW
    )
    assert len(world.questions) == 2 * spellings


def test_an_error_that_is_no_answer_is_not_swallowed() -> None:
    class Broken(World):
        def decide(self, params: Mapping[str, str]) -> Any:
            raise ZeroDivisionError

    world = Broken()
    with pytest.raises(ZeroDivisionError):
        world.verify(seal(badge()))


@pytest.mark.parametrize("receipt", [b"", b"{}", b"\xff", b"[1]"])
def test_a_receipt_that_is_none_fails_and_the_rest_is_still_judged(receipt: bytes) -> None:
    world = World()
    world.accredit()
    world.bind()
    report = world.verify(seal(badge()), receipt)
    assert report.answers["anchored"].outcome == "fail"
    assert report.answers["entitled"].outcome == "pass"
    assert report.at is not None
    assert report.at.source == "signing_time"


def test_a_receipt_of_an_unknown_ledger_proves_no_time() -> None:
    class Stranger(World):
        def find_ledger(self, origin: str) -> None:
            return None

    world = Stranger()
    world.accredit()
    world.bind()
    data = seal(badge(), created="2025-03-01T00:00:00Z")
    report = world.verify(data, world.anchor(data, datetime(2025, 3, 2, tzinfo=UTC)))
    assert report.answers["anchored"].findings[0].code == "ledger_unknown"
    assert report.at is not None
    assert report.at.source == "signing_time"
    assert all("anchored_at" not in asked for asked in world.questions)


def test_a_receipt_is_not_checked_while_the_register_cannot_be_asked() -> None:
    world = World()
    world.accredit()
    world.bind()
    data = seal(badge(), created="2025-03-01T00:00:00Z")
    receipt = world.anchor(data, datetime(2025, 3, 2, tzinfo=UTC))
    world.unreachable = True
    report = world.verify(data, receipt)
    answer = report.answers["anchored"]
    assert [(one.code, one.outcome) for one in answer.findings] == [("register_unreachable", "not_checked")]
    assert report.at is not None
    assert report.at.source == "signing_time"


def test_what_somebody_else_anchored_is_told_and_proves_the_time() -> None:
    world = World()
    world.accredit()
    world.bind()
    data = seal(badge(), created="2025-03-01T00:00:00Z")
    receipt = world.anchor(data, datetime(2025, 3, 2, tzinfo=UTC), issuer=ARCADIA, actor=as_issuer(ARCADIA))
    report = world.verify(data, receipt)
    assert [one.code for one in report.answers["anchored"].findings] == ["anchored", "anchored_by_another"]
    assert report.verdict == "valid_with_remarks"


def test_a_signature_by_another_than_the_issuer_is_not_genuine() -> None:
    report = World().verify(seal(badge(), OTHER))
    assert (report.verdict, report.answers["genuine"].outcome) == ("not_valid", "fail")
