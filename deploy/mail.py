"""Mail: one address of a server becomes Django's settings; without one, mails are kept as files.

`ASSAY_MAIL_URL` is `smtp://user:password@host:587` (STARTTLS), `smtps://host:465` (TLS from the start), or
`smtp://host:25?tls=none` for a relay on the same machine.
"""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from deploy.env import Environment, SettingError

_EXPECTED = "ASSAY_MAIL_URL must be like smtp://user:password@mail.example:587 or smtps://mail.example:465"
_PORTS = {"smtp": 587, "smtps": 465}
SECONDS = 15
"""For each exchange with the server."""


def mail_settings(env: Environment, data_dir: Path) -> dict[str, Any]:
    """Return Django's settings for mail; `ASSAY_MAIL_SENDS` says whether there is a server.

    Raises SettingError without repeating the address, which may hold a password.
    """
    url = env.text("ASSAY_MAIL_URL", "")
    kept = {"ASSAY_MAIL_DIR": data_dir / "mail", "DEFAULT_FROM_EMAIL": env.text("ASSAY_MAIL_FROM", "assay@localhost")}
    if not url:
        return {**kept, "ASSAY_MAIL_SENDS": False, "EMAIL_BACKEND": "register.outbox.kept_mail.Backend"}
    if "ASSAY_MAIL_FROM" not in env.values:
        raise SettingError("ASSAY_MAIL_FROM must be set where ASSAY_MAIL_URL is: the address that mails come from.")
    return {
        **kept,
        "ASSAY_MAIL_SENDS": True,
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_TIMEOUT": SECONDS,
        **_read_server(url),
    }


def _read_server(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingError(f"{_EXPECTED}.") from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise SettingError(f"{_EXPECTED}.")
    tls = parse_qs(parts.query).get("tls", ["start"])[-1]
    if tls not in ("start", "none"):
        raise SettingError("ASSAY_MAIL_URL: tls must be start or none.")
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or _PORTS[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp" and tls == "start",
    }
