"""Effects: what a preview says of answers is what the register answers once the entry is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from django.db import transaction
from django.utils import timezone

from ledger import writer
from ledger.errors import NotCovered
from ledger.logs import get_log, latest_checkpoint
from ledger.models import Checkpoint
from register import commands
from register.desk import drafts, preview
from register.desk.effects import Seen, see
from register.desk.past import Change
from register.desk.terms import intend, read_terms
from register.errors import Refused
from register.identifiers import NODE, Identifier
from register.models import Happening
from register.queries.facts import gather_many
from register.site.standing import Instants, find_standing
from register.trust import AskedQuestion, Facts, Question, TreeSize
from tests import factories
from tests.desk.conftest import Desk
from tests.desk.test_at_once import run_at_once

ORIGIN = "register.nl.example/ledger"


def day(text: str) -> datetime:
    """The first instant of a day."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def changes_of(desk: Desk, verb: str, subject: str, said: Mapping[str, Any]) -> tuple[Change, ...]:
    """What saying it would change, first to last."""
    shown = preview.show(desk.officer, verb, subject, said)
    assert shown.refusal is None, shown.refusal
    return tuple(shown.past)


def spans(changes: tuple[Change, ...]) -> list[tuple[str, str, str, str]]:
    """Changes as texts: since, until, before, after."""
    return [
        (
            f"{one.since:%Y-%m-%d}",
            f"{one.until:%Y-%m-%d}" if one.until else "",
            one.before.decision,
            one.after.decision,
        )
        for one in changes
    ]


def test_a_revocation_changes_answers_from_its_day_to_the_end_of_validity(desk: Desk) -> None:
    held = factories.make_accreditation(desk.issuer, desk.agency, valid_until="2030-01-01")
    changes = changes_of(desk, "revoke_accreditation", held, {"effective_from": "2025-06-01", "reason": "quality"})
    assert spans(changes) == [
        ("2025-06-01", "2030-01-01", "trusted", "not_trusted"),
        ("2030-01-01", "", "not_trusted", "not_trusted"),
    ]


def test_a_suspension_changes_answers_while_it_lasts(desk: Desk) -> None:
    held = factories.make_accreditation(desk.issuer, desk.agency)
    commands.suspend_accreditation(held, factories.ending("2025-01-01"), actor=factories.as_agency(desk.agency))
    changes = changes_of(desk, "reinstate_accreditation", held, {"effective_from": "2025-03-01"})
    assert spans(changes) == [("2025-03-01", "", "not_trusted", "trusted")]


def test_a_wider_scope_changes_answers_from_its_day_on(desk: Desk) -> None:
    held = factories.make_accreditation(desk.issuer, desk.agency, scope={"eqf_levels": [6]})
    said = {"scope": {"eqf_levels": [6, 7]}, "effective_from": "2026-01-01"}
    changes = changes_of(desk, "amend_accreditation", held, said)
    assert spans(changes) == [("2026-01-01", "", "trusted", "trusted")]


def test_a_compromised_key_changes_answers_about_credentials_it_signed(desk: Desk) -> None:
    factories.make_accreditation(desk.issuer, desk.agency)
    key = factories.make_key(desk.issuer)
    said = {"reason": "compromised", "since": "2025-03-01"}
    changes = changes_of(desk, "revoke_key", f"{desk.issuer}/{key}", said)
    assert spans(changes) == [("2020-01-01", "", "trusted", "not_trusted")]
    assert changes[-1].after.codes == ("key_compromised_unanchored",)


def test_a_new_key_is_accepted_from_its_day_on(desk: Desk) -> None:
    factories.make_accreditation(desk.issuer, desk.agency)
    said = {"kind": "did", "value": "did:web:harbour.example", "valid_from": "2025-03-01"}
    changes = changes_of(desk, "bind_key", desk.issuer, said)
    assert spans(changes) == [("2025-03-01", "", "not_trusted", "trusted")]


def test_a_programme_claims_no_effect_on_answers(desk: Desk) -> None:
    said = {"issuer": desk.issuer, "titles": {"en": "Shipping"}, "valid_from": "2025-01-01"}
    assert preview.show(desk.officer, "register_programme", "", said).effects == ()


def test_a_summary_changes_no_answer(desk: Desk) -> None:
    held = factories.make_accreditation(desk.issuer, desk.agency)
    assert changes_of(desk, "amend_accreditation", held, {"summary": "Completed."}) == ()


def test_a_second_accreditation_that_covers_the_same_changes_no_answer(desk: Desk) -> None:
    factories.make_accreditation(desk.issuer, desk.agency, scope={"eqf_levels": [6]}, valid_from="2024-01-01")
    assert changes_of(desk, "grant_accreditation", "", desk.granting()) == ()


