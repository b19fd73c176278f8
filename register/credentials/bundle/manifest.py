"""Manifest: what a bundle holds, from when it is and for whom, under the signature of the node that made it.

Compact JWS (RFC 7515) with the header `{"alg": "Ed25519", "typ": "assay-bundle+jws", "kid": …}`, signed by the node's
key for statements, which entry 0 of its ledger names. The signature says that the node left nothing out; that what is
in the bundle stands in the ledgers is proven apart from it, by their checkpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, ValidationError

from register.credentials.bundle.archive import MOST_MANIFEST, Member
from register.credentials.bundle.index import MOST_INDEXED
from register.credentials.errors import BadBundle
from register.key_chain import Handover
from register.moments import Instant
from register.trust.statement import ALGORITHM

TYPE: Final = "assay-bundle+jws"
FORMAT: Final = 1
_MOST_LEDGERS: Final = 1_000
_Name = Annotated[str, Field(min_length=1, max_length=600)]


class BundledLedger(BaseModel):
    """One ledger: its name, the size its checkpoint signs, how many of its entries are here and where they lie.

    `issuers` are the ids of those about whom all is here that questions may need; None: about all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    origin: _Name
    own: StrictBool
    folder: Annotated[str, Field(pattern=r"^[0-9]{1,4}$")]
    size: Annotated[StrictInt, Field(ge=1, lt=MOST_INDEXED)]
    entries: Annotated[StrictInt, Field(ge=1, lt=MOST_INDEXED)]
    issuers: tuple[_Name, ...] | None = None


class Manifest(BaseModel):
    """What the node signs.

    `issuers` are the identifiers the bundle was asked for, None for everything. `freshness_seconds` is how old the
    node lets a register's word be where its own ledger says nothing else. `handover` leads from former keys of the
    node's log to the present one (register/key_chain.py).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: StrictInt
    node: _Name
    made_at: Instant
    issuers: tuple[_Name, ...] | None
    freshness_seconds: Annotated[StrictInt, Field(ge=1)]
    ledgers: Annotated[tuple[BundledLedger, ...], Field(min_length=1, max_length=_MOST_LEDGERS)]
    handover: tuple[Handover, ...]
    members: tuple[Member, ...]

    @property
    def own(self) -> BundledLedger:
        """The ledger of the node that made the bundle."""
        return self.ledgers[0]


def sign_manifest(manifest: Manifest, key: OKPKey) -> bytes:
    """Sign a manifest with the node's private Ed25519 key."""
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.thumbprint()}
    return jws.serialize_compact(header, manifest.model_dump_json().encode(), key, algorithms=[ALGORITHM]).encode()


def read_manifest(signed: bytes) -> Manifest:
    """Return what a manifest says before its signature can be checked; raises BadBundle for what is none."""
    try:
        found = jws.extract_compact(signed, registry=_REGISTRY)
        header, payload = found.headers(), found.payload
    except (JoseError, ValueError, RecursionError) as error:
        raise BadBundle("no_bundle", f"expected a signed manifest, got {type(error).__name__}") from None
    if header.get("alg") != ALGORITHM or header.get("typ") != TYPE or set(header) != {"alg", "typ", "kid"}:
        raise BadBundle("no_bundle", f"expected a manifest with alg {ALGORITHM!r}, typ {TYPE!r} and kid in its header")
    try:
        manifest = Manifest.model_validate_json(payload)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, fault["loc"][:4]))
        raise BadBundle("no_bundle", f"the manifest cannot be read: {place[:80]}: {fault['msg'][:120]}") from None
    _check(manifest)
    return manifest


def _check(manifest: Manifest) -> None:
    if manifest.format != FORMAT:
        raise BadBundle("unknown_format", f"expected a bundle of format {FORMAT}, got {manifest.format}; update assay")
    origins, folders = ([getattr(one, name) for one in manifest.ledgers] for name in ("origin", "folder"))
    first, *others = [ledger.own for ledger in manifest.ledgers]
    if len(set(origins)) < len(origins) or len(set(folders)) < len(folders) or not first or any(others):
        raise BadBundle("no_bundle", "expected each ledger once in the manifest, the node's own first")


def check_signature(signed: bytes, jwk: Mapping[str, Any]) -> None:
    """Raise BadBundle unless a manifest is signed with the key that entry 0 names (`statement_jwk`)."""
    members = {name: value for name, value in jwk.items() if name in ("kty", "crv", "x")}
    try:
        key = OKPKey.import_key(members)
        found = jws.extract_compact(signed, registry=_REGISTRY)
        if found.headers()["kid"] != key.thumbprint() or key.curve_name != ALGORITHM:
            raise BadBundle(
                "not_signed", "the bundle is signed by another key than the one that entry 0 of its ledger names"
            )
        jws.deserialize_compact(signed, key, algorithms=[ALGORITHM], registry=_REGISTRY)
    except (JoseError, ValueError) as error:
        raise BadBundle("not_signed", f"the bundle's signature does not hold: {type(error).__name__}") from None


_REGISTRY: Final = jws.JWSRegistry(algorithms=[ALGORITHM])
_REGISTRY.max_payload_length = MOST_MANIFEST
