"""System checks of a deployment, run by `manage.py check` and by every start."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


@register()
def check_app_role(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when the web runs as the owner of the tables, who could drop the ledger's triggers."""
    if settings.ASSAY_APP_ROLE_CONFIGURED:
        return []
    hint = "Set ASSAY_APP_DATABASE_URL to a role that owns no table (deploy/README.md, Roles)."
    return [Warning("The web uses DATABASE_URL, the owner of the tables.", hint=hint, id="deploy.W001")]


@register()
def check_streams(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse as many downloads at a time as there are threads: slow readers would leave none for pages."""
    streams, threads = settings.ASSAY_STREAMS, settings.ASSAY_WEB_THREADS
    if streams <= max(1, threads - 1):
        return []
    hint = "Set ASSAY_STREAMS to a smaller number, or ASSAY_WEB_THREADS to a larger one."
    told = f"ASSAY_STREAMS must be smaller than the {threads} threads of a process (ASSAY_WEB_THREADS); got {streams}."
    return [Error(told, hint=hint, id="deploy.E002")]


@register()
def check_origin(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse an origin that cannot be a key name of a signed note (C2SP signed-note, Format)."""
    origin = settings.ASSAY_ORIGIN
    if not any(character.isspace() or character == "+" for character in origin) and "://" not in origin:
        return []
    hint = "Use an address without scheme, such as register.nl.example/ledger."
    return [Error(f"ASSAY_ORIGIN {origin!r} holds a space, a + or a scheme.", hint=hint, id="deploy.E001")]
