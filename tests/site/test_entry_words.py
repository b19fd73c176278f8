"""Every type of entry in words, from entries drafted and parsed as on a node."""

import json
import re
from typing import Any

import pytest
from django.utils import translation

from ledger.tlog import canonical
from register.events import CATALOGUE, parse
from register.site.directory import Directory, Listed
from register.site.entry_words import TYPE_TITLES, EntryWords, Parties, tell
from register.site.names import Name
from tests.register import refusals_of_peers as peers
from tests.register.trust.story import Story, id_of

DIRECTORY = Directory(
    {
        id_of("college"): Listed("issuer", Name("College", "en")),
        id_of("university"): Listed("issuer", Name("University", "en")),
        id_of("agency"): Listed("agency", Name("Agency", "en")),
        id_of("course"): Listed("programme", Name("Course", "en")),
    }
)


def say(
    event_type: str, name: str = "college", time: str = "2026-06-01", /, *, holder: str = "", **data: Any
) -> EntryWords:
    story = Story()
    story.say(event_type, name, time, holder=holder, **data)
    parties = Parties(id_of(name), id_of("college"), id_of("agency"))
    return tell(parse(story.entries[-1][1]), parties, DIRECTORY)


def text(words: EntryWords) -> str:
    return re.sub("<[^>]+>", "", " ".join(words.sentences))


ENDING = {"effective_from": "2026-06-10", "reason": "quality"}
GRANT: dict[str, Any] = {
    "issuer": id_of("college"),
    "agency": id_of("agency"),
    "valid_from": "2026-06-01",
    "scope": {"eqf_levels": [6]},
}
WITHDRAWN: dict[str, Any] = {"issuer": id_of("college"), "commitments": ["aa" * 32], "reason": "fraud"}
SAID: list[tuple[str, str, dict[str, Any], str]] = [
    ("agency.recognised", "agency", {"names": {"en": "A"}, "country": "NL", "valid_from": "2020-06-01"},
     "Agency may accredit: all levels, all fields; since 1 June 2020."),
    ("agency.recognised", "agency", {"names": {"en": "A"}, "country": "NL", "valid_from": "2999-06-01"},
     "Agency may accredit: all levels, all fields; from 1 June 2999 on."),
    ("agency.amended", "agency", {"website": "https://www.example.org"}, "Changed: website."),
    ("agency.withdrawn", "agency", ENDING, "Agency, with effect from 10 June 2026."),
    ("issuer.registered", "college", {"names": {"en": "C"}, "country": "NL"}, "College, Netherlands."),
    ("issuer.amended", "college", {"names": {"en": "New"}}, "New name: New."),
    ("issuer.closed", "college", {"effective_from": "2026-06-10", "reason": "merged"}, "Reason: Merged into another"),
    ("issuer.related", "college", {"relation": "merged_into", "other": id_of("university"), "valid_from": "2026-07-01"},
     "College: merged into University, from 1 July 2026."),
    ("programme.registered", "course", {"issuer": id_of("college"), "titles": {"en": "C"}, "valid_from": "2026-06-01"},
     "Course, of College."),
    ("programme.amended", "course", {"titles": {"en": "Other"}}, "New name: Other."),
    ("programme.closed", "course", ENDING, "Course, with effect from 10 June 2026."),
    ("key.bound", "key", {"issuer": id_of("college"), "kind": "did", "value": "did:web:a.example",
      "valid_from": "2020-06-01"},
     "College signs with did:web:a.example, since 1 June 2020."),
    ("key.revoked", "key", {"reason": "compromised", "since": "2026-05-01"},
     "A key of College may have been in other hands since 1 May 2026."),
    ("key.revoked", "key", {"reason": "superseded"}, "A key of College: replaced by a newer key."),
    ("mandate.granted", "m", {"awarding_body": id_of("college"), "sealer": id_of("university"),
      "valid_from": "2020-06-01"},
     "University may seal credentials for College: all levels, all fields; since 1 June 2020."),
    ("mandate.revoked", "m", ENDING, "A mandate given by College ends with effect from 10 June 2026."),
    ("accreditation.granted", "g", GRANT, "Institutional accreditation of College by Agency: EQF level 6, all fields"),
    ("accreditation.amended", "g", {"scope": {"eqf_levels": [7]}}, "New scope: EQF level 7, all fields."),
    ("accreditation.amended", "g", {"valid_until": "2032-01-01"}, "Changed: end (31 December 2031)."),
    ("accreditation.suspended", "g", ENDING, "College, accredited by Agency; with effect from 10 June 2026."),
    ("accreditation.reinstated", "g", {"effective_from": "2026-06-10"}, "with effect from 10 June 2026."),
    ("accreditation.revoked", "g", {**ENDING, "note": "Too few."}, "The quality requirements are not met. Too few."),
    ("peer.recognised", "be", peers.terms(remit=["BE"]),
     "Register BE (register.be.example/ledger), at https://register.be.example, is heard about Belgium."),
    ("peer.amended", "be", {"vkeys": [str(peers.NEXT.verifier)], "remit": None, "note": "As announced."},
     "It signs with other keys. Changed: countries for which it is heard. As announced."),
    ("peer.withdrawn", "be", {"reason": "forked"}, "Reason: Its ledger shows two histories."),
    ("fork.reported", "fork", peers.fork_terms(peers.sign(5), peers.sign(5, leaf="other")),
     "The ledger register.be.example/ledger has signed two histories: two different trees of one size."),
    ("register.key_rotated", "", peers.rotation(overlap_until="2023-03-01"),
     "from 1 February 2023. The former key signs beside it until 1 March 2023."),
    ("register.key_rotated", "", peers.rotation(reason="compromised"), "The former key may be in other hands."),
    ("credentials.anchored", "b", {"issuer": id_of("college"), "root": "ab" * 32, "count": 12000,
      "tree_algorithm": "x", "credential_type": "micro-credential"},
     "College anchored a batch of 12,000 credentials; the root of their tree is"),
    ("credential.revoked", "w", {**WITHDRAWN, "effective_from": "2026-06-10"},
     "1 credential of College. With effect from 10 June 2026. Reason: Fraud or deception."),
    ("credential.suspended", "w", {**WITHDRAWN, "commitments": ["aa" * 32, "bb" * 32], "reason": "under_review"},
     "2 credentials of College. Reason: Under review."),
    ("credential.reinstated", "w", {**WITHDRAWN, "reason": "review_closed"},
     "1 credential of College. Reason: The review found nothing against it."),
]  # fmt: skip


