"""Demonstration credentials that a demonstration node offers to be checked: files that `up` wrote for it.

Names are those of the files in `demonstration/` of the node's data directory; a receipt lies beside its credential.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.credentials.reading.parts import RECEIPT_ENDING
from register.errors import NotFound
from register.site.words import Words

_TITLES: Final[dict[str, Words]] = {
    "micro-credential": _("A micro-credential, as it was issued"),
    "micro-credential-altered": _("The same, with one name changed"),
    "micro-credential-revoked": _("A micro-credential that was revoked"),
    "stolen-key-anchored": _("A degree signed with a key that was stolen later, anchored before the theft"),
    "stolen-key-not-anchored": _("A degree signed with the same key, never anchored"),
}


class Example(NamedTuple):
    """A demonstration credential: the name of its file, what it is, whether it has a receipt."""

    name: str
    title: Words
    receipt: bool


def list_examples() -> list[Example]:
    """Return the examples there are, those with a story first and in its order; none on an ordinary node."""
    order = {name: place for place, name in enumerate(_TITLES)}
    names = sorted((path.stem for path in _list_files()), key=lambda name: (order.get(name, len(order)), name))
    return [Example(name, _TITLES.get(name, name), _receipt_of(name).is_file()) for name in names]


def find_example(name: str) -> tuple[bytes, bytes | None]:
    """Return the bytes of an example and of its receipt; raises NotFound."""
    path = next((path for path in _list_files() if path.stem == name), None)
    if path is None:
        raise NotFound("not_found", "", gettext("There is no such example here."))
    receipt = _receipt_of(name)
    return path.read_bytes(), receipt.read_bytes() if receipt.is_file() else None


def _folder() -> Path:
    return Path(settings.ASSAY_DATA_DIR) / "demonstration"


def _receipt_of(name: str) -> Path:
    return _folder() / f"{name}{RECEIPT_ENDING}"


def _list_files() -> list[Path]:
    """Return the credentials' files; a name that is asked for is compared with theirs, never made a path."""
    if not settings.ASSAY_DEMO:
        return []
    return sorted(path for path in _folder().glob("*.json") if not path.name.endswith(RECEIPT_ENDING))
