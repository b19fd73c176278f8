"""A register in memory that credentials are verified against: one accredited issuer, its keys, and a web of our own.

The ledger, its keys and cosignatures are those of tests/peers.py; what a `Registers` answers is what that node answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from register.credentials import commitments, reading
from register.credentials.errors import Unreachable
from register.credentials.ports import MOST_BYTES, LedgerKeys, Withdrawal, Withdrawals, decide_in_turn
from register.credentials.receipts import format_receipt
from register.credentials.report import Report
from register.credentials.status_lists import encode_list
from register.credentials.verification import verify
from register.sentences import say
from tests import anchored, ledgers
from tests.credential_forge import PEN, V2, Pen, seal
from tests.ledgers import ARCADIA, UTOPIA
from tests.peers import URL, Peer, open_peer
from tests.sealed import make_sealer

NOW: Final = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
LIST: Final = "https://status.example/lists/1"
ROR: Final = "https://ror.org/04dkp9463"
SEALER: Final = "VATNL-000099998B57"
"""The organizationIdentifier of tests/sealed.py's sealer."""


@dataclass
class World:
    """A node, what the web answers by address, and everything that was asked of either."""

    node: Peer = field(default_factory=lambda: open_named_peer())
    web: dict[str, bytes] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    questions: list[Mapping[str, str]] = field(default_factory=list)
    stale: bool = False
    unreachable: bool = False
    sent: tuple[str, ...] = ()
    unconfirmed_key: str | None = None

    def decide(self, params: Mapping[str, str]) -> Mapping[str, Any]:
        self.questions.append(dict(params))
        if self.unreachable:
            raise Unreachable("register_unreachable", "the register does not answer")
        return self.node.answer(params)

    def decide_by_keys(self, params: Mapping[str, str], keys: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        return decide_in_turn(self.decide, params, keys)

    def find_ledger(self, origin: str) -> LedgerKeys | None:
        if self.unreachable:
            raise Unreachable("register_unreachable", "the register does not answer")
        return anchored.find_ledger(origin)

    def find_withdrawals(self, issuer: str) -> Withdrawals:
        if self.unreachable:
            raise Unreachable("register_unreachable", "the register does not answer")
        state, uid = self.node.ledger.state, issuer.rpartition("/")[2]
        held = [record for record in state.credentials.values() if record.issuer == uid]
        said = {
            record.commitment: tuple(
                Withdrawal(one.state, one.effective_from, one.reason, ledgers.ORIGIN, one.recorded.index)
                for one in record.changes
            )
            for record in held
        }
        return Withdrawals(any(batch.issuer == uid for batch in state.batches.values()), said, not self.stale)

    def fetch(self, url: str, *, limit: int = MOST_BYTES, types: Sequence[str] = ()) -> bytes:
        self.fetched.append(url)
        if url not in self.web:
            raise Unreachable(
                "unreachable", say("expected {host} to be a name that resolves, it does not; check it", host="host")
            )
        return self.web[url]

    # What happens -----------------------------------------------------------------------------------------------------

    def accredit(self, issuer: str = UTOPIA, **fields: Any) -> None:
        """Grant an accreditation from 2024 on, for EQF 6."""
        ledgers.grant(
            self.node.ledger, ledgers.make_id(50), **{"issuer": issuer, "scope": {"eqf_levels": [6]}, **fields}
        )

    def bind(self, issuer: str = UTOPIA, pen: Pen = PEN) -> None:
        """Bind the pen's DID and the sealer's certificate to an issuer."""
        ledgers.bind(self.node.ledger, ledgers.make_id(60), issuer=issuer, value=pen.did)
        ledgers.bind(self.node.ledger, ledgers.make_id(61), issuer=issuer, kind="x5t", value=make_sealer().x5t)

    def revoke_keys(self, reason: str, **fields: Any) -> None:
        """Revoke both keys."""
        for key in (ledgers.make_id(60), ledgers.make_id(61)):
            self.node.ledger.say("key.revoked", key, {"effective_from": "2025-06-01", "reason": reason, **fields})

    def end(self, event: str, subject: str, effective_from: str, **fields: Any) -> None:
        """End something, said by who may."""
        self.node.ledger.say(event, subject, ledgers.ending(effective_from, **fields))

    def publish_list(
        self,
        *revoked: int,
        pen: Pen = PEN,
        address: str = LIST,
        purpose: str = "revocation",
        said: str | None = "",
    ) -> None:
        """Publish a status list in which some places are set; `said` is the id it gives itself (None: none)."""
        subject = {"type": "BitstringStatusList", "statusPurpose": purpose, "encodedList": encode_list(revoked)}
        document = {
            "@context": [V2],
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": pen.did,
            "validFrom": "2024-01-01T00:00:00Z",
            "credentialSubject": subject,
        }
        named = {} if said is None else {"id": said or address}
        self.web[address] = seal(document | named, pen)

    def anchor(self, data: bytes, signed_at: datetime, **fields: Any) -> bytes:
        """Anchor a credential among others and return its receipt; the checkpoint is cosigned at `signed_at`."""
        (presented,) = reading.read(data)
        self.node.signed_at = signed_at
        batch = anchored.anchor(self.node, [*anchored.make_digests(3), commitments.digest(presented)], **fields)
        receipt = format_receipt(batch.receipt(3))
        self.node.signed_at = NOW
        return receipt

    def withdraw(self, receipt: bytes, act: str = "revoked", effective_from: str = "2025-06-01", **fields: Any) -> None:
        """Revoke, suspend or reinstate the credential of a receipt."""
        commitment = json.loads(receipt)["proof"]["targetHash"]
        terms = ledgers.withdrawal(commitment, effective_from=effective_from, **fields)
        self.node.ledger.say(
            f"credential.{act}", f"/withdrawals/{ledgers.make_id(0xD0 + len(self.node.entries))}",
            terms | {"actor": ledgers.as_issuer(UTOPIA)},
        )  # fmt: skip

    def verify(self, data: bytes, receipt: bytes | None = None, at: datetime | None = None) -> Report:
        """Verify one credential."""
        self.node.signed_at = NOW
        (report,) = verify(data, self, self.fetch, now=NOW, receipt=receipt, at=at)
        return report


def open_named_peer() -> Peer:
    """Return a node that knows Utopia by the names which credentials of these tests give it."""
    peer = open_peer()
    names = {"en": "College of Tests", "nl": "Academy of Example"}
    claims = [{"scheme": "ror", "value": ROR}, {"scheme": "eidas", "value": SEALER}]
    peer.ledger.say("issuer.amended", UTOPIA, {"names": names, "identifiers": claims})
    return peer


def entry(index: int = 7, address: str = LIST, purpose: str = "revocation") -> dict[str, Any]:
    """Return a credential's status entry."""
    return {
        "id": f"{address}#{index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": purpose,
        "statusListIndex": str(index),
        "statusListCredential": address,
    }


__all__ = ["ARCADIA", "LIST", "NOW", "ROR", "SEALER", "URL", "UTOPIA", "World", "entry"]
