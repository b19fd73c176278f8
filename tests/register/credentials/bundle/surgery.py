"""Surgery on bundles: members swapped, with a manifest that fits and is well signed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from hashlib import sha256

from register.credentials.bundle.archive import MANIFEST, Archive, Member, pack
from register.credentials.bundle.ledger import split_entries
from register.credentials.bundle.manifest import read_manifest, sign_manifest
from register.credentials.bundle.writing import ENTRIES
from tests.bundles import STATEMENT


def swap(bundle: bytes, members: Mapping[str, bytes]) -> bytes:
    """The bundle with other contents of some members, listed and signed as if nothing were wrong."""
    manifest = read_manifest(Archive(bundle).manifest)
    listed = tuple(
        Member(one.name, len(members[one.name]), sha256(members[one.name]).hexdigest()) if one.name in members else one
        for one in manifest.members
    )
    signed = sign_manifest(manifest.model_copy(update={"members": listed}), STATEMENT)
    return repack(bundle, {**members, MANIFEST: signed})


def repack(bundle: bytes, members: Mapping[str, bytes | None], *more: tuple[str, bytes]) -> bytes:
    """The bundle with other contents of some members, without those that are None; `more` go before the manifest."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            for extra in more if name == MANIFEST else ():
                new.writestr(*extra)
            content = members.get(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return out.getvalue()


def cut_out(bundle: bytes, index: int) -> bytes:
    """The bundle without one entry of its first ledger, which the index still names."""
    archive = Archive(bundle)
    name = archive.list_names("0/entries/")[index // ENTRIES]
    kept = {at: entry for at, entry in split_entries(archive.unpack(name), name).items() if at != index}
    framed = [at.to_bytes(8, "big") + len(entry).to_bytes(2, "big") + entry for at, entry in kept.items()]
    return swap(bundle, {name: pack(b"".join(framed))})
