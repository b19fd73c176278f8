"""A report in another language: every sentence is one that translators get, dates and labels are the reader's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.template.loader import render_to_string
from django.utils.translation import override, trans_real

from deploy.catalogues import gather_texts
from register.credentials.errors import NotACredential
from register.credentials.format import format_reports
from register.credentials.report import Report
from register.sentences import Named, Said, Value
from register.site.report import list_sent, show_reports
from register.site.telling import tell
from tests.credential_world import NOW, World
from tests.register.credentials.test_outcomes import CASES, WAYS, settle
from tests.site.reports import make_stories

MARK = "¤"
"""What every text begins with in the language of these tests."""


@pytest.fixture(scope="module")
def translated() -> dict[Any, Any]:
    """Return a catalogue that holds each text there is, and nothing else."""
    texts = [(message.context, message.id) for message in gather_texts() if isinstance(message.id, str) and message.id]
    return {f"{context}\x04{text}" if context else text: MARK + str(text) for context, text in texts}


@pytest.fixture(autouse=True)
def _read_another_language(monkeypatch: pytest.MonkeyPatch, translated: dict[Any, Any]) -> Iterator[None]:
    with override("pl"), time_machine.travel(NOW, tick=False):
        catalogues = trans_real.translation("pl")._catalog  # type: ignore[attr-defined]
        monkeypatch.setattr(catalogues, "_catalogs", [translated, *catalogues._catalogs])
        yield


def find_english(report: Report) -> list[str]:
    """Return what the page about a report marks as English, but for the names that institutions have."""
    page = render(report)
    chain = (report.decision or {}).get("chain") or {}
    names = {name for party in chain.values() for name in (party or {}).get("names", {}).values()}
    names |= {name for answer in report.answers.values() for one in answer.findings for name in find_names(one.text)}
    return [text for text in re.findall(r'lang="en">([^<]*)', page) if text not in names]


def find_names(text: Value) -> Iterator[str]:
    """Yield the names within a sentence."""
    for value in text.values.values() if isinstance(text, Said) else ():
        yield from value.names.values() if isinstance(value, Named) else find_names(value)


def render(report: Report) -> str:
    shown = show_reports(format_reports((report,)))
    return render_to_string("site/parts/credential_report.html", {"report": shown[0], "reports": shown})


def find_english_of(world: World, data: bytes) -> list[str]:
    """Return the same for what was handed in, which may hold no credential at all."""
    try:
        return find_english(world.verify(data))
    except NotACredential as error:
        return re.findall(r'lang="en">([^<]*)', tell(error.message))


def verify(name: str, way: str = "jcs") -> Report:
    case, world = CASES[name], World()
    case.arrange(world)
    data = WAYS[way](**case.fields())
    return world.verify(data, case.receipt(world, data) if case.receipt else None)


@pytest.mark.parametrize("name", CASES)
def test_no_sentence_of_a_report_is_left_in_english(name: str) -> None:
    report = verify(name)
    assert find_english(report) == []
    for answer in show_reports(format_reports((report,)))[0].answers:
        assert all(finding.text.startswith(MARK) for finding in answer.findings), answer


@pytest.mark.parametrize("way", WAYS)
def test_what_is_wrong_with_a_file_is_not_left_in_english(way: str) -> None:
    world = World()
    settle(world)
    data = WAYS[way]()
    for broken in (data[:-40], data.replace(b"Applied", b"Altered"), data[: len(data) // 2], b"{}", b"", b"%PDF-1.7"):
        assert find_english_of(world, broken) == []


def test_dates_and_labels_are_the_readers() -> None:
    page = render(verify("accreditation revoked after"))
    assert "2025" in page
    assert not re.search(r"\b(January|June|July|September) 20", page)
    assert "Revoked at the request" not in page


def test_what_left_the_node_is_told_in_the_readers_language() -> None:
    (sent,) = list_sent(format_reports((verify("list out of reach"),)))
    assert sent.startswith(MARK)


def test_the_time_of_judgement_is_told_in_the_readers_language() -> None:
    (shown,) = show_reports(format_reports(make_stories()["valid"]))
    (told,) = [fact.value for fact in shown.facts if "Time it is judged by" in str(fact.label)]
    assert told.startswith(f"{MARK}Judged as of <time datetime=")
    assert "30 czerwca 2026" in told


def test_what_a_program_gets_is_english_whatever_the_reader_reads() -> None:
    report = format_reports((verify("accreditation revoked before"),))
    with override("en"):
        assert format_reports((verify("accreditation revoked before"),)) == report
    assert MARK not in str(report)
