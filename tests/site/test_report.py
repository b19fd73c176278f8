"""A report in words: the verdict and why, four answers, evidence that stays what it is."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from django.template.loader import render_to_string
from django.utils.html import conditional_escape

from register.credentials.format import format_reports
from register.sentences import say
from register.site.names import isolate_value
from register.site.report import show_reports
from register.site.report_evidence import list_evidence
from register.site.telling import tell
from tests.site.reports import HOSTILE, ORIGIN, make, make_stories

KEY = "did:key:z6MkfoFE6GEgpFJgck1oNEPYL3QQ12BcX6f2Levuu9p3SuDE"
TONES = {"valid": "good", "valid_with_remarks": "warn", "not_valid": "bad", "cannot_be_confirmed": "off"}


@pytest.mark.parametrize("verdict", TONES)
def test_each_verdict_has_a_tone_a_symbol_and_words_of_its_own(verdict: str) -> None:
    (shown,) = show_reports(format_reports(make_stories()[verdict]))
    assert shown.verdict.tone == TONES[verdict]
    assert len({show_reports(format_reports(make_stories()[one]))[0].verdict.symbol for one in TONES}) == len(TONES)


@pytest.mark.parametrize(
    ("verdict", "decided"),
    [
        ("valid", "It is genuine, its issuer was entitled to award it then, and it still holds."),
        ("valid_with_remarks", "The accreditation was revoked later"),
        ("not_valid", "The issuer revoked it"),
        ("cannot_be_confirmed", "No register that was asked knows the issuer"),
    ],
)
def test_the_verdict_says_what_decided_it_and_nothing_else(verdict: str, decided: str) -> None:
    (shown,) = show_reports(format_reports(make_stories()[verdict]))
    named, *told = shown.verdict.sentences
    assert "Applied data ethics" in named
    assert "Example University" in named
    assert len(told) == 1
    assert decided in told[0]


def test_of_several_the_worst_stands_on_top_and_each_is_numbered() -> None:
    shown = show_reports(format_reports(make_stories()["several"]))
    assert [one.number for one in shown] == [1, 2, 3]
    assert [one.verdict.tone for one in shown] == ["bad", "good", "warn"]


def test_what_a_credential_does_not_state_is_said_not_to_be_stated() -> None:
    (shown,) = show_reports(format_reports(make_stories()["valid"]))
    facts = {str(fact.label): str(fact.value) for fact in shown.facts}
    assert facts["Country or region"] == "not stated"
    assert "EQF level 6" in facts["Level"]
    assert "(0612)" in facts["Field of study"]
    assert facts["Valid until"] == "no end stated"


def test_the_holder_and_what_is_not_told_are_left_out() -> None:
    nothing = dict.fromkeys(("issuer", "issuer_name", "title", "issued_at", "credential_type"), None)
    (shown,) = show_reports(format_reports((make(about=nothing),)))
    assert [str(fact.label) for fact in shown.facts if fact.value is None] == []
    assert "by its own words" not in " ".join(shown.verdict.sentences)


@pytest.mark.parametrize("field", ["title", "issuer_name", "credential_type", "isced_f", "jurisdiction", "eqf_level"])
def test_whatever_a_credential_says_is_escaped(field: str) -> None:
    (shown,) = show_reports(format_reports((make(about={field: HOSTILE}),)))
    told = [*shown.verdict.sentences, *(fact.value for fact in shown.facts)]
    written = "".join(str(conditional_escape(one)) for one in told)
    assert HOSTILE not in written
    assert "&lt;script&gt;" in written


def test_remarks_beside_the_answer_are_not_hidden() -> None:
    (shown,) = show_reports(format_reports(make_stories()["valid_with_remarks"]))
    entitled = next(answer for answer in shown.answers if answer.key == "entitled")
    assert entitled.standing.tone == "warn"
    assert entitled.remarks == []
    # The remark is the answer itself; what else was found stands below it, with its evidence.
    assert [finding.standing.tone for finding in entitled.findings] == ["good"]
    assert entitled.findings[0].evidence


def test_a_degree_is_compared_with_the_standard_of_micro_credentials_only_where_one_asks() -> None:
    (shown,) = show_reports(format_reports(make_stories()["valid"]))
    for micro in (True, False):
        report = replace(shown, micro=micro)
        page = render_to_string("site/parts/credential_report.html", {"report": report, "reports": [report]})
        before, _, heading = page.partition('<h2 id="elements-')
        assert before.endswith("<summary>") is not micro
        assert heading.partition("</section>")[0].count("</details>") == (1 if micro else 2)


@pytest.mark.parametrize("verdict", TONES)
def test_no_sentence_of_an_answer_stands_below_it_again(verdict: str) -> None:
    (shown,) = show_reports(format_reports(make_stories()[verdict]))
    page = render_to_string("site/parts/credential_report.html", {"report": shown, "reports": [shown]})
    for question in page.split('<div class="q ')[1:]:
        told = re.findall(r"<p[^>]*>(?:<span.*?</span>)? ?(.*?)</p>", question.partition("</details>")[0], re.S)
        assert len(told) == len(set(told)), told
    assert page.count("<details") == page.count("<summary")


def test_a_key_within_a_sentence_is_shortened_and_told_whole_by_its_evidence() -> None:
    assert isolate_value("Example University") == "<bdi>Example University</bdi>"
    assert isolate_value("did:web:university.example") == "<bdi>did:web:university.example</bdi>"
    assert isolate_value(KEY) == f'<bdi title="{KEY}">did:key:z6MkfoFE…p3SuDE</bdi>'
    sentence = tell(say("It is signed in the name of {controller}.", controller=KEY))
    assert f">{KEY}<" not in sentence
    assert KEY in sentence
    (fact,) = list_evidence({"keys": KEY})
    assert f"{KEY}<" in fact.value


def test_missing_elements_are_named() -> None:
    (shown,) = show_reports(format_reports(make_stories()["valid"]))
    assert shown.elements is not None
    assert (shown.elements.present, shown.elements.total, shown.elements.missing) == (1, 2, "Form of participation")


def test_an_entry_in_evidence_becomes_a_link() -> None:
    (fact,) = list_evidence({"origin": "register.nl.example/ledger", "index": 34})
    assert "entry 34 of" in fact.value
    assert 'href="/ledger/entries/34' in fact.value
    (nested,) = list_evidence({"entry": {"origin": ORIGIN, "index": 12}})
    assert 'href="/ledger/entries/12' in nested.value


@pytest.mark.parametrize(
    "value",
    [
        HOSTILE,
        [HOSTILE, HOSTILE],
        {"name": HOSTILE},
        {HOSTILE: "x"},
        {"deep": {"er": [HOSTILE, {"a": HOSTILE}]}},
        [{"origin": HOSTILE, "index": 1}],
        {"origin": HOSTILE, "index": 1},
        {"origin": ORIGIN, "index": "javascript:alert(1)"},
    ],
    ids=range(8),
)
def test_evidence_is_shown_as_it_is_and_escaped(value: object) -> None:
    for fact in list_evidence({"found": value, "absent": None}):
        assert "<script>" not in fact.value
        assert 'href="javascript' not in fact.value
        assert len(fact.value) > 0


def test_long_evidence_is_cut() -> None:
    (fact,) = list_evidence({"value": "x" * 100_000})
    assert len(fact.value) < 5_000


def test_evidence_speaks_to_the_reader_about_instants_and_reasons() -> None:
    found = {"link": "agency", "recorded_at": "2026-06-01T14:05:09Z", "reason": "quality", "valid_from": "some day"}
    facts = {str(fact.label): str(fact.value) for fact in list_evidence(found)}
    assert list(facts) == ["Recorded", "Reason", "Valid from"]
    assert "1 June 2026, 14:05 UTC" in facts["Recorded"]
    assert facts["Reason"] == "The quality requirements are not met"
    assert "some day" in facts["Valid from"]
