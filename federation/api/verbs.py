"""What operators do to peers through the API, one view a verb; which address each has is in federation/urls.py.

Recognising a peer, and confirming its key, asks the other node within the request, for at most `PATIENCE` seconds.
What comes of that beside an entry:

| what happens | status, code, field |
|---|---|
| the address leads to loopback, a private network or an odd port | 422 `address_forbidden`, `url` |
| what the node says of itself does not hold, or it is known under another name | 422 `peer_refused`, `url` |
| the node signs with another key than the one given | 422 `peer_refused`, `vkey` |
| it cannot be reached, or answers what no node answers | 502 `peer_unreachable`, `url` |
| it does not answer in time | 504 `peer_too_slow`, `url` |
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Final, cast

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from pydantic import BaseModel
from rest_framework.request import Request

from federation import lifecycle
from federation.api import bodies
from federation.api.resources import PEER, PEER_WRITTEN, describe_newest
from federation.errors import AddressForbidden, PeerRefused, TooSlow, TransportError, UnknownPeer
from federation.introduction import Introduction, check_expected, introduce
from federation.peers import Peer
from federation.transport import open_client
from register.access.acting import act_in
from register.access.addresses import read_network
from register.access.audit import note
from register.access.models import Token
from register.access.notices import note_refusal
from register.access.roles import WRITE
from register.api.address import Address, answer_json, token_of
from register.api.bodies import read_object, strict
from register.api.command import Command, Progress
from register.api.limits import ReadLimit, WriteLimit
from register.api.permissions import HasTokenToWrite, check_verb
from register.api.problems import Problem
from register.commands import Written
from register.desk import four_eyes
from register.errors import NotEntitled, NotFound, Refused
from register.payloads import Actor, PeerEnding

PATIENCE: Final = 5.0
"""Seconds that another node has for its answer while somebody waits for ours."""


def meet(url: str, vkey: str) -> Introduction:
    """Return who is at an address, if it signs with that key; raises Refused and Problem, as this module says."""
    with explained(), open_client(seconds=min(PATIENCE, settings.ASSAY_PEER_SECONDS)) as client:
        met = introduce(url, client)
    try:
        check_expected(met, vkey)
    except PeerRefused as error:
        raise Refused("peer_refused", "vkey", str(error)) from error
    return met


@contextmanager
def explained() -> Iterator[None]:
    """Turn the federation's errors into the API's."""
    try:
        yield
    except UnknownPeer as error:
        raise NotFound("peer_unknown", "", str(error)) from error
    except PeerRefused as error:
        raise Refused("peer_refused", "url", str(error)) from error
    except AddressForbidden as error:
        raise Refused("address_forbidden", "url", str(error)) from error
    except TooSlow as error:
        raise Problem(504, "peer_too_slow", str(error), "url") from error
    except TransportError as error:
        raise Problem(502, "peer_unreachable", str(error), "url") from error


def check_two(token: Token, code: str) -> None:
    """Raise NotEntitled where a token with single verbs would do what operators want two people for.

    These have no verb of their own, so no token can be made for them that leaves them out (register.api.permissions).
    """
    if code and WRITE not in token.scope and code in four_eyes.choice_of(token.role, token.organisation or ""):
        sentence = "operators want two people for this; say it on the pages, or with a token that may write"
        raise NotEntitled("scope", "", sentence)


class PeerCommand(Command, ABC):
    """A verb about a peer that ends in an entry; `alone` is the code of register.desk.four_eyes that it falls under."""

    alone: ClassVar[str] = ""
    tag = "federation"
    answers: ClassVar = {"POST": PEER_WRITTEN}

    def describe(self, kind: str, record_id: str) -> dict[str, Any]:
        """Return the peer with how we stand to it."""
        return describe_newest(kind, record_id)

    def _record(self, terms: BaseModel, token: Token, ids: Mapping[str, str], progress: Progress) -> Written:
        check_two(token, self.alone)
        actor = Actor(role=cast(Any, token.role), organisation=token.organisation)

        def also(written: list[Written]) -> None:
            progress.note(written)
            self._note(token, written[0])

        with explained():
            return self.say(terms, ids.get("id", ""), {"actor": actor, "also": also})

    def _note(self, token: Token, written: Written) -> None:
        """Note in the transaction of the entry, and in the name of the token's person, what went on record."""
        person = act_in(token.membership, network=read_network(self.request._request))
        about = f"/federation/peers/{written.id}"
        note(person, "draft_published", about, how="API", verb=self.alone or self.verb, entry=written.index)

    @abstractmethod
    def say(self, terms: Any, peer: str, how: dict[str, Any]) -> Written:
        """Do it through federation.lifecycle; `how` are its `actor` and `also`."""


