"""Anchoring on the issuer's machine: what `assay anchor` is made of. Neither credentials nor salts leave it.

`gathering` reads credentials, `sealing` keeps a batch of them on disk before anything is posted, `registration` posts
root and count and waits for countersignatures, `handing_out` writes the receipts.
"""

from __future__ import annotations


class AnchoringError(Exception):
    """Anchoring cannot go on; the message is for the terminal. What was sealed stays, to be taken up again."""
