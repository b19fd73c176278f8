"""Trust policies: which logs are accepted and which witnesses must have cosigned (C2SP tlog-policy).

A policy file is octets. It is held here as text with `surrogateescape`, which is reversible octet by octet, so names
compare as octets and nothing is normalised.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from ledger.tlog.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.tlog.errors import NoteMalformed, PolicyMalformed, QuorumMissing
from ledger.tlog.note import COSIGNATURE, ED25519, ML_DSA_44, VerifierKey, parse_vkey

MAX_POLICY_BYTES = 1 << 18
MAX_MEMBERS = 256
NONE = "none"

_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_WHITESPACE = re.compile("[ \t]+")
_THRESHOLD = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
_LOG_TYPES = (ED25519, ML_DSA_44)
_WITNESS_TYPES = (COSIGNATURE, ML_DSA_44)


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log whose checkpoints are accepted; the key's name is the log's origin."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyWitness:
    """A witness, under a name that has a meaning only inside the policy."""

    name: str
    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyGroup:
    """A group that counts as a witness once `threshold` of its members have witnessed."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Logs, witnesses, groups in the order they build on each other, and the quorum (`none`: no cosignature needed).

    Raises `PolicyMalformed` for a policy that contradicts itself. Keys of types that cannot be verified here may be
    named; their witnesses never count as having cosigned.
    """

    logs: tuple[PolicyLog, ...] = ()
    witnesses: tuple[PolicyWitness, ...] = ()
    groups: tuple[PolicyGroup, ...] = ()
    quorum: str = NONE

    def __post_init__(self) -> None:
        _insist_on_keys([log.key for log in self.logs], _LOG_TYPES, "log")
        _insist_on_keys([witness.key for witness in self.witnesses], _WITNESS_TYPES, "witness")
        names = _Names()
        for witness in self.witnesses:
            names.define(witness.name)
        for group in self.groups:
            names.group(group)
        names.insist_on_quorum(self.quorum)

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """All log and witness keys."""
        return (*(log.key for log in self.logs), *(witness.key for witness in self.witnesses))


@dataclass(slots=True)
class _Names:
    """The namespace witnesses and groups share, as it grows line by line."""

    defined: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    def define(self, name: str) -> None:
        if not name or name == NONE or name in self.defined or re.search("[ \t\n]", name):
            raise PolicyMalformed(f"expected a new name other than 'none' and without spaces, got {name!r}; rename it")
        self.defined.add(name)

    def group(self, group: PolicyGroup) -> None:
        for member in group.members:
            if member not in self.defined or member in self.used:
                raise PolicyMalformed(
                    f"expected members defined before and in no group yet, got {member!r} in {group.name!r}"
                )
            self.used.add(member)
        if not 1 <= group.threshold <= len(group.members):
            raise PolicyMalformed(
                f"expected a threshold from 1 to {len(group.members)} in {group.name!r}, got {group.threshold}"
            )
        self.define(group.name)

    def insist_on_quorum(self, name: str) -> None:
        if name != NONE and name not in self.defined:
            raise PolicyMalformed(f"expected the quorum to be 'none' or a name defined before, got {name!r}")


@dataclass(slots=True)
class _Draft:
    """A policy being read; each method takes one line's items after the keyword."""

    logs: list[PolicyLog] = field(default_factory=list)
    witnesses: list[PolicyWitness] = field(default_factory=list)
    groups: list[PolicyGroup] = field(default_factory=list)
    quorums: list[str] = field(default_factory=list)
    names: _Names = field(default_factory=_Names)

    def read(self, items: Sequence[str]) -> None:
        match items:
            case ["log", vkey, *url] if len(url) <= 1:
                self.logs.append(PolicyLog(parse_vkey(vkey), *url))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self.names.define(name)
                self.witnesses.append(PolicyWitness(name, parse_vkey(vkey), *url))
            case ["group", name, threshold, *members] if 1 <= len(members) <= MAX_MEMBERS:
                group = PolicyGroup(name, _read_threshold(threshold, len(members)), tuple(members))
                self.names.group(group)
                self.groups.append(group)
            case ["quorum", name]:
                self.names.insist_on_quorum(name)
                self.quorums.append(name)
            case _:
                raise PolicyMalformed("expected a log, witness, group or quorum line with its items")

    def finish(self) -> Policy:
        if len(self.quorums) != 1:
            raise PolicyMalformed(f"expected exactly one quorum line, got {len(self.quorums)}")
        if max(len(self.logs), len(self.witnesses), len(self.groups)) > MAX_MEMBERS:
            raise PolicyMalformed(f"expected at most {MAX_MEMBERS} logs, witnesses and groups each, got more")
        return Policy(tuple(self.logs), tuple(self.witnesses), tuple(self.groups), self.quorums[0])


