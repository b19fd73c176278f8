"""The manifest of an export: what it belongs to, under which terms, which files with which sums."""

from __future__ import annotations

from typing import Final, Literal

from joserfc import jws
from pydantic import BaseModel

from register.api.node import statement_key
from register.opendata.files import FileOf
from register.trust.statement import ALGORITHM

TYPE: Final = "assay-open-data+jws"
"""`typ` of the signature: it stands for nothing else that the register signs."""


class Licence(BaseModel):
    """The terms: an SPDX identifier and where they stand."""

    spdx: str
    url: str


class Changes(BaseModel):
    """Which entries the change feed holds: those of indexes `since` up to `until`, not included."""

    since: int
    until: int


class Manifest(BaseModel):
    """`manifest.json`. Everything in the export is as the ledger had it at `tree_size`, which `checkpoint` signs.

    `checkpoint` is a signed note (C2SP tlog-checkpoint), `root` its tree's root in base64.
    """

    format: Literal["assay-open-data/1"] = "assay-open-data/1"
    name: str
    title: str
    operator: str
    node: str
    origin: str
    demonstration: bool
    made_at: str
    tree_size: int
    root: str
    checkpoint: str
    licence: Licence
    changes: Changes
    previous: str | None
    columns: dict[str, str]
    schema_url: str
    files: list[FileOf]


def sign(manifest: bytes) -> str:
    """Return a detached JWS (RFC 7515, appendix F) over a manifest's bytes, with the register's key for statements.

    Raises KeyUnusable.
    """
    key = statement_key()
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.thumbprint()}
    return jws.detach_content(jws.serialize_compact(header, manifest, key, algorithms=[ALGORITHM]))
