"""The cosignatures that this node asks for before it follows a checkpoint, in words and for JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext, ngettext

from federation.peers import WITHDRAWN, Peer
from federation.policy import PolicyUnusable, count_wanted, judge, read_policy
from ledger.errors import KeyUnusable
from ledger.logs import SignedCheckpointRow

CLOSED = "closed"
KEYS_UNUSABLE = "A key of the ledger or of a witness cannot be read."
"""Without them nobody can tell our own witness from others; the text is that of anchoring (register/credentials)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How many of how many witnesses are wanted; `wanted` is None when the policy file, or our keys, cannot be used."""

    mode: str
    from_file: bool
    witnesses: int
    wanted: int | None
    keys: bool = True

    @property
    def sentences(self) -> tuple[str, ...]:
        """What it means for a peer's checkpoint."""
        if not self.keys:
            return (gettext(KEYS_UNUSABLE),)
        if self.wanted is None:
            return (gettext("The operator’s policy file cannot be used as it is."), *self._else())
        if self.wanted == 0:
            return (gettext("No cosignature by another witness is asked for."),)
        return (self._quorum(), *self._else())

    def _quorum(self) -> str:
        if not self.from_file:
            return gettext("A peer’s checkpoint is to be countersigned by one further peer at least.")
        counts = {"wanted": self.wanted, "all": self.witnesses}
        return (
            ngettext(
                "A peer’s checkpoint is to be countersigned by the one witness of the operator’s policy.",
                "A peer’s checkpoint is to be countersigned by %(wanted)d at least of the %(all)d witnesses of the "
                "operator’s policy.",
                self.witnesses,
            )
            % counts
        )

    def _else(self) -> tuple[str, ...]:
        if self.mode == CLOSED:
            return (gettext("Until it is, nothing of it is taken over."),)
        return (gettext("Where that is missing its entries are taken over all the same, and the lack is shown."),)

    def tell(self) -> dict[str, Any]:
        """Return it for JSON."""
        source = "file" if self.from_file else "peers"
        return {"mode": self.mode, "source": source, "witnesses": self.witnesses, "wanted": self.wanted}


def read_terms() -> Terms:
    """Return this node's terms."""
    from_file = Path(settings.ASSAY_POLICY_FILE).exists()
    try:
        policy = read_policy()
    except PolicyUnusable:
        return Terms(settings.ASSAY_COSIGN_POLICY, from_file, 0, None)
    except KeyUnusable:
        return Terms(settings.ASSAY_COSIGN_POLICY, from_file, 0, None, keys=False)
    return Terms(settings.ASSAY_COSIGN_POLICY, from_file, len(policy.witnesses), count_wanted(policy))


def hold_against(peer: Peer, head: SignedCheckpointRow | None) -> str:
    """Say whether a peer's newest checkpoint has the cosignatures that are asked for; empty where nobody asks."""
    if head is None or peer.status == WITHDRAWN:
        return ""
    try:
        found = judge(peer, head.note)
    except PolicyUnusable:
        return gettext("not known: the operator’s policy file cannot be used")
    except KeyUnusable:
        return gettext(KEYS_UNUSABLE)
    if found.met:
        return gettext("enough for our policy") if found.wanted else gettext("none are asked for")
    if len(found.have) >= found.wanted:
        return gettext("not those that our policy asks for")
    counts = {"have": len(found.have), "wanted": found.wanted}
    return gettext("too few for our policy: %(have)d of at least %(wanted)d") % counts
