"""Claims: what a credential says of itself, its issuer and what it awards, in the register's codes; never its holder.

One module a data model; `read_claims` picks it by what the document says it is.
"""

from __future__ import annotations

from register.credentials.claims import blockcerts, elm, openbadge, vc
from register.credentials.claims.vc import list_types
from register.credentials.presented import Claims, Presented

_BADGES = frozenset({"OpenBadgeCredential", "AchievementCredential"})
_TRANSCRIPTS = frozenset({"ClrCredential"})
_EUROPEAN = frozenset({"EuropeanDigitalCredential", "EuropassCredential"})


def read_claims(presented: Presented) -> Claims:
    """Return what a credential says, whether or not it is true.

    Raises NotGenuine(`malformed_…`) for a document whose issuer or dates cannot be what they are said to be.
    """
    if presented.format.startswith("blockcerts"):
        return blockcerts.read_claims(presented)
    types = list_types(presented.document)
    if presented.format.startswith("edc") or types & _EUROPEAN:
        return elm.read_claims(presented)
    if types & (_BADGES | _TRANSCRIPTS):
        return openbadge.read_claims(presented, "clr" if types & _TRANSCRIPTS else "openbadge")
    return vc.read_claims(presented)
