"""`assay trust`: ask a node, then believe only what its proofs show.

The node's verdict is not taken over: the entries it proves are replayed here and the same `decide` is run on them.
What that cannot show (that the node left out no later entry) is said, unless `--audit` replays the whole ledger.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import Any, Final

from deploy.cli.asking import DAY, NOT_BELIEVED, Verified, verify_answer
from deploy.cli.node import Node
from deploy.cli.report import print_answer, print_unchecked
from register.moments import format_instant
from register.trust import format_decision, parse_question

EXITS: Final = {"trusted": 0, "not_trusted": 1, "unknown": 3, "unchecked": 3}
_OPTIONS: Final = {
    "at": ("--at", "the instant that matters, such as 2024-06-30 (default: now)"),
    "known_at": ("--known-at", "use only what was recorded up to then: a date, or ORIGIN@TREE_SIZE"),
    "credential_type": ("--type", "credential type, code or URI"),
    "eqf_level": ("--level", "EQF level, 1 to 8"),
    "isced_f": ("--field", "ISCED-F field, 2 to 4 digits"),
    "jurisdiction": ("--country", "country or region, such as NL or NL31"),
    "programme": ("--programme", "programme id"),
    "key": ("--key", "the key that signed: a DID or thumbprint"),
    "anchored_at": ("--anchored-at", "when the credential is proven to have existed"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("issuer", help="id, address, DID, or an identifier such as ror:… pic:… erasmus:… schac:…")
    for name, (flag, text) in _OPTIONS.items():
        parser.add_argument(flag, dest=name, help=text)
    parser.add_argument("--register", default="http://127.0.0.1:8000", metavar="URL", help="the node to ask")
    parser.add_argument("--vkey", help="the log key you know the node by")
    parser.add_argument("--max-age", type=int, default=DAY, metavar="SECONDS", help="how old its checkpoint may be")
    parser.add_argument("--audit", action="store_true", help="replay the node's whole ledger and decide from that")
    parser.add_argument("--json", action="store_true", help="print the answer and what was verified as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Ask, verify, recompute and report; returns the exit code of the verified decision."""
    now = datetime.now(UTC)
    given = {name: getattr(arguments, name) for name in _OPTIONS if getattr(arguments, name) is not None}
    asked = parse_question({"issuer": arguments.issuer, **given}, now)
    params = {"issuer": arguments.issuer, **given, "at": format_instant(asked.question.at)}
    with Node(arguments.register) as node:
        keys = node.read_keys(arguments.vkey)
        answer = node.get_json("/api/v1/trust", params)
        try:
            verified = verify_answer(node, keys, asked, answer, now, max_age=arguments.max_age, audit=arguments.audit)
        except NOT_BELIEVED as error:
            print_unchecked(arguments.json, answer, str(error))
            return EXITS["unchecked"]
    found = format_decision(verified.decision, answer["evidence"])
    if arguments.json:
        print(json.dumps(found | {"verification": _describe(verified)}, ensure_ascii=False, indent=2))
    else:
        print_answer(found, verified.rests_on_word, _summarise(verified))
    return EXITS[verified.decision.decision]


def _summarise(verified: Verified) -> str:
    proven, head = verified.proven, verified.proven.signed
    time = proven.checkpoint_time
    dated = f", signed {format_instant(time)}" if time else ""
    how = "the whole ledger was replayed" if verified.audited else f"{len(proven.entries)} entries proven"
    size = head.checkpoint.size if head else 0
    told = f"{how} under checkpoint {size} of {verified.keys.origin}{dated}; known up to entry {proven.size}"
    return told + "".join(
        f"; {len(peer.proven.entries)} entries proven of {peer.state.origin}, whose keys that ledger names"
        for peer in verified.peers
    )


def _describe(verified: Verified) -> dict[str, Any]:
    time = verified.proven.checkpoint_time
    return {
        "decision": verified.decision.decision,
        "audited": verified.audited,
        "entries_proven": sorted(verified.proven.entries),
        "checkpoint_time": format_instant(time) if time else None,
        "vkey": str(verified.keys.log[0]),
        "peers": {peer.state.origin: sorted(peer.proven.entries) for peer in verified.peers},
        "rests_on_the_nodes_word": verified.rests_on_word,
    }
