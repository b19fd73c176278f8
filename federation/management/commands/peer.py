"""`manage.py peer`: get to know other nodes, follow them, and stop following them."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from pydantic import ValidationError

from federation import lifecycle
from federation.board import Followed, read_board
from federation.errors import FederationError
from federation.introduction import Introduction, introduce
from federation.peers import Peer
from federation.transport import open_client
from ledger.errors import LedgerError
from register import events
from register.access.audit import note
from register.commands import Written
from register.errors import RegisterError
from register.payloads import PeerChanges, PeerEnding


class Command(BaseCommand):
    """Manage peers; exit 1 with a sentence when something could not be done, and then nothing was."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be done to peers."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        add = verbs.add_parser("add", help="recognise the node at an address as a peer")
        add.add_argument("url", help="its address, such as https://register.de.example")
        _take_expected(add)
        _take_terms(add)
        verbs.add_parser("list", help="all peers, a line each")
        show = verbs.add_parser("show", help="everything about one peer")
        amend = verbs.add_parser("amend", help="change what is accepted from a peer, or its address")
        amend.add_argument("--url", help="where it is to be asked from now on")
        _take_terms(amend)
        pause = verbs.add_parser("pause", help="stop following for now")
        resume = verbs.add_parser("resume", help="follow a paused peer again")
        unfreeze = verbs.add_parser("unfreeze", help="follow a peer again that has forked")
        withdraw = verbs.add_parser("withdraw", help="recognise a peer no longer; what it said stays provable")
        confirm = verbs.add_parser("confirm-key", help="accept another key of a peer, compared by telephone")
        _take_expected(confirm)
        for one in (show, amend, pause, resume, unfreeze, withdraw, confirm):
            one.add_argument("peer", help="its id or origin")
        for one, needed in ((pause, False), (unfreeze, True)):
            one.add_argument("--reason", default="", required=needed, help="why; shown on /federation")
        withdraw.add_argument("--reason", default="unspecified", help="a code of the vocabulary peer-reasons")
        withdraw.add_argument("--note", help="more about it, in words")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say what was done."""
        verb = options["verb"].replace("-", "_")
        try:
            getattr(self, f"_{verb}")(options)
        except ValidationError as error:
            raise CommandError(events.describe(error)) from error
        except (FederationError, LedgerError, RegisterError) as error:
            raise CommandError(str(error)) from error

    def _add(self, options: dict[str, Any]) -> None:
        met = self._meet(options["url"], options)
        written = lifecycle.confirm(met, remit=options["remit"] or None, max_age_seconds=options["max_age"] or None)
        self._say(written, f"following {met.origin}")

    def _confirm_key(self, options: dict[str, Any]) -> None:
        peer = lifecycle.find(options["peer"])
        met = self._meet(peer.url, options)
        self._say(lifecycle.confirm_key(peer.id, met), f"following {met.origin} by its new key")

    def _meet(self, url: str, options: dict[str, Any]) -> Introduction:
        """Show who is at an address, and go on only if that is who the operator expects."""
        expected = options["vkey"] or options["fingerprint"]
        with open_client() as client:
            met = introduce(url, client, expected=expected)
        self.stdout.write(describe_introduction(met))
        if expected is None and not options["yes"] and not self._ask():
            raise CommandError("nothing was changed: compare the fingerprint with the node's operator first")
        return met

    def _ask(self) -> bool:
        self.stdout.write("Call the node's operator and compare the fingerprint. Is it the same, to the last word?")
        try:
            return input("Type yes to go on: ").strip().lower() == "yes"
        except EOFError:
            return False

    def _list(self, options: dict[str, Any]) -> None:
        for followed in read_board(None).peers:
            self.stdout.write(describe_line(followed))

    def _show(self, options: dict[str, Any]) -> None:
        found = read_board(None).find(lifecycle.find(options["peer"]).id)
        if found is not None:
            self.stdout.write(describe_line(found))
            self.stdout.write(describe_more(found))

    def _amend(self, options: dict[str, Any]) -> None:
        given = {"address": options["url"], "remit": options["remit"], "max_age_seconds": options["max_age"]}
        said = {name: value or None for name, value in given.items() if value is not None}
        written = lifecycle.amend(lifecycle.find(options["peer"]).id, PeerChanges.model_validate(said))
        self._say(written, "amended")

    def _pause(self, options: dict[str, Any]) -> None:
        found = lifecycle.pause(options["peer"], options["reason"])
        _note("peer_paused", found, options["reason"])
        self.stdout.write(f"paused {found.origin}")

    def _resume(self, options: dict[str, Any]) -> None:
        found = lifecycle.resume(options["peer"])
        _note("peer_resumed", found)
        self.stdout.write(f"following {found.origin}")

    def _unfreeze(self, options: dict[str, Any]) -> None:
        found = lifecycle.unfreeze(options["peer"], options["reason"])
        _note("peer_unfrozen", found, options["reason"])
        self.stdout.write(f"following {found.origin} again; the evidence of its fork stays")

    def _withdraw(self, options: dict[str, Any]) -> None:
        said = {"reason": options["reason"], **({"note": options["note"]} if options["note"] else {})}
        written = lifecycle.withdraw(options["peer"], PeerEnding.model_validate(said))
        self._say(written, "withdrawn; our copy of its ledger stays and is served")

    def _say(self, written: Written, done: str) -> None:
        self.stdout.write(f"{done}\nentry {written.index} of {written.origin}: {written.type} {written.id}")


def _note(code: str, peer: Peer, reason: str = "") -> None:
    """Note in the audit record what is on no ledger; of the console it knows no person."""
    note(None, code, f"/federation/peers/{peer.id}", how="console", name=peer.name, reason=reason)


def describe_introduction(met: Introduction) -> str:
    """Return who introduced itself, with the fingerprint to be compared by telephone."""
    words = met.fingerprint.words
    rows = [f"             {' '.join(words[at : at + 6])}" for at in range(0, len(words), 6)]
    return "\n".join(
        (
            f"name         {met.name}{' (demonstration)' if met.demonstration else ''}",
            f"operator     {met.operator}",
            f"territory    {', '.join(met.territory)}",
            f"origin       {met.origin}",
            f"log key      {met.vkey}",
            f"fingerprint  {met.fingerprint.grouped}",
            *rows,
        )
    )


def describe_line(followed: Followed) -> str:
    """Return a peer in one line: how we stand to it, how much we hold, how old its word is, what went wrong."""
    peer, row, copy = followed.peer, followed.row, followed.copy
    age = int((timezone.now() - copy.checkpoint.time).total_seconds()) if copy.checkpoint else None
    held = f"{copy.size} entries" + (f", {followed.lag} to come" if followed.lag else "")
    dated = "nothing verified yet" if age is None else f"signed {age} s ago"
    trouble = f"  {row.error_code}: {row.said_error}" if row.error_code else ""
    return f"{peer.id}  {peer.status:<9}  {peer.origin}  {held}, {dated}{trouble}"


def describe_more(followed: Followed) -> str:
    """Return what a line has no room for."""
    peer, row = followed.peer, followed.row
    remit = "all of its territory" if peer.remit is None else ", ".join(peer.remit)
    lines = [
        f"name         {peer.name}",
        f"address      {peer.url}",
        f"territory    {', '.join(peer.territory)}; heard for {remit}",
        f"stale after  {followed.limit_seconds} s",
        *(f"log key      {key}" for key in peer.keys),
        *(f"witness key  {key}" for key in peer.witness_keys),
        *(f"former key   {key}" for key in peer.former_keys),
        *([f"status       {row.said_reason}"] if row.status_reason else []),
        *(f"fork         {fork.id} found {fork.found_at:%Y-%m-%dT%H:%M:%SZ}" for fork in followed.forks),
        *(f"alert        {alert.said}" for alert in followed.alerts),
    ]
    return "\n".join(lines)


def _take_expected(parser: ArgumentParser) -> None:
    parser.add_argument("--vkey", help="the key you were told")
    parser.add_argument("--fingerprint", help="the fingerprint you were told, digits or words")
    parser.add_argument("--yes", action="store_true", help="do not ask: you have compared it already")


def _take_terms(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--remit", type=_countries, metavar="NL,BE", help="countries for which it is heard; '' for all of its territory"
    )
    parser.add_argument(
        "--max-age", type=int, metavar="SECONDS", help="how old its word may be; 0 for this node's own limit"
    )


def _countries(text: str) -> list[str]:
    return [code for code in (part.strip().upper() for part in text.split(",")) if code]
