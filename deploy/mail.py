"""Mail: one address of a server becomes Django's settings; without one, mails are kept as files.

`ASSAY_MAIL_URL` is `smtp://user:password@host:587` (STARTTLS), `smtps://host:465` (TLS from the start), or
`smtp://host:25?tls=none` for a relay on the same machine.
"""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from deploy.env import Environment, SettingError

_EXPECTED = "ASSAY_MAIL_URL must be like smtp://user:password@mail.example:587 or smtps://mail.example:465"
_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed over; `sends` is False where there is no server and they are kept."""

    backend: str = "register.outbox.kept_mail.Backend"
    sends: bool = False
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    use_ssl: bool = False
    use_tls: bool = False


def mail_server(env: Environment) -> MailServer:
    """Return the server of `ASSAY_MAIL_URL`; raise SettingError without repeating it, for it may hold a password."""
    url = env.text("ASSAY_MAIL_URL", "")
    if not url:
        return MailServer()
    env.text("ASSAY_MAIL_FROM")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingError(f"{_EXPECTED}.") from None
    tls = parse_qs(parts.query).get("tls", ["start"])[-1]
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise SettingError(f"{_EXPECTED}.")
    if tls not in ("start", "none"):
        raise SettingError("ASSAY_MAIL_URL: tls must be start or none.")
    return MailServer(
        "django.core.mail.backends.smtp.EmailBackend",
        True,
        parts.hostname,
        port or _PORTS[parts.scheme],
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        parts.scheme == "smtps",
        parts.scheme == "smtp" and tls == "start",
    )
