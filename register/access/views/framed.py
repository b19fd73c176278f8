"""Pages that stand on the operator's board for operators and auditors, and on the desk for everybody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from register.access.acting import Acting
from register.access.roles import AUDITOR, OPERATOR
from register.desk.page import answer
from register.site.page import render_page

BOARD: Final = (
    ("board", "/operator", _("Health")),
    ("people", "/operator/people", _("People")),
    ("audit", "/operator/audit", _("Audit record")),
    ("quarantine", "/operator/quarantine", _("Quarantine")),
    ("imports", "/operator/imports", _("Imports")),
    ("settings", "/operator/settings", _("Settings")),
)
"""Code, address and words of the board's pages; those that are not here belong to deploy.operator."""


def base_of(acting: Acting) -> str:
    """Return where somebody's pages begin."""
    return "/operator" if acting.role in (OPERATOR, AUDITOR) else "/desk"


def answer_framed(
    request: HttpRequest, acting: Acting, template: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """Answer with a page beside the navigation that belongs to the role: the board's or the desk's."""
    if base_of(acting) == "/desk":
        return answer(request, acting, template, {"frame": "desk/base.html", **context}, status)
    told = {"frame": "access/base.html", "acting": acting, "places": BOARD, "section": "operator"}
    return render_page(request, template, {**told, **context}, status)
