"""The addresses of status lists and of the node's DID document: public, cacheable, for any verifier."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from register.api.address import Address, answer_current, write_json
from register.api.node import statement_key
from register.errors import NotFound
from register.queries.credentials import Purpose, read_positions
from register.queries.cuts import resolve_cut
from register.queries.single import find_record
from register.records.credentials import MOST_LISTS
from register.status.identity import describe_did
from register.status.lists import PERIOD, PURPOSES, make_list, seal, seal_as_jwt

JWT: Final = "application/vc+jwt"
_CACHE: Final = f"public, max-age={int(PERIOD.total_seconds())}"


class _Credential(BaseRenderer):
    """Names the media type of VC 1.1 and of drafts of 2.0; the view writes all of them itself."""

    media_type = "application/vc+ld+json"
    format = "vc-ld-json"


class _CredentialOfTwo(BaseRenderer):
    """Names the media type of VC 2.0."""

    media_type = "application/vc"
    format = "vc"


class _CredentialAsJWT(BaseRenderer):
    """Names the media type of a credential as a JWT."""

    media_type = JWT
    format = "vc-jwt"


_TEXT: Final = {"type": "string"}
_LIST: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A BitstringStatusListCredential (W3C Bitstring Status List 1.0).",
    "required": ["@context", "id", "type", "issuer", "validFrom", "validUntil", "credentialSubject", "proof"],
    "properties": {
        **dict.fromkeys(("id", "issuer", "validFrom", "validUntil"), _TEXT),
        "credentialSubject": {
            "type": "object",
            "required": ["id", "type", "statusPurpose", "encodedList", "ttl"],
            "properties": dict.fromkeys(("id", "type", "statusPurpose", "encodedList"), _TEXT),
        },
        "proof": {"type": "object", "description": "eddsa-jcs-2022, by the node's did:web."},
    },
}


class StatusList(Address):
    """One list of one issuer."""

    tag = "credentials"
    renderer_classes = (_Credential, _CredentialOfTwo, JSONRenderer, _CredentialAsJWT)
    answers: ClassVar = {"GET": _LIST}
    same_media = (_Credential.media_type, _CredentialOfTwo.media_type)
    other_media = (JWT,)
    path_schemas: ClassVar = {
        "purpose": {"type": "string", "enum": list(PURPOSES)},
        "number": {"type": "integer", "minimum": 0, "maximum": MOST_LISTS - 1},
    }

    def get(self, request: Request, issuer: UUID, purpose: str, number: int) -> HttpResponse:
        """Give a signed status list of an issuer: which of its credentials are revoked, or suspended, right now.

        Each issuer has ten thousand lists of 131,072 places for each purpose, numbered from 0; an empty one says that
        nothing in it is revoked. Any place may be given to a credential when it is issued, the same for both purposes.
        With `Accept: application/vc+jwt` the list comes as a JWT.
        """
        self.query(request)
        now = timezone.now()
        kind: Purpose | None = next((one for one in PURPOSES if one == purpose), None)
        if kind is None or number >= MOST_LISTS:
            raise NotFound("not_found", "", f"expected {' or '.join(PURPOSES)} and a number below {MOST_LISTS}")
        cut = resolve_cut()
        held = find_record("issuer", str(issuer), cut)
        address = f"{settings.ASSAY_BASE_URL}/status/{held.id}/{kind}/{number}"
        found = make_list(address, settings.ASSAY_BASE_URL, kind, read_positions(cut, held.id, kind, number, now), now)
        if request.accepted_media_type == JWT:
            return _answer(request, seal_as_jwt(found, statement_key()).encode())
        return _answer(request, write_json(seal(found, statement_key())))


def _answer(request: Request, body: bytes) -> HttpResponse:
    """Answer with a list that caches may keep; 304 when the client has it already."""
    media = str(request.accepted_media_type)
    tag = f'"{hashlib.sha256(media.encode() + body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": _CACHE, "Vary": "Accept"}
    if tag in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(body, content_type=media, headers=headers)


_DID_DOCUMENT: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["@context", "id", "verificationMethod", "assertionMethod"],
    "properties": {
        "id": _TEXT,
        "verificationMethod": {"type": "array", "items": {"type": "object"}},
        "assertionMethod": {"type": "array", "items": _TEXT},
    },
}


class DidDocument(Address):
    """The node's DID document."""

    tag = "node"
    answers: ClassVar = {"GET": _DID_DOCUMENT}

    def get(self, request: Request) -> HttpResponse:
        """Give the node's DID document (did:web): the key with which it signs status lists."""
        self.query(request)
        return answer_current(request, describe_did(settings.ASSAY_BASE_URL, statement_key()))
