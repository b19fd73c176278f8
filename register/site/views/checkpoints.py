"""`/ledger/checkpoints`: every tree that was signed, who countersigned it, and how the ledger grew."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from register.api.address import answer_json
from register.moments import format_instant
from register.site.asked import BEFORE
from register.site.checkpoints import PAGE, Stage, list_stages, list_steps
from register.site.growth import NARROW, WIDE, draw_growth
from register.site.links import with_query
from register.site.page import Context, page

_ALL: Final = 10**15
_TABLED: Final = 60


def _answer_checkpoints(request: HttpRequest, query: Mapping[str, Any]) -> HttpResponse:
    stages, following = _read(query)
    address = following and f"{settings.ASSAY_BASE_URL}{following}"
    return answer_json({"origin": settings.ASSAY_ORIGIN, "items": [_tell(stage) for stage in stages], "next": address})


def _tell(stage: Stage) -> dict[str, Any]:
    cosigned = [
        {"name": one.name, "first": format_instant(one.first), "last": format_instant(one.last)}
        for one in stage.cosigners
    ]
    return {
        "size": stage.size,
        "added": stage.added,
        "root": base64.b64encode(stage.root).decode(),
        "first": format_instant(stage.first),
        "last": format_instant(stage.last),
        "signed": stage.signed,
        "cosigned_by": cosigned,
        "note": stage.note.decode(),
    }


@page("site/checkpoints.html", "ledger", (BEFORE,), twin=_answer_checkpoints)
def list_checkpoints(request: HttpRequest, query: Mapping[str, Any]) -> Context:
    """Show the checkpoints, newest tree first, and the chart above the first page."""
    stages, following = _read(query)
    step, steps = list_steps(timezone.now()) if "before" not in query else (None, [])
    drawings = [drawing for frame in (WIDE, NARROW) if (drawing := draw_growth(steps, frame))]
    return {
        "stages": [(stage, base64.b64encode(stage.root).decode(), stage.note.decode()) for stage in stages],
        "drawings": drawings,
        "steps": steps[::-1][:_TABLED],
        "daily": step is not None and step.days > 0,
        "next": following,
        "newest": "/ledger/checkpoints" if "before" in query else None,
    }


def _read(query: Mapping[str, Any]) -> tuple[Sequence[Stage], str | None]:
    """Return a page of trees, and the address of the next one."""
    stages = list_stages(query.get("before", _ALL), PAGE + 1)
    more = len(stages) > PAGE
    return stages[:PAGE], with_query("/ledger/checkpoints", before=stages[PAGE - 1].size) if more else None
