"""Trust anchors: authorities that a verifier has reason to believe, and whether a certificate leads to one of them.

None are built in: which authorities issue seals (those of the EU trusted lists, say) and which tell the time is for
whoever verifies to choose. Without them a certificate's name and identifier are only its own word.

Sources: RFC 5280, section 6 (path validation, without policies and name constraints: a certificate that makes its
constraints critical leads to no anchor); ETSI EN 319 412-1, section 5.1.4 (organisation identifiers).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID

from register.credentials.errors import NotGenuine
from register.credentials.presented import SigningKey
from register.credentials.proofs.certificates import (
    MOST_CERTIFICATES,
    UNREADABLE,
    Certificate,
    find_extension,
    is_issued_by,
    read_certificate,
)
from register.identifiers import normalise_value
from register.sentences import say

_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)
"""Extensions that may be critical in a chain that is followed to an anchor; another may limit what it is good for."""


@dataclass(frozen=True, slots=True)
class TrustAnchors:
    """DER certificates of authorities that a verifier trusts: to issue certificates for seals, and to tell the time."""

    sealing: frozenset[bytes] = frozenset()
    timestamping: frozenset[bytes] = frozenset()


NO_ANCHORS: Final = TrustAnchors()


def read_anchors(pem: bytes) -> frozenset[bytes]:
    """Return the DER certificates in a PEM text, for TrustAnchors.

    Raises NotGenuine(`certificate_malformed`) when one cannot be read or there is none, also `weak_key`.
    """
    try:
        found = x509.load_pem_x509_certificates(pem)
    except UNREADABLE:
        raise NotGenuine(
            "certificate_malformed", say("Expected certificates in PEM, found none that can be read.")
        ) from None
    return frozenset(read_certificate(one.public_bytes(Encoding.DER)).der for one in found)


def find_anchor(
    chain: Sequence[Certificate], others: Iterable[Certificate], anchors: frozenset[bytes], at: datetime
) -> Certificate | None:
    """Return the trust anchor (one of the DER certificates of `anchors`) that a chain leads to, None if to none.

    Every certificate on the way has to be valid `at`, to be allowed to issue the one before it, and to limit itself by
    nothing that is not understood here. `others` are certificates that may lie between.
    """
    if not anchors:
        return None
    known = [*(read_certificate(der) for der in anchors), *chain[1:], *others]
    paths: list[tuple[Certificate, ...]] = [(chain[0],)]
    for _ in range(MOST_CERTIFICATES):
        paths = [path for path in paths if _is_sound(path, at)]
        for path in paths:
            if path[-1].der in anchors:
                return path[-1]
        paths = [
            (*path, issuer)
            for path in paths
            for issuer in known
            if issuer not in path and is_issued_by(path[-1].x509, issuer.x509)
        ][:MOST_CERTIFICATES]
    return None


def _is_sound(path: Sequence[Certificate], at: datetime) -> bool:
    """Judge the last certificate of a path: its dates, its critical extensions, and how many may stand below it."""
    last = path[-1]
    if not last.is_valid_at(at):
        return False
    if any(found.critical and found.oid not in _UNDERSTOOD for found in last.x509.extensions):
        return False
    constraints = find_extension(last.x509, x509.BasicConstraints)
    below = len(path) - 2
    return constraints is None or constraints.path_length is None or below <= constraints.path_length


def spell_identifier(certificate: Certificate) -> tuple[SigningKey, ...]:
    """Return the organisation identifier as a spelling of the key; only of a certificate that led to an anchor."""
    return spell_organisation(certificate.organization_identifier)


def spell_organisation(identifier: str | None) -> tuple[SigningKey, ...]:
    """Return how a register spells an organisation identifier; nothing for none, or one that it cannot read."""
    if identifier is None:
        return ()
    try:
        return (SigningKey("eidas", normalise_value("eidas", identifier)),)
    except ValueError:
        return ()
