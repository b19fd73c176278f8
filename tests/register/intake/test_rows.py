"""Problems of rows as they are kept: with what their sentences were made from, and as older versions wrote them."""

from __future__ import annotations

import json

from register.intake.rows import RowProblem, keep_problem, read_problem
from register.sentences import Said, say


def test_a_kept_problem_comes_back_with_sentences_that_can_be_told_in_another_language() -> None:
    problem = RowProblem(
        7, "valid_from", "<b>1.2.</b>", say("expected a date, got {got}", got="'<b>'"), say("Fill it in."), fatal=True
    )
    again = read_problem(json.loads(json.dumps(keep_problem(problem))))
    assert again == problem
    assert isinstance(again.message, Said)
    assert again.message.template == "expected a date, got {got}"
    assert isinstance(again.cure, Said)


def test_a_problem_that_an_older_version_wrote_is_read_as_the_text_it_is() -> None:
    kept = {"column": "kind", "value": "x", "message": "expected a kind, got 'x'", "cure": "Look it up.", "fatal": True}
    assert read_problem(kept) == RowProblem(0, "kind", "x", "expected a kind, got 'x'", "Look it up.", fatal=True)
    assert read_problem({**kept, "message": "{got}"}).message == "{got}"
