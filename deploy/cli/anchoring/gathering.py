"""Gathering: the credentials in files and directories, by name and digest; one at a time, nothing of them is kept.

The name of a credential is its file's path below the place that all files share; of several in one file each has a
number behind it. A file that ends in `.jsonl` or `.ndjson` holds a credential a line.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.cli.anchoring import AnchoringError, handing_out, registration, sealing, whole_files
from register.credentials.commitments import digest
from register.credentials.errors import CredentialError, NotACredential
from register.credentials.reading import MOST_BYTES, read
from register.credentials.reading.parts import RECEIPT_ENDING

LINES: Final = (".jsonl", ".ndjson")
_OURS: Final = (
    RECEIPT_ENDING,
    handing_out.LINES_ENDING,
    registration.ENDING,
    sealing.ENDING,
    whole_files.UNFINISHED,
)


@dataclass(slots=True)
class Gathered:
    """What was found: `names` and `digests` of credentials, files that are none, and those that cannot be anchored."""

    names: list[str] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sources:
    """The files to be read, below `base`. `named` are those that were named themselves: they have to be credentials."""

    base: Path
    files: Sequence[Path]
    named: frozenset[Path]


def find_sources(paths: Sequence[Path]) -> Sources:
    """Find the files to be read: those named, and all below the directories named, but hidden ones and our own.

    Raises AnchoringError for what is not there.
    """
    for path in paths:
        if not path.exists():
            raise AnchoringError(f"{path} is not there")
    places = [Path(os.path.abspath(path)) for path in paths]  # links keep the names they have here
    base = Path(os.path.commonpath([place if place.is_dir() else place.parent for place in places]))
    named = [place for place in places if not place.is_dir()]
    below = [file for place in places if place.is_dir() for file in _walk(place)]
    return Sources(base, list(dict.fromkeys([*named, *below])), frozenset(named))


def gather(sources: Sources, advance: Callable[[int], object]) -> Gathered:
    """Read all files and return what was found; raises OSError when one cannot be read."""
    found = Gathered()
    for path in sources.files:
        name = path.relative_to(sources.base).as_posix()
        if path.suffix.lower() in LINES:
            _gather_lines(path, name, found)
        elif path.stat().st_size > MOST_BYTES:
            found.refused.append((name, f"is larger than {MOST_BYTES >> 20} MiB"))
        else:
            _gather_one(path.read_bytes(), name, found, named=path in sources.named)
        advance(1)
    return found


def _walk(directory: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(folder, name)
            if not name.startswith(".") and not name.endswith(_OURS) and path.is_file():
                yield path


def _gather_lines(path: Path, name: str, found: Gathered) -> None:
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(MOST_BYTES + 1), b""), start=1):
            if line.strip():
                _gather_one(line, f"{name}.{number}", found, named=True)


def _gather_one(data: bytes, name: str, found: Gathered, *, named: bool) -> None:
    """Add the credentials in some bytes; what is none is left out, unless it was said to be one."""
    try:
        name.encode()
        digests = [digest(presented) for presented in read(data)]
    except NotACredential as error:
        if named:
            found.refused.append((name, error.message))
        else:
            found.others.append(name)
    except CredentialError as error:
        found.refused.append((name, error.message))
    except UnicodeEncodeError:
        found.refused.append((name, "has a name that is no text; rename the file"))
    else:
        found.digests += digests
        found.names += [name] if len(digests) == 1 else [f"{name}.{number + 1}" for number in range(len(digests))]
