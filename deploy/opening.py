"""Entry 0 of a new node: it says its name, its territory and its public keys."""

from typing import Any

from django.conf import settings
from django.utils import timezone

from deploy.keys import LOG_KEY, STATEMENT_KEY, WITNESS_KEY, read_public_jwk, read_signer
from ledger.errors import LedgerError
from ledger.reader import read_entry
from register import commands
from register.intake.demonstration import START


def opening_terms() -> dict[str, Any]:
    """Return what `register.opened` says of this node, from its settings and keys."""
    directory = settings.ASSAY_KEYS_DIR
    return {
        "name": settings.ASSAY_TITLE,
        "territory": settings.ASSAY_TERRITORY,
        "operator": settings.ASSAY_OPERATOR,
        "vkey": str(read_signer(directory / LOG_KEY).verifier),
        "witness_vkey": str(read_signer(directory / WITNESS_KEY).verifier),
        "statement_jwk": read_public_jwk(directory / STATEMENT_KEY),
        "demonstration": settings.ASSAY_DEMO,
    }


def is_open() -> bool:
    """Tell whether the ledger has its first entry."""
    try:
        read_entry(settings.ASSAY_ORIGIN, 0)
    except LedgerError:
        return False
    return True


def ensure_open() -> None:
    """Open the register unless its ledger has an entry 0; a demonstration opens on the day its story begins."""
    if not is_open():
        clock = (lambda: START) if settings.ASSAY_DEMO else timezone.now
        commands.open_register(opening_terms(), clock=clock)
