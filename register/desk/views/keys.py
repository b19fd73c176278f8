"""`/desk/issuers/{id}/keys`: an issuer's keys; binding one with proof of control, or on paper; revoking one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from register.access.acting import Acting, needs
from register.access.roles import ISSUER, ROLES
from register.desk.control import Offer, Unproven, read_expiry
from register.desk.errors import Malformed
from register.desk.forms import start_draft
from register.desk.key_forms import AnswerChallenge, OfferKey, RevokeKey
from register.desk.keys import carry, challenge_for, read_key, read_value_on_paper, sort_keys, tell_paper, tell_proof
from register.desk.page import answer, explain_refusals
from register.desk.things import fill_in, find_draft, find_own, find_theirs
from register.errors import NotFound
from register.queries.belongings import list_keys
from register.queries.cuts import resolve_cut
from register.queries.selecting import MOST
from register.records import IssuerRecord
from register.site.names import name_record


def _about(acting: Acting, issuer: IssuerRecord) -> dict[str, Any]:
    place = "own" if acting.role == ISSUER else "issuers"
    return {"place": place, "issuer": issuer, "name": name_record(issuer)}


@needs(*ROLES, methods=("GET", "HEAD"))
@explain_refusals
def list_all(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Show an issuer's keys, those that sign today first."""
    issuer, now = find_theirs(acting, id), timezone.now()
    page = list_keys(resolve_cut(), issuer.id, request.GET.get("after"), MOST)
    rows = sort_keys(page.items, now)
    return answer(request, acting, "desk/keys.html", {**_about(acting, issuer), "rows": rows, "next": page.next})


@needs(*ROLES)
@explain_refusals
def bind(request: HttpRequest, acting: Acting, id: UUID) -> HttpResponse:
    """Take a key, give a challenge, take the signature, and make a draft of it; or make one on paper."""
    issuer = find_theirs(acting, id)
    if request.POST.get("step") == "answer":
        return _take_answer(request, acting, issuer)
    draft = find_draft(request, acting, OfferKey.verb, issuer.id)
    if request.method != "POST":
        form = OfferKey(acting=acting, initial=OfferKey.show(draft.said if draft else {}))
        return _show_offer(request, acting, issuer, form)
    form = OfferKey(request.POST, request.FILES, acting=acting)
    if not form.is_valid():
        return _show_offer(request, acting, issuer, form, 422)
    try:
        if form.on_paper:
            return _bind_on_paper(request, acting, issuer, form)
        return _challenge(request, acting, issuer, form)
    except Malformed as error:
        form.tell(error)
    except Unproven as error:
        form.add_error("material", error.message)
    return _show_offer(request, acting, issuer, form, 422)


def _show_offer(
    request: HttpRequest, acting: Acting, issuer: IssuerRecord, form: OfferKey, status: int = 200
) -> HttpResponse:
    return answer(request, acting, "desk/key_new.html", {**_about(acting, issuer), "form": form}, status)


def _bind_on_paper(request: HttpRequest, acting: Acting, issuer: IssuerRecord, form: OfferKey) -> HttpResponse:
    kind = form.cleaned_data["kind"]
    value = read_value_on_paper(kind, form.read_material(), timezone.now())
    proof = tell_paper(acting.role, form.cleaned_data["paper"])
    return start_draft(request, acting, OfferKey.verb, issuer.id, form.said_of(kind, value, proof))


def _challenge(request: HttpRequest, acting: Acting, issuer: IssuerRecord, form: OfferKey) -> HttpResponse:
    now, material, told = timezone.now(), form.read_material(), form.cleaned_data
    offer = read_key(told["kind"], material, now)
    carried = {
        "challenge": challenge_for(issuer, offer, now),
        "carried": carry(material),
        "kind": told["kind"],
        "valid_from": told["valid_from"],
        "last_day": told["last_day"],
    }
    return _show_challenge(request, acting, issuer, offer, AnswerChallenge(initial=carried), carried["challenge"])


def _show_challenge(
    request: HttpRequest,
    acting: Acting,
    issuer: IssuerRecord,
    offer: Offer | None,
    form: AnswerChallenge,
    challenge: str,
    status: int = 200,
) -> HttpResponse:
    plain = challenge.replace("\r\n", "\n")
    context: Mapping[str, Any] = {
        **_about(acting, issuer),
        "form": form,
        "offer": offer,
        "challenge": plain,
        "file": carry(plain.encode()),
        "expires": read_expiry(plain) if offer else None,
        "commands": sorted({key.command for key in offer.keys}) if offer else [],
    }
    return answer(request, acting, "desk/key_challenge.html", context, status)


def _take_answer(request: HttpRequest, acting: Acting, issuer: IssuerRecord) -> HttpResponse:
    now = timezone.now()
    form = AnswerChallenge(request.POST, request.FILES)
    if not form.is_valid() and set(form.errors) != {"signature"}:
        lost = OfferKey(acting=acting, initial=OfferKey.show({}))
        return _show_offer(request, acting, issuer, lost, 422)
    told, offer = form.cleaned_data, None
    try:
        offer = read_key(told["kind"], told["carried"], now)
        if form.errors:
            return _show_challenge(request, acting, issuer, offer, form, told["challenge"], 422)
        proof = tell_proof(issuer, offer, told["challenge"], form.read_signature(), now)
    except Unproven as error:
        form.add_error("signature", error.message)
        return _show_challenge(request, acting, issuer, offer, form, told["challenge"], 422)
    kept = OfferKey(acting=acting)
    kept.cleaned_data = told
    return start_draft(request, acting, OfferKey.verb, issuer.id, kept.said_of(offer.kind, offer.value, proof))


@needs(*ROLES)
@explain_refusals
def revoke(request: HttpRequest, acting: Acting, id: UUID, key: UUID) -> HttpResponse:
    """Record that a key is replaced or compromised; the preview says what that does to answers about the past."""
    issuer = find_theirs(acting, id)
    record = find_own("key", key)
    if record.issuer != issuer.id:
        raise NotFound("key_unknown", "", gettext("This key is not one of this issuer’s."))
    return fill_in(
        request,
        acting,
        RevokeKey,
        "desk/key_revoke.html",
        {**_about(acting, issuer), "key": record},
        verb=RevokeKey.verb,
        subject=f"{issuer.id}/{record.id}",
        show=partial(RevokeKey.show),
    )
