from __future__ import annotations

import pytest

from deploy.env import Environment, SettingError
from deploy.mail import MailServer, mail_server

SMTP = "django.core.mail.backends.smtp.EmailBackend"


def read(url: str, sender: str = "register@nl.example") -> MailServer:
    return mail_server(Environment({"ASSAY_MAIL_URL": url, "ASSAY_MAIL_FROM": sender}))


def test_without_a_server_mails_are_kept() -> None:
    assert mail_server(Environment({})) == MailServer("register.outbox.kept_mail.Backend", sends=False)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        (
            "smtp://me%40x:p%3Aw@mail.example:2525",
            MailServer(SMTP, True, "mail.example", 2525, "me@x", "p:w", use_tls=True),
        ),
        ("smtp://mail.example", MailServer(SMTP, True, "mail.example", 587, use_tls=True)),
        ("smtps://mail.example", MailServer(SMTP, True, "mail.example", 465, use_ssl=True)),
        ("smtp://127.0.0.1:25?tls=none", MailServer(SMTP, True, "127.0.0.1", 25)),
    ],
)
def test_one_address_names_the_server(url: str, server: MailServer) -> None:
    assert read(url) == server


@pytest.mark.parametrize(
    "url", ["mail.example", "http://u:secret@mail.example", "smtp://u:secret@mail.example:x", "smtp://u:secret@h?tls=0"]
)
def test_what_is_not_understood_is_refused_without_repeating_a_password(url: str) -> None:
    with pytest.raises(SettingError) as refused:
        read(url)
    assert "secret" not in str(refused.value)


def test_a_server_needs_an_address_to_send_from() -> None:
    with pytest.raises(SettingError, match="ASSAY_MAIL_FROM"):
        read("smtp://mail.example", "")
