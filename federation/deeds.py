"""What the federation does with the desk's drafts about peers (register.desk.deeds).

Right before a node is recognised, or another key of it accepted, it is met once more and has to say what the draft
says: whoever approves compares the fingerprint too, and between two people lie hours. Afterwards the rows follow from
our ledger and a worker follows the peer, as when it is said through the API (federation.lifecycle).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from federation import lifecycle, peers
from federation.errors import FederationError
from federation.fingerprint import compute_fingerprint
from federation.introduction import Introduction, introduce
from federation.models import Evidence, Following
from federation.transport import open_client
from federation.views.words import spell_countries, spell_limit
from register.desk.deeds import Alone, Deed, Fact, contribute
from register.desk.four_eyes import UNFREEZING
from register.desk.models import Draft
from register.desk.terms import spell_terms
from register.errors import NotFound, Refused

PATIENCE: Final = 5.0
"""Seconds that another node has for its answer while somebody waits for ours."""

_OF_NODE: Final = ("origin", "name", "address", "vkeys", "witness_vkeys", "territory")
"""Terms that a node says of itself; the others are our own."""

_KEYS: Final = ("vkeys", "witness_vkeys")


def meet(url: str) -> Introduction:
    """Fetch and verify what the node at an address says of itself; raises `FederationError`."""
    with open_client(seconds=min(PATIENCE, settings.ASSAY_PEER_SECONDS)) as client:
        return introduce(url, client)


@contextmanager
def explained() -> Iterator[None]:
    """Turn the federation's errors into refusals, which the desk shows beside the draft."""
    try:
        yield
    except FederationError as error:
        raise Refused(error.code, "", error.args[0] if error.args else str(error)) from error


def check_recognition(draft: Draft) -> None:
    """Raise Refused unless the node at the draft's address still is who the draft says."""
    with explained():
        met = meet(draft.said["address"])
        expected = spell_terms(lifecycle.propose(met))
    _compare(draft, expected, _OF_NODE)
    if met.demonstration and not draft.said.get("demonstration"):
        raise _changed()


def check_amendment(draft: Draft) -> None:
    """Raise Refused for another key than the peer has now, and for what the peer alone says of itself."""
    if "territory" in draft.said or "name" in draft.said:
        raise _changed()
    if not any(name in draft.said for name in _KEYS):
        return
    row = _row(draft)
    with explained():
        met = meet(row.url)
        lifecycle.check_new_key(row, met)
    _compare(draft, {"vkeys": [met.vkey], "witness_vkeys": [met.witness_vkey]}, _KEYS)


def _compare(draft: Draft, expected: Mapping[str, Any], names: tuple[str, ...]) -> None:
    if any(draft.said.get(name) != expected.get(name) for name in names):
        raise _changed()


def _changed() -> Refused:
    told = gettext("That node says something else of itself than when this was drafted. Discard this and begin again.")
    return Refused("peer_changed", "", told)


def take_up(draft: Draft) -> None:
    """Let the rows follow from the entry that a draft has become, and begin to follow the peer by it."""
    if draft.verb == "recognise_peer":
        lifecycle.follow_up(draft.said["origin"])
        row = Following.objects.filter(origin=draft.said["origin"]).first()
    else:
        row = Following.objects.filter(peer=draft.subject).first()
        if row is not None and draft.verb == "amend_peer":
            keys = any(name in draft.said for name in _KEYS)
            (lifecycle.take_up_key if keys else lifecycle.take_up_amendment)(row.origin)
        elif draft.verb == "withdraw_peer":
            peers.refresh()
        elif row is not None:
            lifecycle.follow_up(row.origin)
    if row is not None:
        Draft.objects.filter(pk=draft.pk).update(written=_path(str(row.peer)))


def tell_recognition(draft: Draft) -> list[Fact]:
    """Return what the sentence about the entry does not say: the fingerprint to be compared, and our terms."""
    return [*_tell_terms(draft.said), *_tell_keys(draft.said["vkeys"])]


def tell_amendment(draft: Draft) -> list[Fact]:
    """Return which register it is about, the new key's fingerprint, and our new terms."""
    said = draft.said
    terms = _tell_terms(said) if "remit" in said or "max_age_seconds" in said else []
    return [*tell_register(draft), *terms, *(_tell_keys(said["vkeys"]) if "vkeys" in said else [])]


def tell_register(draft: Draft) -> list[Fact]:
    """Return which register it is about."""
    row = Following.objects.filter(peer=draft.subject).first()
    facts: list[Fact] = [] if row is None else [(_("Register"), f"{row.name}, {row.origin}")]
    return facts


def tell_thaw(draft: Draft) -> list[Fact]:
    """Return which register it is about, and why it is to be followed again."""
    return [*tell_register(draft), (_("Reason"), str(draft.said.get("reason", "")))]


def _tell_terms(said: Mapping[str, Any]) -> list[Fact]:
    remit, seconds = said.get("remit"), said.get("max_age_seconds")
    age = gettext("this node’s own limit") if seconds is None else spell_limit(seconds)
    heard = gettext("all its territory") if remit is None else spell_countries(remit, 30)
    return [(_("Heard for"), heard), (_("Its newest checkpoint may be as old as"), age)]


def _tell_keys(vkeys: list[str]) -> list[Fact]:
    found = [compute_fingerprint(vkey) for vkey in vkeys]
    words = [(_("Fingerprint, to be compared by telephone"), " ".join(one.words)) for one in found]
    return [*words, *((_("The same in digits"), one.grouped) for one in found)]


def _row(draft: Draft) -> Following:
    row = Following.objects.filter(peer=draft.subject).first()
    if row is None:
        raise NotFound("peer_unknown", "", gettext("This node follows no peer with this id."))
    return row


def _look(draft: Draft) -> str:
    """Return what whoever lets a peer go on has seen: how it stands, and how many forks are proven."""
    row = _row(draft)
    return f"{row.status} {Evidence.objects.filter(origin=row.origin).count()}"


def _thaw(draft: Draft) -> None:
    with explained():
        lifecycle.thaw(draft.subject, str(draft.said.get("reason", "")))


def _path(peer: str) -> str:
    return f"/federation/peers/{peer}"


def _about(draft: Draft) -> str:
    return _path(draft.subject)


def _check_nothing(draft: Draft) -> None:
    """The rules say all there is to say."""


_THAWING: Final = Alone(
    _("It is followed again, from the history that we hold. The evidence and our report of it stay for ever. "
      "Do this only when its operator has explained what happened and you believe it."),
    _look,
    _thaw,
    "peer_unfrozen",
    _about,
)  # fmt: skip

DEEDS: Final[Mapping[str, Deed]] = {
    "recognise_peer": Deed(tell_recognition, check_recognition, take_up),
    "amend_peer": Deed(tell_amendment, check_amendment, take_up),
    "withdraw_peer": Deed(tell_register, _check_nothing, take_up),
    UNFREEZING: Deed(tell_thaw, _check_nothing, take_up, _THAWING),
}
"""Verb of the desk → what the federation does with its drafts."""


def take_part() -> None:
    """Contribute to the desk; called once, as the app starts."""
    for verb, deed in DEEDS.items():
        contribute(verb, deed)
