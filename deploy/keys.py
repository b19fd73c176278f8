"""A node's keys, made at its first start: one for the log, one for the witness, one for signed statements.

Files in DIR/keys, mode 0600, directory 0700: `log.key` and `witness.key` hold one line of signed-note private key
text (C2SP signed-note; types 1 and 4), `statement.jwk` an Ed25519 JWK (RFC 8037). No key serves two purposes.
A file that is there is never written again: losing it loses the node's name.
"""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from joserfc.jwk import OKPKey

from deploy.embedded import write_private
from ledger.tlog.note import COSIGNATURE, ED25519, Signer

LOG_KEY = "log.key"
WITNESS_KEY = "witness.key"
STATEMENT_KEY = "statement.jwk"


def witness_name(origin: str) -> str:
    """Return the witness's name: where it takes checkpoints, without scheme (C2SP tlog-cosignature, Format)."""
    return f"{origin.removesuffix('/ledger')}/witness"


def ensure_keys(directory: Path, origin: str) -> tuple[str, str]:
    """Make the keys that are missing; return the verifier keys of log and witness."""
    directory.mkdir(parents=True, exist_ok=True)
    os.chmod(directory, 0o700)
    log = ensure_signer(directory / LOG_KEY, origin, ED25519)
    witness = ensure_signer(directory / WITNESS_KEY, witness_name(origin), COSIGNATURE)
    statement = directory / STATEMENT_KEY
    if not statement.exists():
        key = OKPKey.generate_key("Ed25519", {"use": "sig"}, private=True)
        key.ensure_kid()
        write_private(statement, json.dumps(key.as_dict(private=True)))
    return str(log.verifier), str(witness.verifier)


def ensure_signer(path: Path, name: str, key_type: int) -> Signer:
    """Read a signing key, or make it when the file is not there."""
    if not path.exists():
        write_private(path, Signer.generate(name, secrets.token_bytes(32), key_type).to_text() + "\n")
    return read_signer(path)


def read_signer(path: Path) -> Signer:
    """Read a signing key from its file."""
    return Signer.from_text(path.read_text(encoding="utf-8").strip())


def read_public_jwk(path: Path) -> dict[str, Any]:
    """Return the public half of the key in a JWK file."""
    return dict(OKPKey.import_key(json.loads(path.read_text(encoding="utf-8"))).as_dict(private=False))
