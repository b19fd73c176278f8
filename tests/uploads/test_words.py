"""Words of remarks: every rule has its sentences for translation, and they are those of the table."""

from __future__ import annotations

from django.utils import translation

from register.remarks import ACCREDITATION, RULES
from register.uploads import remark_words


def test_sentences_for_pages_are_those_of_the_table() -> None:
    with translation.override("en"):
        assert {code: str(words) for code, words in remark_words._REMARKS.items()} == {
            code: rule.sentence for code, rule in RULES.items()
        }
        assert {code: remark_words.say_why(code) for code in RULES} == {code: rule.why for code, rule in RULES.items()}


def test_every_rule_has_a_short_name() -> None:
    assert all(remark_words.name_rule(code) for code in RULES)


def test_facts_are_written_as_people_write_them() -> None:
    kept = {"code": "place_elsewhere", "facts": {"countries": ["BE"], "country": "NL"}}
    with translation.override("en"):
        assert remark_words.say_remark(kept) == "It covers Belgium, while the issuer is in Netherlands."
        kept = {"code": "validity_long", "facts": {"until": "2040-01-01T00:00:00+00:00"}}
        assert "31 December 2039" in remark_words.say_remark(kept)


def test_the_rules_can_be_read_with_what_they_say_and_why() -> None:
    rules = remark_words.list_rules()
    assert len(rules) == len(ACCREDITATION)
    assert (
        "Longer than ten years",
        "It lasts for more than ten years, until …",
        "Agencies decide for three to eight years; a longer one is often a wrong digit.",
    ) in rules
    assert not any("{" in sentence for _, sentence, _ in rules)


def test_an_agencys_own_number_in_a_remark_is_escaped_and_isolated() -> None:
    kept = {"code": "identifier_used", "facts": {"number": "<i>{number}"}}
    with translation.override("en"):
        marked = remark_words.mark_remark(kept)
        assert "number <bdi>&lt;i&gt;{number}</bdi> stands" in marked
        assert "number <i>{number} stands" in remark_words.say_remark(kept)
        assert remark_words.mark_remark({"code": "report_missing", "facts": {}}) == "No report is named."
