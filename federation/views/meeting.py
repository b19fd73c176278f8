"""Meeting a node: adding a peer, and confirming a key it changed without handing over. Two people compare by telephone.

`/federation/add` asks for an address, shows what the node there says of itself and its fingerprint, and takes the
terms; `/federation/peers/{id}/confirm-key` shows the key known so far beside the one met. Both become drafts of the
desk; before one is published the node is met once more and must be the one that the draft names (federation.deeds).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext

from federation import lifecycle
from federation.deeds import meet
from federation.errors import FederationError, PeerRefused
from federation.fingerprint import compute_fingerprint
from federation.introduction import Introduction, read_base
from federation.models import Following
from federation.peers import WITHDRAWN
from federation.views.actions import draft_or_tell, find_draft, tell
from federation.views.forms import AddressForm, TermsForm
from federation.views.operators import answer_operator, operators_only
from federation.views.steps import Step, read_step, sign_step
from register.access.acting import Acting
from register.desk.models import Draft
from register.desk.terms import spell_terms

_RECOGNISE = "recognise_peer"
_CONFIRM = "confirm-key"


def look_of(met: Introduction) -> str:
    """Return what of a node people compare and decide upon, in one text."""
    said = (met.origin, met.name, met.operator, " ".join(met.territory), met.vkey, met.witness_vkey)
    return "\n".join((*said, str(met.demonstration)))


@operators_only
def add_peer(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Ask for an address; show who answers there and take the terms; draft its recognition."""
    draft = find_draft(request, acting, _RECOGNISE, "")
    if request.method != "POST":
        return _ask_address(request, AddressForm(initial={"url": draft.said["address"]} if draft else None))
    address = AddressForm(request.POST)
    if not address.is_valid():
        return _ask_address(request, address, 422)
    try:
        met = meet(address.cleaned_data["url"])
        _check_new(met)
    except FederationError as error:
        address.add_error("url", tell(error))
        return _ask_address(request, address, 422)
    return _ask_terms(request, acting, met, draft)


def _check_new(met: Introduction) -> None:
    if Following.objects.filter(origin=met.origin).exclude(status=WITHDRAWN).exists():
        raise PeerRefused(gettext("It is a peer already: %(name)s, at /federation.") % {"name": met.name})


def _ask_address(request: HttpRequest, form: AddressForm, status: int = 200) -> HttpResponse:
    return answer_operator(request, "federation/add.html", {"form": form}, status)


def _ask_terms(request: HttpRequest, acting: Acting, met: Introduction, draft: Draft | None) -> HttpResponse:
    """Show the node and the form for its terms; terms that can be read become a draft of just the node shown."""
    asked = "shown" in request.POST
    initial = TermsForm.show(draft.said if draft else {}, met.territory)
    form = TermsForm(request.POST if asked else None, territory=met.territory, initial=initial)
    if not asked or not form.is_valid():
        token = sign_step(request, Step(_RECOGNISE, met.url, look_of(met), {}))
        context: dict[str, Any] = {"met": met, "form": form, "back": "/federation", "token": token}
        return answer_operator(request, "federation/meet.html", context, 422 if asked else 200)

    def read() -> dict[str, Any]:
        read_step(request, _RECOGNISE, met.url, look_of(met))
        return spell_terms(lifecycle.propose(met, **form.values()))

    return draft_or_tell(request, acting, _RECOGNISE, "", read, draft, "/federation/add")


@operators_only
def confirm_key(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Show the key that a peer has now beside the one known, and draft its acceptance once it was compared."""
    row = Following.objects.filter(peer=id).first()
    if row is None:
        raise Http404
    back = f"/federation/peers/{id}"
    try:
        met = meet(read_base(row.url))
    except FederationError as error:
        return answer_operator(request, "federation/refused.html", {"sentence": tell(error), "back": back}, 422)
    if request.method == "POST":

        def read() -> dict[str, Any]:
            read_step(request, _CONFIRM, str(id), look_of(met))
            lifecycle.check_new_key(row, met)
            return {"vkeys": [met.vkey], "witness_vkeys": [met.witness_vkey]}

        return draft_or_tell(request, acting, "amend_peer", str(id), read, None, back)
    known = [(vkey, compute_fingerprint(vkey)) for vkey in row.vkeys]
    same = (list(row.vkeys), list(row.witness_vkeys)) == ([met.vkey], [met.witness_vkey])
    token = "" if same else sign_step(request, Step(_CONFIRM, str(id), look_of(met), {}))
    context = {"row": row, "met": met, "known": known, "same": same, "token": token, "back": back}
    return answer_operator(request, "federation/confirm_key.html", context)
