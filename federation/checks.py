"""System checks of the federation, run by `manage.py check` and by every start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from federation.policy import PolicyUnusable, read_policy


@register()
def check_policy_file(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a policy file that nobody could follow; without one there is nothing to check."""
    if not Path(settings.ASSAY_POLICY_FILE).exists():
        return []
    try:
        read_policy()
    except PolicyUnusable as error:
        hint = "Mend the file (C2SP tlog-policy), or remove it: then any one other peer's witness is wanted."
        return [Error(str(error), hint=hint, id="federation.E001")]
    return []
