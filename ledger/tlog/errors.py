"""What can go wrong with a log, one class per kind of fault, all under `TlogError`.

A message says what was expected, what came and what to do. It never holds a key or an entry's content.
"""

from __future__ import annotations

from collections.abc import Sequence


class TlogError(ValueError):
    """Base of every error this library raises on purpose."""


class ProofInvalid(TlogError):
    """A proof, a tile or a run of entries does not lead to the signed root."""


class NoteMalformed(TlogError):
    """The bytes are not a signed note, a key line or a signature line (C2SP signed-note)."""


class SignatureInvalid(TlogError):
    """A signature line names a known key and does not verify under it: the whole note is refused."""


class UnknownKey(TlogError):
    """No signature of the note is by a key the caller trusts."""


class CheckpointMalformed(TlogError):
    """The note's text is not a checkpoint, or not one of the log asked for (C2SP tlog-checkpoint)."""


class TileMalformed(TlogError):
    """A tile path, tile or entry bundle has the wrong form or length (C2SP tlog-tiles)."""


class ProofMalformed(TlogError):
    """The text is not a `c2sp.org/tlog-proof@v1` proof."""


class ForkMalformed(TlogError):
    """The bytes are not an `assay/fork-proof@v1` file."""


class ForkUnproven(TlogError):
    """Two checkpoints may both be true, for all that is shown: nobody is convicted."""


class PolicyMalformed(TlogError):
    """The bytes are not a C2SP tlog-policy file."""


class QuorumMissing(TlogError):
    """The checkpoint is signed, but the witnesses that cosigned it do not make the policy's quorum."""


class CanonicalFormError(TlogError):
    """A value has no RFC 8785 form here, or bytes are not in that form."""


class NodeMissing(TlogError):
    """A node reader returned too few hashes, or something that is not a hash."""


class Stale(TlogError):
    """A checkpoint is older than allowed, carries no time, or carries a time in the future."""


class Rollback(TlogError):
    """A log showed a smaller tree than it had signed before.

    `older` is the note already trusted, `newer` the one refused: both are signed, keep them.
    """

    def __init__(self, message: str, older: bytes | None, newer: bytes) -> None:
        super().__init__(message)
        self.older = older
        self.newer = newer


class InconsistentCheckpoints(TlogError):
    """Two checkpoints signed by one log do not belong to one history: evidence of a fork.

    `older` and `newer` are the exact notes, `proof` the consistency proof that failed (empty when both
    have the same size). `conclusive` is true when the two notes alone convict the log (same size,
    different roots); otherwise a third party may have garbled the proof: fetch it again, by another way,
    before accusing anybody, and keep the evidence either way.
    """

    def __init__(
        self, message: str, older: bytes | None, newer: bytes, proof: Sequence[bytes], *, conclusive: bool
    ) -> None:
        super().__init__(message)
        self.older = older
        self.newer = newer
        self.proof = tuple(proof)
        self.conclusive = conclusive
