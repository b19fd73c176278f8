"""Pages that stand on the operator's board for operators and auditors, and on the desk for everybody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse

from register.access.acting import Acting
from register.access.roles import AUDITOR, OPERATOR
from register.desk.page import answer
from register.site.page import render_page


def base_of(acting: Acting) -> str:
    """Return where somebody's pages begin."""
    return "/operator" if acting.role in (OPERATOR, AUDITOR) else "/desk"


def answer_framed(
    request: HttpRequest, acting: Acting, template: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """Answer with a page beside the navigation that belongs to the role: the board's or the desk's."""
    if base_of(acting) == "/desk":
        return answer(request, acting, template, {"frame": "desk/base.html", **context}, status)
    told = {"frame": "access/on_board.html", "acting": acting, "section": "operator"}
    return render_page(request, template, {**told, **context}, status)
