"""Look-alikes: which issuers an officer is shown before registering another one, in which order, and why."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from register.desk.letters import draw_skeleton, find_mixed_words, own_domain
from register.desk.look_alikes import Candidate, compare, rank
from register.desk.near_issuers import spell_pattern
from register.records import FormerName, IdentifierClaim, IssuerRecord

CYRILLIC_ES = "\u0421"
HOMOGRAPH_HOST = "https://" + "\u0441ollege".encode("idna").decode() + ".nl"


def issuer(name: str, number: int = 1, **fields: Any) -> IssuerRecord:
    given = {"country": "NL", "provider_type": 1, **fields}
    place = f"00000000-0000-7000-8000-{number:012d}"
    return IssuerRecord(id=place, url=f"https://r.example/issuers/{place}", names={"en": name}, entries=(1,), **given)


def rules(candidate: Candidate, record: IssuerRecord) -> list[str]:
    return [reason.rule for reason in compare(candidate, record)]


def test_a_name_in_letters_of_another_script_is_a_homograph() -> None:
    (reason,) = compare(Candidate((f"{CYRILLIC_ES}ollege of Music",), "NL"), issuer("College of Music"))
    assert reason.rule == "homograph"
    assert "College of Music" in reason.sentence


@pytest.mark.parametrize("other", ["college of music", "Collège of Music", "College of Music BV", "COLLEGE, of Music"])
def test_case_accents_punctuation_and_legal_form_make_no_other_name(other: str) -> None:
    assert rules(Candidate((other,), "NL"), issuer("College of Music"))[0] == "name"


def test_a_former_name_is_remembered() -> None:
    former = (FormerName("en", "Academy of Song", datetime(2019, 1, 1, tzinfo=UTC)),)
    (reason,) = compare(Candidate(("academy of song",), "NL"), issuer("College of Music", former_names=former))
    assert (reason.rule, "2019" in reason.sentence) == ("former_name", True)


def test_names_that_differ_in_a_letter_or_have_most_words_in_common() -> None:
    assert rules(Candidate(("Univercity of Utrecht",)), issuer("University of Utrecht")) == ["spelling"]
    assert rules(Candidate((f"{CYRILLIC_ES}ollege of Musik",)), issuer("College of Music")) == ["spelling"]
    applied = issuer("University of Applied Sciences Utrecht")
    assert rules(Candidate(("Utrecht Institute of Applied Sciences",)), applied) == ["words"]
    assert rules(Candidate(("College of Carpentry",)), issuer("Academy of Song")) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "rule"),
    [
        ("https://www.college.example.nl/en", "https://example.nl", "domain"),
        ("https://uni-utrecht.nl", "https://www.uni-utrecht.de/", "domain_ending"),
        ("https://collegc.nl", "https://college.nl", "domain_letter"),
        ("https://co1lege.nl", "https://college.nl", "domain_homograph"),
        (HOMOGRAPH_HOST, "https://college.nl", "domain_homograph"),
        ("https://rnusic.nl", "https://music.nl", "domain_homograph"),
    ],
)
def test_domains_resemble_each_other(ours: str, theirs: str, rule: str) -> None:
    assert rules(Candidate(("A",), website=ours), issuer("Something Else Entirely", website=theirs)) == [rule]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("https://abc.nl", "https://abd.nl"), ("https://one.github.io", "https://two.github.io"), ("", "https://a.nl")],
)
def test_short_hosts_shared_hosting_and_no_host_say_nothing(ours: str, theirs: str) -> None:
    assert rules(Candidate(("A",), website=ours), issuer("Something Else Entirely", website=theirs)) == []


def test_an_identifier_in_common_comes_first() -> None:
    held = issuer("Something Else", 2, identifiers=(IdentifierClaim("schac", "college.nl"),))
    named = issuer("College of Music", 1)
    asked = Candidate(("College of Music",), "NL", identifiers=frozenset({("schac", "college.nl")}))
    assert [one.record.id for one in rank(asked, [(named, ""), (held, "")])] == [held.id, named.id]


def test_one_number_under_two_schemes_is_seen() -> None:
    held = issuer("Something Else", identifiers=(IdentifierClaim("eidas", "VATBE-0876866142"),))
    asked = Candidate(("A",), identifiers=frozenset({("vat", "BE0876866142")}))
    assert rules(asked, held) == ["identifier"]


def test_a_name_abroad_comes_after_the_same_name_at_home() -> None:
    at_home, abroad = issuer("Technical University", 2), issuer("Technical University", 1, country="DE")
    ranked = rank(Candidate(("Technical University",), "NL"), [(abroad, "de"), (at_home, "nl")])
    assert [one.origin for one in ranked] == ["nl", "de"]


def test_a_crowd_is_cut_off_after_the_most_alike() -> None:
    crowd = [(issuer("Technical College", number, country="DE"), "") for number in range(40)]
    ranked = rank(Candidate(("Technical College",), "NL"), [*crowd, (issuer("Technical College", 99), "")], most=5)
    assert (len(ranked), ranked[0].record.country) == (5, "NL")


def test_words_that_mix_scripts_are_named() -> None:
    assert find_mixed_words(f"The {CYRILLIC_ES}ollege") == ((f"{CYRILLIC_ES}ollege", ("Cyrillic", "Latin")),)
    assert find_mixed_words("Πανεπιστήμιο of Athens 2") == ()


def test_skeletons_forget_hidden_signs_and_own_domains_need_a_host() -> None:
    assert draw_skeleton("Col\u200blege") == draw_skeleton("COLLEGE".lower())
    assert [own_domain(one) for one in ("https://10.0.0.1/", "https://nl", "no address", "https://[::1]/")] == [""] * 4
    assert own_domain("https://www.cs.uni.ac.uk") == "uni.ac.uk"


@pytest.mark.parametrize(
    ("label", "address", "near"),
    [
        ("college", "https://collegc.nl", True),
        ("college", "https://www.c0l1ege.nl/x", True),
        ("college", "https://colege.nl", True),
        ("college", "https://xn--ollege-gsf.nl", True),
        ("music", "http://rnusic.nl", True),
        ("technical-university", "https://www.technical-univercity.de/en", True),
        ("technical-university", "https://tecnical-university.de", True),
        ("college", "https://academy.nl/college.html", False),
        ("technical-university", "https://academy.de/university.html", False),
    ],
)
def test_the_pattern_finds_hosts_worth_comparing(label: str, address: str, near: bool) -> None:
    assert (re.search(spell_pattern(label), address) is not None) is near
