"""Whose cosignatures a peer's checkpoint needs: the operator's policy, and how a checkpoint stands to it.

`ASSAY_POLICY_FILE` is a C2SP tlog-policy file. Without one, the policy follows from the recognised peers: any one of
their witnesses, other than that of the log itself, has seen the checkpoint. Whether a checkpoint that lacks
cosignatures is followed (`open`) or not (`closed`) is `ASSAY_COSIGN_POLICY`; either way the lack is shown.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from federation.cosigners import WITNESSING, keep_cosignatures
from federation.errors import FederationError, HeldBack
from federation.peers import Peer, list_peers
from ledger.signer import read_verifiers
from ledger.tlog.checkpoint import parse_checkpoint_note
from ledger.tlog.errors import PolicyMalformed, QuorumMissing
from ledger.tlog.note import COSIGNATURE, ED25519, VerifierKey
from ledger.tlog.policy import (
    MAX_POLICY_BYTES,
    NONE,
    Policy,
    PolicyGroup,
    PolicyLog,
    PolicyWitness,
    check_quorum,
    parse_policy,
)
from register.sentences import cite, say

CLOSED = "closed"
ANY_PEER = "any-peer"
"""The name of the one group of the derived policy."""


class PolicyUnusable(FederationError):
    """The policy file cannot be read or contradicts itself; nothing is followed until it is mended."""

    code = "policy_unusable"


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a checkpoint stands to the policy.

    `have`: names of the policy's witnesses that cosigned it, `wanted`: how many it takes at least, `met`: whether those
    that did are enough. `reason` says what is missing; empty when met.
    """

    have: tuple[str, ...]
    wanted: int
    met: bool
    reason: str = ""


def read_policy(origin: str | None = None) -> Policy:
    """Return the operator's policy, or without a file the derived one, for the log of `origin` (None: for any log).

    The file says the same of every log. Raises `PolicyUnusable`.
    """
    path = Path(settings.ASSAY_POLICY_FILE)
    try:
        with path.open("rb") as file:
            return parse_policy(file.read(MAX_POLICY_BYTES + 1))
    except FileNotFoundError:
        return derive_policy(list_peers(*WITNESSING), origin)
    except (OSError, PolicyMalformed) as error:
        raise PolicyUnusable(
            say("expected a tlog-policy file in ASSAY_POLICY_FILE, got something else: {fault}", fault=cite(error))
        ) from error


def derive_policy(peers: list[Peer], origin: str | None = None) -> Policy:
    """Return the policy that any one witness of these peers suffices, but not the witness of the log itself.

    Our own is left out as well: it would vouch for nothing that we have not seen. With nobody left, none is wanted.
    """
    left_out = {key.public_key for key in read_verifiers()}
    left_out |= {key.public_key for peer in peers if peer.origin == origin for key in peer.witness_keys}
    logs = _distinct((key for peer in peers for key in peer.keys if key.type == ED25519), set())
    keys = _distinct((key for peer in peers for key in peer.witness_keys if key.type == COSIGNATURE), left_out)
    # Names of keys may repeat, those of a policy's witnesses may not.
    witnesses = tuple(PolicyWitness(f"{key.name}:{key.public_key.hex()[:16]}", key) for key in keys)
    groups = (PolicyGroup(ANY_PEER, 1, tuple(witness.name for witness in witnesses)),) if witnesses else ()
    return Policy(tuple(map(PolicyLog, logs)), witnesses, groups, ANY_PEER if witnesses else NONE)


def judge(peer: Peer, note: bytes) -> Judgement:
    """Hold a checkpoint of this peer's against the policy; its log's signature is the caller's to check.

    Raises `PolicyUnusable`, and `TlogError` for what is no checkpoint.
    """
    policy = read_policy(peer.origin)
    parsed, _ = parse_checkpoint_note(note)
    now = int(time.time())
    signed = {witness.key for witness in policy.witnesses if keep_cosignatures(parsed, (witness.key,), now)}
    have, wanted = tuple(sorted(key.name for key in signed)), count_wanted(policy)
    try:
        _insist_on_log(policy, peer)
        check_quorum(policy, signed)
    except QuorumMissing as error:
        return Judgement(have, wanted, False, str(error))
    return Judgement(have, wanted, True)


def hold_to_policy(peer: Peer, note: bytes) -> Judgement:
    """Judge a checkpoint before it is followed: raises `HeldBack` when it lacks cosignatures and the policy is closed.

    Raises as `judge` does, too, so that a policy file that cannot be used is never the same as no policy.
    """
    judgement = judge(peer, note)
    if not judgement.met and settings.ASSAY_COSIGN_POLICY == CLOSED:
        raise HeldBack(
            say(
                "the newest checkpoint of {peer} waits for cosignatures, {have} of {wanted} are there: {reason}",
                peer=peer.name,
                have=len(judgement.have),
                wanted=judgement.wanted,
                reason=cite(judgement.reason),
            )
        )
    return judgement


def count_wanted(policy: Policy) -> int:
    """Return the smallest number of witnesses that can make the policy's quorum."""
    least = {witness.name: 1 for witness in policy.witnesses}
    for group in policy.groups:
        least[group.name] = sum(sorted(least[member] for member in group.members)[: group.threshold])
    return 0 if policy.quorum == NONE else least[policy.quorum]


def _insist_on_log(policy: Policy, peer: Peer) -> None:
    """Raise `QuorumMissing` when the policy names logs and this is none of them."""
    named = {log.key.public_key for log in policy.logs}
    if named and not any(key.public_key in named for key in peer.keys):
        raise QuorumMissing(
            say("expected {origin} among the logs of the policy file, it is not; add its log line", origin=peer.origin)
        )


def _distinct(keys: Iterable[VerifierKey], left_out: set[bytes]) -> tuple[VerifierKey, ...]:
    found = {key.public_key: key for key in keys}
    return tuple(key for public_key, key in found.items() if public_key not in left_out)
