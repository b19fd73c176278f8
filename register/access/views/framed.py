"""Pages that stand on the operator's board for operators and auditors, and on the desk for everybody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from register.access.acting import Acting
from register.access.roles import AUDITOR, OPERATOR
from register.site.page import render_page

BOARD: Final = (
    ("board", "/operator", _("Health")),
    ("people", "/operator/people", _("People")),
    ("audit", "/operator/audit", _("Audit record")),
)
DESK: Final = (
    ("home", "/desk", _("Desk")),
    ("people", "/desk/people", _("People")),
    ("audit", "/desk/audit", _("Audit record")),
)


def base_of(acting: Acting) -> str:
    """Return where somebody's pages begin."""
    return "/operator" if acting.role in (OPERATOR, AUDITOR) else "/desk"


def answer_framed(
    request: HttpRequest, acting: Acting, template: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """Answer with a page beside the navigation that belongs to the role."""
    places = BOARD if base_of(acting) == "/operator" else DESK
    return render_page(request, template, {"acting": acting, "places": places, **context}, status)
