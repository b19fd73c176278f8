"""The question: was this issuer entitled to issue this, at that instant, as far as which ledger knew?

`parse_question` reads the query parameters of the API (or the fields of a JSON body) strictly; whoever asks then cuts
the ledgers at the transaction time and completes the question with the sizes used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from register import vocabularies
from register.errors import NotUnderstood
from register.identifiers import KEY_KINDS, Identifier, normalise_value, parse_identifier
from register.moments import parse_end_of_moment, parse_moment
from register.sentences import say
from register.texts import check_line

FIELDS: Final = (
    "issuer",
    "at",
    "known_at",
    "credential_type",
    "eqf_level",
    "isced_f",
    "jurisdiction",
    "programme",
    "key",
    "anchored_at",
)
"""Every field a question may have, by the names of the API."""

_LONGEST = 600
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ORGANISATION_IDENTIFIER = re.compile(r"[A-Z0-9:]{5}-\S+", re.IGNORECASE)  # ETSI EN 319 412-1, section 5.1.4
_TREE_SIZE = re.compile(r"\d{1,15}", re.ASCII)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Question:
    """A trust question with every instant resolved; what is None was not asked.

    `known_at` is the tree size used of each origin, None while nothing was pinned. `written` is the identifier as it
    was asked, to echo it. `key` is a canonical DID, thumbprint or organizationIdentifier.
    """

    issuer: Identifier
    at: datetime
    known_at: Mapping[str, int] | None = field(default=None, hash=False)
    credential_type: str | None = None
    eqf_level: int | None = None
    isced_f: str | None = None
    jurisdiction: str | None = None
    programme: str | None = None
    key: str | None = None
    anchored_at: datetime | None = None
    written: str = ""

    @property
    def issuer_text(self) -> str:
        """The identifier as it was asked, or `scheme:value` when the question was not read from text."""
        return self.written or f"{self.issuer.scheme}:{self.issuer.value}"

    def asked(self, name: str) -> str | int | None:
        """Return the value asked of one of the fields of scope.LIMITS, None when it was not asked."""
        value: str | int | None = getattr(self, name)
        return value


class TreeSize(NamedTuple):
    """A transaction time named by a ledger's size: `origin@tree_size`."""

    origin: str
    size: int


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question as read: the transaction time is an instant, a tree size of one origin, or everything now held."""

    question: Question
    known_instant: datetime | None = None
    known_size: TreeSize | None = None

    @property
    def pinned(self) -> bool:
        """Whether the question names a transaction time at all."""
        return self.known_instant is not None or self.known_size is not None

    def known_as(self, sizes: Mapping[str, int]) -> Question:
        """Return the question with its transaction time resolved to the size used of each ledger."""
        return replace(self.question, known_at=dict(sizes))


def parse_question(params: Mapping[str, Any], now: datetime) -> AskedQuestion:
    """Read a question from parameters by the names of FIELDS; absent, None and empty mean not asked.

    Values are text, `eqf_level` also an integer. Raises NotUnderstood(code, field, message) naming the first field
    that is unknown (`unknown_field`), missing (`required`) or cannot be read (`invalid`).
    """
    _refuse_unknown(params)
    given = {name: _present(name, params.get(name)) for name in FIELDS}
    if given["issuer"] is None:
        raise NotUnderstood(
            "required", "issuer", say("expected an issuer: an id, an address, a DID or one such as ror:04dkp9463")
        )
    read: dict[str, Any] = {
        name: _read(name, value) for name, value in given.items() if value is not None and name != "known_at"
    }
    fields: dict[str, Any] = {"at": now, "written": str(given["issuer"]).strip(), **read}
    question = Question(**fields)
    return _with_transaction_time(question, given["known_at"])


def _refuse_unknown(params: Mapping[str, Any]) -> None:
    for name in params:
        if name not in FIELDS:
            shown = _UNPRINTABLE.sub("?", str(name))[:60]
            raise NotUnderstood(
                "unknown_field",
                shown,
                say(
                    "a trust question has no field {shown}; expected {fields}",
                    shown=repr(shown),
                    fields=", ".join(FIELDS),
                ),
            )


def _present(name: str, value: object) -> str | int | None:
    if value is None or value == "":
        return None
    if name == "eqf_level" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise NotUnderstood(
            "invalid", name, say("expected text for {name}, got {kind}", name=name, kind=type(value).__name__)
        )
    try:
        check_line(value)
    except ValueError as error:
        raise NotUnderstood("invalid", name, say("{name}: {fault}", name=name, fault=str(error))) from None
    if len(value) > _LONGEST:
        raise NotUnderstood(
            "invalid",
            name,
            say(
                "expected at most {most} characters for {name}, got {count}",
                most=_LONGEST,
                name=name,
                count=len(value),
            ),
        )
    return value if value.strip() else None


def _read(name: str, value: str | int) -> object:
    try:
        return _READERS[name](value)
    except ValueError as error:
        raise NotUnderstood("invalid", name, say("{name}: {fault}", name=name, fault=str(error))) from None


def _read_programme(value: Any) -> str:
    return programme_id(value.strip())


def programme_id(text: str) -> str:
    """Return the id at the end of a programme's address, or the text itself when it is no such address."""
    if not text.startswith(("http://", "https://")):
        return text.lower() if _UUID.fullmatch(text.lower()) else text
    try:
        last = urlsplit(text).path.rstrip("/").rsplit("/", 1)[-1].lower()
    except ValueError:
        return text
    return last if _UUID.fullmatch(last) else text


def _read_key(value: Any) -> str:
    text = value.strip()
    if text.lower().startswith(("did:", "jwk:", "x5t:", "eidas:")):
        scheme = text.split(":", 1)[0].lower()
        return normalise_value(scheme, text if scheme == "did" else text.split(":", 1)[1])
    if _ORGANISATION_IDENTIFIER.fullmatch(text) and len(text) != 43:
        return normalise_value("eidas", text)
    try:
        return normalise_value("jwk", text)
    except ValueError:
        raise ValueError(
            say(
                "expected a DID, a SHA-256 thumbprint of 43 base64url characters, or one of {kinds} followed "
                "by a colon and the value",
                kinds=", ".join(KEY_KINDS),
            )
        ) from None


_READERS: Final[Mapping[str, Callable[[Any], object]]] = {
    "issuer": parse_identifier,
    "at": parse_moment,
    "credential_type": vocabularies.parse_credential_type,
    "eqf_level": vocabularies.parse_eqf,
    "isced_f": vocabularies.parse_isced_f,
    "jurisdiction": vocabularies.parse_jurisdiction,
    "programme": _read_programme,
    "key": _read_key,
    "anchored_at": parse_moment,
}


def _with_transaction_time(question: Question, known_at: str | int | None) -> AskedQuestion:
    if known_at is None:
        return AskedQuestion(question)
    text = str(known_at).strip()
    if "@" in text:
        return AskedQuestion(question, known_size=_read_tree_size(text))
    try:
        return AskedQuestion(question, known_instant=parse_end_of_moment(text))
    except (ValueError, OverflowError) as error:
        raise NotUnderstood(
            "invalid", "known_at", say("known_at: {fault}, or a ledger's origin@tree_size", fault=str(error))
        ) from None


def _read_tree_size(text: str) -> TreeSize:
    origin, _, size = text.rpartition("@")
    if not origin or re.search(r"\s", origin) or not _TREE_SIZE.fullmatch(size):
        raise NotUnderstood(
            "invalid",
            "known_at",
            say("known_at: expected a ledger's origin@tree_size such as register.example/ledger@840"),
        )
    return TreeSize(origin, int(size))