def test_of_very_many_accreditations_the_changed_ones_dates_are_compared_and_said_so(desk: Desk) -> None:
    days = [(f"{2016 + n % 9}-0{1 + n % 9}-01", f"{2027 + n % 9}-0{1 + n % 7}-15") for n in range(250)]
    many = [factories.accreditation_terms(desk.other_issuer, desk.agency, valid_from=a, valid_until=b) for a, b in days]
    held = commands.grant_accreditations(many, actor=factories.as_agency(desk.agency))[0].id
    said = {"effective_from": "2025-06-01", "reason": "quality"}
    (effect,) = preview.show(desk.officer, "revoke_accreditation", held, said).effects
    assert effect.partial
    assert effect.standing is not None


def test_a_preview_leaves_nothing(desk: Desk) -> None:
    held = factories.make_accreditation(desk.issuer, desk.agency)
    before = get_log(ORIGIN).size, Happening.objects.count(), Checkpoint.objects.count()
    preview.show(desk.officer, "revoke_accreditation", held, {"effective_from": "2025-06-01", "reason": "quality"})
    assert (get_log(ORIGIN).size, Happening.objects.count(), Checkpoint.objects.count()) == before


def test_what_is_not_signed_yet_is_looked_at_all_the_same_and_leaves_no_checkpoint(lasting_desk: Desk) -> None:
    desk = lasting_desk
    with patch("register.commands.recording._sign"):
        held = factories.make_accreditation(desk.issuer, desk.agency)
    before = latest_checkpoint(ORIGIN)
    assert before.size < get_log(ORIGIN).size
    changes = changes_of(desk, "revoke_accreditation", held, {"effective_from": "2025-06-01", "reason": "quality"})
    assert spans(changes) == [("2025-06-01", "", "trusted", "not_trusted")]
    assert latest_checkpoint(ORIGIN) == before


def test_what_a_look_raises_is_raised(desk: Desk) -> None:
    intent = commands.intend("accreditation.granted", factories.accreditation_terms(desk.issuer, desk.agency))

    def stumble(foreseen: commands.Foreseen) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        commands.foresee(intent, desk.officer.actor, stumble)


def test_a_preview_waits_for_no_writer_and_keeps_none_waiting(lasting_desk: Desk) -> None:
    """While the log is locked a preview is shown; while a preview looks, somebody writes."""
    desk = lasting_desk
    held = factories.make_accreditation(desk.issuer, desk.agency)
    said = {"effective_from": "2025-06-01", "reason": "quality"}
    with transaction.atomic():
        writer.lock(ORIGIN, timezone.now())
        (shown,) = run_at_once(lambda: preview.show(desk.officer, "revoke_accreditation", held, said))
    assert isinstance(shown, preview.Preview)
    assert shown.refusal is None
    intent = commands.intend("accreditation.granted", factories.accreditation_terms(desk.issuer, desk.agency))

    def write_meanwhile(foreseen: commands.Foreseen) -> list[object]:
        return run_at_once(lambda: factories.make_accreditation(desk.issuer, desk.agency))

    with patch("register.commands.foreseeing.reader.latest_checkpoint", side_effect=NotCovered("none")):
        (written,) = commands.foresee(intent, desk.officer.actor, write_meanwhile)
    assert isinstance(written, str), written


def facts_of(desk: Desk, key: str | None) -> list[Facts]:
    """What the register knows of both issuers by now, without what depends on the moment of asking."""
    size, now = get_log(ORIGIN).size, timezone.now()
    asked = [
        AskedQuestion(Question(issuer=Identifier(NODE, one), at=now, key=key), None, TreeSize(ORIGIN, size))
        for one in (desk.issuer, desk.other_issuer)
    ]
    return [plain(one.facts) for one in gather_many(asked, now)]


def plain(facts: Facts) -> Facts:
    """Facts without the time of the checkpoint, and without the ids of relations, which are those of their entries."""
    (register,) = facts.registers
    relations = tuple(replace(one, id="") for one in register.relations)
    told = replace(register, checkpoint_time=None, age_seconds=None, relations=relations)
    return replace(facts, registers=(told,))