class RecognisePeer(PeerCommand):
    """Recognise a node as a peer."""

    verb = "recognise_peer"
    body = bodies.PeerConfirmation
    problems = (409, 422, 502, 504)

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Recognise a node as a peer and follow it.

        `vkey` is its log key as its operator told it, compared by the fingerprint. The node at `url` is asked for its
        description, which has to follow from that key.
        """
        return self.carry_out(request, **ids)

    def say(self, terms: bodies.PeerConfirmation, peer: str, how: dict[str, Any]) -> Written:
        """Meet the node and recognise it."""
        met = meet(terms.url, terms.vkey)
        chosen = terms.model_dump(exclude={"url", "vkey"}, exclude_none=True)
        return lifecycle.confirm(met, **chosen, **how)


class AmendPeer(PeerCommand):
    """Change what is accepted from a peer, or its address."""

    verb = "amend_peer"
    body = bodies.PeerAdjustment

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Change what is accepted from a peer, or its address.

        Fields that are absent stay as they are; null empties.
        """
        return self.carry_out(request, **ids)

    def say(self, terms: bodies.PeerAdjustment, peer: str, how: dict[str, Any]) -> Written:
        """Amend it."""
        return lifecycle.amend(peer, terms.as_changes(), **how)


class WithdrawPeer(PeerCommand):
    """Recognise a peer no longer."""

    verb = "withdraw_peer"
    body = strict(PeerEnding)

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Recognise a peer no longer: it is not followed or cosigned any more, and our copy stays."""
        return self.carry_out(request, **ids)

    def say(self, terms: PeerEnding, peer: str, how: dict[str, Any]) -> Written:
        """Withdraw it."""
        return lifecycle.withdraw(peer, terms, **how)


class ConfirmPeerKey(PeerCommand):
    """Accept another key of a peer."""

    verb = "amend_peer"
    operation = "confirm_peer_key"
    alone = four_eyes.CONFIRMING
    body = bodies.KeyConfirmation
    problems = (404, 409, 422, 502, 504)

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Accept another key of a peer, which no key before has announced.

        `vkey` is the new key as its operator told it, compared by the fingerprint; the peer has to use it by now.
        """
        return self.carry_out(request, **ids)

    def say(self, terms: bodies.KeyConfirmation, peer: str, how: dict[str, Any]) -> Written:
        """Meet the peer and take its key over."""
        met = meet(lifecycle.find(peer).url, terms.vkey)
        return lifecycle.confirm_key(peer, met, note=terms.note, **how)


class PeerSwitch(Address):
    """Something about a peer that is on no ledger; whoever may amend a peer may do it.

    The audit record notes it as `code`, in the name of the token's person.
    """

    permission_classes = (HasTokenToWrite,)
    throttle_classes = (WriteLimit, ReadLimit)
    problems = (404, 422)
    tag = "federation"
    answers: ClassVar = {"POST": PEER}
    operation: ClassVar[str]
    code: ClassVar[str]
    alone: ClassVar[str] = ""
    body: ClassVar[type[BaseModel]]

    def carry_out(self, request: Request, id: Any, do: Callable[[str, Any], Peer]) -> HttpResponse:
        """Do it and answer with the peer as it stands then."""
        token = token_of(request)
        try:
            check_verb(token, "amend_peer")
            check_two(token, self.alone)
        except NotEntitled as refusal:
            note_refusal(token, self.operation, request.path, refusal.code)
            raise
        terms = self.body.model_validate(read_object(request.data))
        about = f"/federation/peers/{id}"
        try:
            with transaction.atomic():
                do(str(id), terms)
                person = act_in(token.membership, network=read_network(request._request))
                note(person, self.code, about, how="API", reason=getattr(terms, "reason", None) or "")
        except UnknownPeer as error:
            raise NotFound("peer_unknown", "", str(error)) from error
        except PeerRefused as error:
            raise Refused("peer_refused", "", str(error)) from error
        return answer_json(describe_newest("peer", str(id)))


class PausePeer(PeerSwitch):
    """Stop following a peer for now."""

    operation = "pause_peer"
    code = "peer_paused"
    body = bodies.PauseTerms

    def post(self, request: Request, id: Any) -> HttpResponse:
        """Stop following a peer for now; what is held of it counts until it is stale."""
        return self.carry_out(request, id, lambda peer, terms: lifecycle.pause(peer, terms.reason or ""))


class ResumePeer(PeerSwitch):
    """Follow a paused peer again."""

    operation = "resume_peer"
    code = "peer_resumed"
    body = bodies.ResumeTerms

    def post(self, request: Request, id: Any) -> HttpResponse:
        """Follow a paused peer again."""
        return self.carry_out(request, id, lambda peer, terms: lifecycle.resume(peer))


class UnfreezePeer(PeerSwitch):
    """Follow a peer again that has forked."""

    operation = "unfreeze_peer"
    alone = four_eyes.UNFREEZING
    code = "peer_unfrozen"
    body = bodies.ThawTerms

    def post(self, request: Request, id: Any) -> HttpResponse:
        """Follow a peer again that has forked, from the history held here; the evidence stays."""
        return self.carry_out(request, id, lambda peer, terms: lifecycle.unfreeze(peer, terms.reason))
