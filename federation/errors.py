"""What can go wrong between nodes, one class per kind of fault, all under `FederationError`.

A message says what was expected, what came and what to do; it is shown to operators, so it never holds a key's secret
half, a token, or more than a few words of what a peer sent. `code` is stable and names the fault on pages and in JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from register.outgoing import errors as outgoing


class FederationError(Exception):
    """Base of every error this app raises on purpose."""

    code: ClassVar[str] = "federation"


class UnknownPeer(FederationError):
    """No peer of that origin or id is recognised here."""

    code = "peer_unknown"


class PeerRefused(FederationError):
    """A node cannot be recognised as a peer, or not on these terms."""

    code = "peer_refused"


class TransportError(FederationError):
    """Base of the reasons why something could not be fetched from, or sent to, another node."""

    code = "transport"


class AddressForbidden(TransportError):
    """The address leads where a node must not go: loopback, private networks, another scheme, odd ports."""

    code = "address_forbidden"


class Unreachable(TransportError):
    """No connection, or it broke: name resolution, refusal, TLS, an answer that is no HTTP."""

    code = "unreachable"


class TooSlow(TransportError):
    """The answer did not come in the time allowed for it."""

    code = "too_slow"


class TooLarge(TransportError):
    """The answer is longer than what was asked for can be, before or after decompression."""

    code = "too_large"


class UnexpectedAnswer(TransportError):
    """An answer of another status or content type than the protocol's; `status` is its HTTP status."""

    code = "unexpected_answer"

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@contextmanager
def translate_transport() -> Iterator[None]:
    """Raise faults of register.outgoing as this app's own, with the same words."""
    try:
        yield
    except outgoing.UnexpectedAnswer as error:
        raise UnexpectedAnswer(str(error), error.status) from error
    except outgoing.OutgoingError as error:
        raise _TRANSPORT[type(error)](str(error)) from error


_TRANSPORT: dict[type[outgoing.OutgoingError], type[TransportError]] = {
    outgoing.AddressForbidden: AddressForbidden,
    outgoing.Unreachable: Unreachable,
    outgoing.TooSlow: TooSlow,
    outgoing.TooLarge: TooLarge,
}


class CheckpointInvalid(FederationError):
    """A peer's checkpoint is malformed, or not signed by a key we trust for it."""

    code = "checkpoint_invalid"


class EntriesInvalid(FederationError):
    """What was served as a peer's entries or tiles is not what it signed; nothing of it was stored."""

    code = "entries_invalid"


class HeldBack(FederationError):
    """A checkpoint is sound but lacks the cosignatures that our policy asks for before it is followed."""

    code = "quorum_missing"


class PeerFrozen(FederationError):
    """The peer's log has forked or gone back: it stays at the last consistent state until the operator decides."""

    code = "peer_frozen"


class PeerBusy(FederationError):
    """Another worker follows this peer right now."""

    code = "peer_busy"


class NotFollowed(FederationError):
    """The peer is paused or withdrawn: its log is not copied any further until the operator says so."""

    code = "peer_not_followed"


class TooManyEntries(FederationError):
    """The peer's log is longer than `ASSAY_PEER_MAX_ENTRIES` allows; nothing beyond that is copied."""

    code = "too_many_entries"


class RecoveryRefused(FederationError):
    """Our own log cannot be brought back from these mirrors, or not without a decision of the operator's."""

    code = "recovery_refused"