@pytest.mark.parametrize(("event_type", "name", "data", "said"), SAID)
def test_each_type_of_entry_says_what_it_is_about(event_type: str, name: str, data: dict[str, Any], said: str) -> None:
    words = say(event_type, name, holder="college", **data)
    assert str(words.title)
    assert said in text(words)


def test_no_type_of_entry_is_without_words() -> None:
    assert set(TYPE_TITLES) == set(CATALOGUE)
    assert {event_type for event_type, *_ in SAID} | {"register.opened"} == set(CATALOGUE)


def test_the_opening_entry_names_the_register() -> None:
    story = Story()
    words = tell(parse(story.entries[0][1]), Parties(None, None, None), DIRECTORY)
    assert text(words) == "Register, for Netherlands, run by Operator."


def test_a_register_opened_without_an_operator_says_that_none_is_stated() -> None:
    opening = json.loads(Story().entries[0][1])
    opening["data"]["operator"] = "not stated"
    words = tell(parse(canonical.encode(opening)), Parties(None, None, None), DIRECTORY)
    assert text(words) == "Register, for Netherlands; who runs it is not stated."


def test_what_takes_effect_before_it_was_recorded_says_so() -> None:
    late = {"effective_from": "2025-01-01", "reason": "fraud"}
    assert say("accreditation.revoked", "g", **late).reaches_back
    assert not say("accreditation.revoked", "g", **ENDING).reaches_back
    assert say("key.revoked", "k", holder="college", reason="compromised", since="2026-05-01").reaches_back


def test_a_grant_reaches_back_only_when_it_is_recorded_long_after_its_start() -> None:
    assert not say("accreditation.granted", "g", **{**GRANT, "valid_from": "2026-05-20"}).reaches_back
    assert say("accreditation.granted", "g", **{**GRANT, "valid_from": "2024-01-01"}).reaches_back


def test_a_correction_names_the_entry_it_replaces() -> None:
    words = say("accreditation.amended", "g", corrects=4711, scope={"eqf_levels": [7]}, reason="administrative_error")
    assert str(words.title) == "Correction"
    assert words.reaches_back
    assert '<a href="/ledger/entries/4711">entry 4,711</a>' in " ".join(words.sentences)


def test_a_number_is_grouped_as_the_reader_groups_it() -> None:
    batch = {"issuer": id_of("college"), "root": "ab" * 32, "count": 12000, "tree_algorithm": "x"}
    with translation.override("de"):
        assert "12.000" in text(say("credentials.anchored", "b", holder="college", **batch))


def test_a_negative_decision_is_called_a_refusal() -> None:
    words = say("accreditation.granted", "g", **{**GRANT, "decision": "negative"})
    assert (str(words.title), words.tone) == ("Accreditation refused", "bad")


def test_notes_are_text() -> None:
    words = say("accreditation.revoked", "g", **{**ENDING, "note": "<img src=x onerror=alert(1)>"})
    assert "<q>&lt;img src=x onerror=alert(1)&gt;</q>" in words.sentences


def test_a_thing_that_is_not_listed_is_named_by_its_id() -> None:
    words = say("issuer.closed", "stranger", effective_from="2026-06-10", reason="merged")
    assert id_of("stranger")[:8] in text(words)
    assert "<a " not in words.sentences[0]
