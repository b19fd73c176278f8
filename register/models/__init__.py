"""The read model: what the entries of all ledgers say, unfolded into rows.

Rows are derived. `register.projection` alone writes them, from stored entries; `manage.py rebuild` makes the same
rows again, byte for byte, so no row has a key or a value that depends on when or how it was written.
"""

from register.models.claims import IdentifierClaim, SearchWord
from register.models.progress import Cursor, Happening
from register.models.versions import (
    VERSIONS,
    AccreditationVersion,
    AgencyVersion,
    BatchVersion,
    CredentialVersion,
    ForkVersion,
    IssuerVersion,
    KeyVersion,
    MandateVersion,
    PeerVersion,
    ProgrammeVersion,
    RegisterVersion,
    RelationVersion,
    Version,
    WithdrawalVersion,
)

__all__ = [
    "VERSIONS",
    "AccreditationVersion",
    "AgencyVersion",
    "BatchVersion",
    "CredentialVersion",
    "Cursor",
    "ForkVersion",
    "Happening",
    "IdentifierClaim",
    "IssuerVersion",
    "KeyVersion",
    "MandateVersion",
    "PeerVersion",
    "ProgrammeVersion",
    "RegisterVersion",
    "RelationVersion",
    "SearchWord",
    "Version",
    "WithdrawalVersion",
]