SAID: dict[str, tuple[str, str, dict[str, Any]]] = {
    "grant by another agency": (
        "grant_accreditation",
        "",
        {"agency": "{other}", "scope": {"programmes": ["{programme}"]}},
    ),
    "amend": ("amend_accreditation", "{held}", {"valid_until": "2031-01-01", "scope": {"programmes": ["{programme}"]}}),
    "suspend": ("suspend_accreditation", "{held}", {"effective_from": "2025-01-01", "reason": "quality"}),
    "revoke": ("revoke_accreditation", "{held}", {"effective_from": "2025-01-01", "reason": "quality"}),
    "close": ("close_issuer", "{issuer}", {"effective_from": "2025-01-01", "reason": "merged"}),
    "rename": ("amend_issuer", "{issuer}", {"names": {"en": "Another name"}}),
    "bind": ("bind_key", "{issuer}", {"kind": "did", "value": "did:web:new.example", "valid_from": "2025-01-01"}),
    "steal": ("revoke_key", "{issuer}/{key}", {"reason": "compromised", "since": "2025-01-01"}),
    "relate": (
        "relate_issuer",
        "{issuer}",
        {"relation": "merged_into", "other": "{two}", "valid_from": "2025-01-01"},
    ),
    "withdraw": ("withdraw_agency", "{agency}", {"effective_from": "2025-01-01", "reason": "quality"}),
    "narrow": ("amend_agency", "{agency}", {"scope": {"eqf_levels": [5]}, "effective_from": "2025-01-01"}),
}
"""What may be said, with the names of things in braces."""


@pytest.mark.parametrize("what", SAID)
def test_facts_foreseen_are_the_facts_once_it_is_written(lasting_desk: Desk, what: str) -> None:
    desk = lasting_desk
    third = factories.make_issuer()
    factories.make_accreditation(desk.other_issuer, desk.other_agency)
    factories.make_mandate(desk.other_issuer, third)
    factories.make_key(desk.other_issuer)
    things = {
        "{issuer}": desk.issuer, "{two}": desk.other_issuer, "{agency}": desk.agency,
        "{other}": desk.other_agency, "{held}": factories.make_accreditation(desk.issuer, desk.agency),
        "{programme}": factories.make_programme(desk.issuer), "{key}": factories.make_key(desk.issuer),
    }  # fmt: skip

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: fill(one) for name, one in value.items()}
        if isinstance(value, list):
            return [fill(one) for one in value]
        return things.get(value, value) if isinstance(value, str) else value

    verb, subject, said = SAID[what]
    subject, said = "/".join(things.get(one, one) for one in subject.split("/")), fill(said)
    if verb == "grant_accreditation":
        said = {"issuer": desk.issuer, "valid_from": "2024-01-01", **said}
    key = "did:web:new.example" if verb == "bind_key" else None
    terms, actor = read_terms(verb, said), desk.operator.actor
    both = [desk.issuer, desk.other_issuer]
    now = timezone.now()
    intent, times = intend(verb, subject, terms), list[datetime]()

    def look(foreseen: commands.Foreseen) -> Seen:
        assert foreseen.state.time is not None
        times.append(foreseen.state.time)
        return see(both, foreseen, now, key)

    seen = commands.foresee(intent, actor, look)
    assert [plain(one.facts) for one in seen.before] == facts_of(desk, key)
    commands.record([intent], actor=actor, clock=lambda: times[0])
    assert [plain(one.facts) for one in seen.after] == facts_of(desk, key)


def test_a_revocation_foreseen_is_refused_as_the_write_would_be(desk: Desk) -> None:
    held = factories.make_accreditation(desk.issuer, desk.agency)
    said = {"effective_from": "2019-06-01", "reason": "quality"}
    shown = preview.show(desk.officer, "revoke_accreditation", held, said)
    assert shown.refusal is not None
    with pytest.raises(Refused) as caught:
        commands.revoke_accreditation(held, factories.ending("2019-06-01"), actor=factories.as_agency(desk.agency))
    assert (shown.refusal.code, shown.refusal.message) == (caught.value.code, caught.value.message)


DATES = ("2019-12-31", "2021-01-01", "2025-05-31", "2025-06-01", "2026-01-01", "2029-12-31", "2030-01-01")


def test_what_was_foretold_is_what_is_answered(lasting_desk: Desk) -> None:
    desk = lasting_desk
    held = factories.make_accreditation(desk.issuer, desk.agency, valid_until="2030-01-01")
    said = {"effective_from": "2025-06-01", "reason": "quality"}
    changes = changes_of(desk, "revoke_accreditation", held, said)
    before = {at: answer_on(desk, at) for at in DATES}
    draft = drafts.save(desk.officer, "revoke_accreditation", held, said)
    waiting = drafts.submit(desk.officer, draft, preview.digest_now(desk.officer.actor, draft))
    assert not isinstance(waiting, commands.Written)
    drafts.approve(desk.approver, waiting, preview.digest_now(desk.approver.actor, waiting))
    for at in DATES:
        told = [one for one in changes if one.since <= day(at) and (one.until is None or day(at) < one.until)]
        foretold = (told[0].before.decision, told[0].after.decision) if told else (before[at], before[at])
        assert (before[at], answer_on(desk, at)) == foretold, at


def answer_on(desk: Desk, at: str) -> str:
    """The register's own answer about the issuer."""
    (standing,) = find_standing(Identifier(NODE, desk.issuer), Instants(day(at), datetime.now(UTC), False))
    return standing.decision.decision
