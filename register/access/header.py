"""Who is signed in, for the header of every page; readers without a session cost no query and get no cookie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.utils.encoding import escape_uri_path
from django.utils.functional import Promise
from django.utils.http import escape_leading_slashes

from register.access.acting import Acting, acting_of
from register.access.words import name_role
from register.site.page import TRANSLATED


class Who:
    """The person of this session: `email`, the role in words, and who is acting (None without a membership)."""

    def __init__(self, email: str, acting: Acting | None) -> None:
        self.email = email
        self.acting = acting

    @property
    def role(self) -> str | Promise:
        """Return the role they act in, in words."""
        return name_role(self.acting.role, self.acting.approves) if self.acting else ""

    @property
    def demonstration(self) -> bool:
        """Tell whether they act as one of the demonstration's people."""
        return self.acting is not None and self.acting.demonstration


@dataclass(frozen=True, slots=True)
class Spoken:
    """A language of the pages: its own name for itself, and the address of this page in it."""

    code: str
    name: str
    address: str
    current: bool


def person(request: HttpRequest) -> dict[str, Callable[[], Any]]:
    """Give templates `who` and `languages`, asked for when a page first names them (a context processor)."""
    return {"who": lambda: find_person(request), "languages": lambda: list_languages(request)}


def list_languages(request: HttpRequest) -> list[Spoken]:
    """Return the languages in which all texts exist, each with this page's address; deploy.languages reads `lang`."""
    names, current = dict(settings.LANGUAGES), translation.get_language()
    path = escape_leading_slashes(escape_uri_path(request.path))  # "//host/…" would lead to another host
    kept = [(name, value) for name, value in parse_qsl(request.META.get("QUERY_STRING", ""), True) if name != "lang"]
    return [
        Spoken(code, names[code], f"{path}?{urlencode([*kept, ('lang', code)])}", code == current)
        for code in TRANSLATED
    ]


def find_person(request: HttpRequest) -> Who | None:
    """Return who is signed in, None for plain readers; their requests do not touch the session."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or not hasattr(request, "user"):
        return None
    if not request.user.is_authenticated:
        return None
    return Who(request.user.email, acting_of(request))
