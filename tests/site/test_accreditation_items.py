"""The table of an issuer’s accreditations as markup: its rows, whose they are, remarks, strangers’ texts."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from register.site.accreditation_items import write_items
from register.site.accreditation_rows import AccreditationRow, find_ends, show_contribution, tell_ends, tell_suspensions
from register.site.dates import spell_day
from register.site.timeline import find_cut, list_runs
from tests.register.trust.story import Story, id_of
from tests.site.stories import stand

HOSTILE = "<b>&\"'"


def rows_of(story: Story, issuer: str) -> list[AccreditationRow]:
    return [show_contribution(one) for one in stand(story, issuer).contributions]


def accredited() -> Story:
    story = Story()
    story.recognise()
    story.register()
    story.grant(scope={"eqf_levels": [6, 7], "jurisdictions": ["NL"]})
    return story


def test_a_row_says_what_for_what_by_whom_since_when_and_how_it_stands() -> None:
    (row,) = rows_of(accredited(), "college")
    written = write_items([row])
    cells = re.findall(r'<td data-label="([^"]+)">(.*?)</td>', written)
    assert [label for label, _ in cells] == ["Scope", "Agency", "Valid", "State"]
    scope, agency, valid, state = (cell for _, cell in cells)
    assert scope == row.scope
    assert agency == row.agency
    assert "<time " in valid
    assert "in force" in state
    assert f'<th scope="row"><a href="/accreditations/{row.record.id}">{row.title}</a>' in written
    assert 'class="remark"' not in written


def test_an_inherited_accreditation_names_whose_it_is() -> None:
    story = accredited()
    story.register("faculty", "2024-01-02", names={"en": "Faculty"})
    story.say(
        "issuer.related", "faculty", "2024-02-01", relation="faculty_of", other=id_of("college"),
        valid_from="2024-01-01", accreditations_pass_on=True,
    )  # fmt: skip
    written = write_items(rows_of(story, "faculty"))
    assert f'<span class="small soft"> of <a href="/issuers/{id_of("college")}">' in written


def test_a_remark_stands_in_a_row_of_its_own_and_demonstrations_are_marked() -> None:
    (row,) = rows_of(accredited(), "college")
    marked = replace(row, record=replace(row.record, demonstration=True), remark=HOSTILE, title=HOSTILE, scope=HOSTILE)
    written = write_items([marked, row])
    assert written.count("<tr") == 3
    assert written.count('<tr class="remark"><td colspan="5">') == 1
    assert written.count('<span class="tag plain warn">demonstration</span>') == 1
    assert "<b>" not in written


def end(event: str, effective_from: str) -> tuple[str, str, str]:
    """What is said of the accreditation, or of its agency, and from when on."""
    return ("agency" if event == "agency.withdrawn" else "grant", event, effective_from)


SUSPENDED, LIFTED = (f"accreditation.{what}" for what in ("suspended", "reinstated"))
CUTS: list[tuple[list[tuple[str, str, str]], list[str]]] = [
    ([], []),
    ([end(SUSPENDED, "2024-03-01"), end(LIFTED, "2024-06-01")], ["Suspended from 1 March 2024 to 31 May 2024"]),
    ([end(SUSPENDED, "2024-03-01")], ["Suspended since 1 March 2024"]),
    (
        [end(SUSPENDED, "2024-03-01"), end("accreditation.revoked", "2024-05-01")],
        ["Suspended from 1 March 2024 to 30 April 2024", "Revoked with effect from 1 May 2024"],
    ),
    (
        [end("agency.withdrawn", "2024-05-01"), end(SUSPENDED, "2024-08-01")],
        ["No longer counted from 1 May 2024 on"],
    ),
    (
        [end("agency.withdrawn", "2024-05-01"), end("accreditation.revoked", "2024-08-01")],
        ["No longer counted from 1 May 2024 on", "Revoked with effect from 1 August 2024"],
    ),
]


@pytest.mark.parametrize(("said", "told"), CUTS)
def test_whatever_is_drawn_of_an_accreditation_stands_in_its_row(
    said: list[tuple[str, str, str]], told: list[str]
) -> None:
    story = accredited()
    for number, (name, event, day) in enumerate(said):
        if event == LIFTED:
            story.say(event, name, f"2025-01-0{number + 1}", effective_from=day)
        else:
            story.end(event, name, f"2025-01-0{number + 1}", day)
    contributions = stand(story, "college").contributions
    (row,) = [show_contribution(one) for one in contributions]
    assert [*tell_suspensions(row), *tell_ends(row)] == told
    cell = re.findall(r'<td data-label="Valid">(.*?)</td>', write_items([row]))[0]
    assert re.findall(r'<br><span class="small soft">(.*?)</span>', cell) == told
    runs = list_runs(row.record, find_cut(row.record, find_ends(contributions).get(row.record.id)))
    assert all(spell_day(start) in cell for start, _, state in runs if state != "in_force")
    assert {state for _, _, state in runs} - {"in_force"} == {
        "suspended" if line.startswith("Suspended") else "void" for line in told
    }
