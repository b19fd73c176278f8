"""Exports that lie on the disk, and their files: nothing but what a manifest names is ever given away."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings
from pydantic import ValidationError

from register.moments import parse_moment
from register.opendata.errors import ExportUnknown
from register.opendata.files import FileOf
from register.opendata.manifest import Manifest
from register.sentences import say

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.json.jws"
SUMS: Final = "SHA256SUMS"
NIGHTLY: Final = timedelta(hours=26)
"""The newest export may be so old: a day, and the time it takes."""
_NAME: Final = re.compile(r"(\d{4}-\d{2}-\d{2})-(\d{1,15})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Export:
    """One export: its directory's name, and its manifest."""

    name: str
    manifest: Manifest

    @property
    def size(self) -> int:
        """The size of the ledger it belongs to."""
        return self.manifest.tree_size

    @property
    def made_at(self) -> datetime:
        """When it was made."""
        return parse_moment(self.manifest.made_at)

    def file(self, name: str) -> FileOf | None:
        """Return one of its files, None for a name that the manifest does not hold."""
        return next((one for one in self.manifest.files if one.name == name), None)


def root() -> Path:
    """Return the directory of all exports."""
    return Path(settings.ASSAY_OPEN_DATA_DIR)


def list_exports() -> list[Export]:
    """Return all whole exports, the newest first."""
    found = [path for path in root().glob("*/") if _NAME.fullmatch(path.name)] if root().is_dir() else []
    by_age = sorted(found, key=lambda path: (path.name[:10], int(path.name[11:])), reverse=True)
    return [Export(path.name, manifest) for path in by_age if (manifest := _read(path)) is not None]


def newest_export() -> Export | None:
    """Return the newest export, None before the first."""
    return next(iter(list_exports()), None)


def find_export(name: str) -> Export:
    """Return an export by its name, `latest` for the newest; raises ExportUnknown."""
    if name == "latest":
        found = newest_export()
    else:
        manifest = _read(root() / name) if _NAME.fullmatch(name) else None
        found = Export(name, manifest) if manifest else None
    if found is None:
        sentence = say("there is no export {name}; /open-data lists those that are kept", name=repr(name[:40]))
        raise ExportUnknown(sentence)
    return found


def path_of(export: Export, name: str) -> Path:
    """Return where a file of an export lies; raises ExportUnknown for a name that the manifest does not hold."""
    if name not in (MANIFEST, SIGNATURE, SUMS) and export.file(name) is None:
        raise ExportUnknown(say("export {export} has no file {name}", export=export.name, name=repr(name[:60])))
    return root() / export.name / name


def _read(directory: Path) -> Manifest | None:
    """Return the manifest of an export; None where there is none, as while an old one is being removed."""
    path = directory / MANIFEST
    try:
        return _parse(path, path.stat().st_mtime_ns)
    except (OSError, ValidationError):
        return None


@lru_cache(maxsize=64)
def _parse(path: Path, changed: int) -> Manifest:
    return Manifest.model_validate_json(path.read_bytes())
