"""Effects: what a rehearsal says of answers is what the register answers once the entry is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from ledger.logs import get_log, latest_checkpoint
from register import commands
from register.desk import drafts, preview
from register.desk.past import Change
from register.errors import Refused
from register.identifiers import NODE, Identifier
from register.models import Happening
from register.site.standing import Instants, find_standing
from tests import factories
from tests.desk.conftest import Desk

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
    assert spans(changes)[-1] == ("2020-01-01", "", "trusted", "not_trusted")
    assert changes[-1].after.codes == ("key_compromised_unanchored",)


def test_a_new_key_is_accepted_from_its_day_on(desk: Desk) -> None:
    factories.make_accreditation(desk.issuer, desk.agency)
    said = {"kind": "did", "value": "did:web:harbour.example", "valid_from": "2025-03-01"}
    changes = changes_of(desk, "bind_key", desk.issuer, said)
    assert spans(changes)[-1] == ("2025-03-01", "", "not_trusted", "trusted")


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


def test_a_rehearsal_leaves_nothing(desk: Desk) -> None:
    held = factories.make_accreditation(desk.issuer, desk.agency)
    before = get_log(ORIGIN).size, Happening.objects.count()
    preview.show(desk.officer, "revoke_accreditation", held, {"effective_from": "2025-06-01", "reason": "quality"})
    assert (get_log(ORIGIN).size, Happening.objects.count()) == before


def test_a_rehearsal_signs_nothing_and_its_checkpoint_is_gone(lasting_desk: Desk) -> None:
    desk = lasting_desk
    before = latest_checkpoint(ORIGIN)
    intent = commands.intend("accreditation.granted", factories.accreditation_terms(desk.issuer, desk.agency))
    seen = commands.rehearse([intent], desk.officer.actor, lambda written: latest_checkpoint(ORIGIN).size)
    assert seen == before.size + 1
    assert latest_checkpoint(ORIGIN) == before


def test_what_a_look_raises_is_raised_and_leaves_nothing(desk: Desk) -> None:
    intent = commands.intend("accreditation.granted", factories.accreditation_terms(desk.issuer, desk.agency))
    size = get_log(ORIGIN).size

    def stumble(written: list[commands.Written]) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        commands.rehearse([intent], desk.officer.actor, stumble)
    assert get_log(ORIGIN).size == size


def test_a_rehearsal_is_refused_as_the_write_would_be(desk: Desk) -> None:
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
