"""Meeting a node: adding a peer, and confirming a key it changed without handing over. Two people compare by telephone.

`/federation/add` asks for an address, shows what the node there says of itself and its fingerprint, and takes the
terms; `/federation/peers/{id}/confirm-key` shows the key known so far beside the one met. When it is confirmed the
node is met once more and must be the one that was shown.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from federation import lifecycle
from federation.errors import FederationError, PeerRefused
from federation.fingerprint import compute_fingerprint
from federation.introduction import Introduction, introduce, read_base
from federation.models import Following
from federation.peers import WITHDRAWN
from federation.transport import open_client
from federation.views.actions import carry_out, tell
from federation.views.forms import AddressForm, TermsForm
from federation.views.operators import answer_operator, operators_only
from federation.views.steps import Step, read_step, sign_step

_ADD = "add"
_CONFIRM = "confirm-key"


def meet(url: str) -> Introduction:
    """Fetch and verify what the node at an address says of itself; raises `FederationError`."""
    with open_client() as client:
        return introduce(url, client)


def look_of(met: Introduction) -> str:
    """Return what of a node people compare and decide upon, in one text."""
    said = (met.origin, met.name, met.operator, " ".join(met.territory), met.vkey, met.witness_vkey)
    return "\n".join((*said, str(met.demonstration)))


@operators_only
def add_peer(request: HttpRequest) -> HttpResponse:
    """Ask for an address; show who answers there and take the terms; review; recognise it."""
    if request.method != "POST":
        return _ask_address(request, AddressForm())
    address = AddressForm(request.POST)
    if not address.is_valid():
        return _ask_address(request, address, 422)
    try:
        met = meet(address.cleaned_data["url"])
        _check_new(met)
    except FederationError as error:
        address.add_error("url", tell(error))
        return _ask_address(request, address, 422)
    if "token" in request.POST:
        return _recognise(request, met)
    return _ask_terms(request, met)


def _check_new(met: Introduction) -> None:
    if Following.objects.filter(origin=met.origin).exclude(status=WITHDRAWN).exists():
        raise PeerRefused(gettext("It is a peer already: %(name)s, at /federation.") % {"name": met.name})


def _ask_address(request: HttpRequest, form: AddressForm, status: int = 200) -> HttpResponse:
    return answer_operator(request, "federation/add.html", {"form": form}, status)


def _ask_terms(request: HttpRequest, met: Introduction) -> HttpResponse:
    """Show the node and the form for its terms; with terms that can be read, show what will happen."""
    asked = "shown" in request.POST
    initial = {"remit": list(met.territory)}
    form = TermsForm(request.POST if asked else None, territory=met.territory, initial=initial)
    context: dict[str, Any] = {"met": met, "form": form, "back": "/federation"}
    if not asked or not form.is_valid():
        return answer_operator(request, "federation/meet.html", context, 422 if asked else 200)
    context["rows"] = form.review()
    context["token"] = sign_step(request, Step(_ADD, met.url, look_of(met), form.values()))
    return answer_operator(request, "federation/recognise.html", context)


def _recognise(request: HttpRequest, met: Introduction) -> HttpResponse:
    def do() -> None:
        values = read_step(request, _ADD, met.url, look_of(met))
        lifecycle.confirm(met, remit=values["remit"], max_age_seconds=values["max_age_seconds"])

    done = _("It is recognised. The first copy of its ledger begins now.")
    return carry_out(request, do, done, "/federation", "/federation/add")


@operators_only
def confirm_key(request: HttpRequest, id: UUID) -> HttpResponse:
    """Show the key that a peer has now beside the one known, and accept it once it was compared."""
    row = Following.objects.filter(peer=id).first()
    if row is None:
        raise Http404
    back = f"/federation/peers/{id}"
    try:
        met = meet(read_base(row.url))
    except FederationError as error:
        return answer_operator(request, "federation/refused.html", {"sentence": tell(error), "back": back}, 422)
    if request.method == "POST":

        def do() -> None:
            read_step(request, _CONFIRM, str(id), look_of(met))
            lifecycle.confirm_key(id, met)

        return carry_out(request, do, _("The new key is on our ledger, and it is followed by it."), back, back)
    known = [(vkey, compute_fingerprint(vkey)) for vkey in row.vkeys]
    same = (list(row.vkeys), list(row.witness_vkeys)) == ([met.vkey], [met.witness_vkey])
    token = "" if same else sign_step(request, Step(_CONFIRM, str(id), look_of(met), {}))
    context = {"row": row, "met": met, "known": known, "same": same, "token": token, "back": back}
    return answer_operator(request, "federation/confirm_key.html", context)
