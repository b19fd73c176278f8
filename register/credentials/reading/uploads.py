"""What was handed in, told apart by its first bytes, and opened if it is a container of a known kind."""

from __future__ import annotations

from register.credentials.errors import NotACredential
from register.credentials.presented import Presented
from register.credentials.reading.documents import read_json, read_text
from register.credentials.reading.limits import MOST_BYTES

Container = tuple[str, ...]
Found = tuple[Presented, ...]


def read(data: bytes) -> Found:
    """Return the credentials in what was handed in, taken apart but not believed.

    Raises NotACredential (nothing in it is one, or it is too large), Unsupported (a format that is recognised and not
    checked, named), NotGenuine (a credential that is damaged, or that two readers could read differently).
    """
    if len(data) > MOST_BYTES:
        raise NotACredential(
            "too_large", f"expected at most {MOST_BYTES // 1024 // 1024} MiB, got more; hand in the credential alone"
        )
    return read_part(data, ())


def read_part(data: bytes, container: Container) -> Found:
    """Return the credentials in a part of what was handed in."""
    text = data.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        raise NotACredential("empty", "expected a credential, got nothing")
    if text[:1] in b"{[":
        return read_json(text, container)
    return read_text(text.decode("utf-8", "replace"), container)