def parse_policy(data: bytes) -> Policy:
    """Read a policy file; raises `PolicyMalformed` naming the line."""
    if len(data) > MAX_POLICY_BYTES:
        raise PolicyMalformed(f"expected a policy of at most {MAX_POLICY_BYTES} bytes, got {len(data)}")
    if _FORBIDDEN.search(data) or not data.endswith(b"\n"):
        raise PolicyMalformed("expected lines that end in a newline, and no control characters but tab and newline")
    draft = _Draft()
    for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), start=1):
        items = _WHITESPACE.split(line.strip(" \t"))
        if items == [""] or items[0].startswith("#"):
            continue
        try:
            draft.read(items)
        except (PolicyMalformed, NoteMalformed) as error:
            raise PolicyMalformed(f"policy line {number}: {error}") from error
    return draft.finish()


def format_policy(policy: Policy) -> bytes:
    """Write a policy as a file that reads back as the same policy."""
    lines = [_line("log", str(log.key), log.url) for log in policy.logs]
    lines += [_line("witness", witness.name, str(witness.key), witness.url) for witness in policy.witnesses]
    lines += [_line("group", group.name, str(group.threshold), *group.members) for group in policy.groups]
    lines.append(_line("quorum", policy.quorum))
    return "".join(lines).encode("utf-8", "surrogateescape")


def check_quorum(policy: Policy, cosigners: Collection[VerifierKey]) -> None:
    """Raise `QuorumMissing` unless the witnesses behind these keys make the policy's quorum."""
    if policy.quorum == NONE:
        return
    witnessed = {witness.name for witness in policy.witnesses if witness.key in cosigners}
    for group in policy.groups:
        if sum(member in witnessed for member in group.members) >= group.threshold:
            witnessed.add(group.name)
    if policy.quorum not in witnessed:
        raise QuorumMissing(
            f"expected cosignatures that make the quorum {policy.quorum!r}, got those of "
            f"{sorted(witnessed) or 'no witness'}; wait for more witnesses or fetch a newer checkpoint"
        )


def open_with_policy(data: bytes, policy: Policy, log_keys: Iterable[VerifierKey] = ()) -> SignedCheckpoint:
    """Verify a checkpoint by a policy: signed by one of its logs (or of `log_keys`) and cosigned by its quorum."""
    signed = open_checkpoint(data, (*policy.keys, *log_keys))
    check_quorum(policy, {cosignature.key for cosignature in signed.cosignatures})
    return signed


def _insist_on_keys(keys: Sequence[VerifierKey], types: Sequence[int], what: str) -> None:
    if len({key.public_key for key in keys}) != len(keys):
        raise PolicyMalformed(f"expected each {what} key once, got one twice; a {what} counts in one way only")
    for key in keys:
        if key.type not in types:
            raise PolicyMalformed(
                f"expected a {what} key of type {types[0]} or {types[1]}, got {key.type} ({key.name})"
            )


def _read_threshold(text: str, members: int) -> int:
    if text in ("any", "all"):
        return 1 if text == "any" else members
    if not _THRESHOLD.fullmatch(text):
        raise PolicyMalformed(f"expected any, all or a number as the group's threshold, got {text[:20]!r}")
    return int(text)


def _line(*items: str | None) -> str:
    return " ".join(item for item in items if item is not None) + "\n"
