"""The table of an issuer’s accreditations as markup: its rows, whose they are, remarks, strangers’ texts."""

from __future__ import annotations

import re
from dataclasses import replace

from register.site.accreditation_items import write_items
from register.site.accreditation_rows import AccreditationRow, show_contribution
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
