"""A node's addresses, and the yardsticks: bare views that select one row through an index, or verify one signature."""

from __future__ import annotations

from functools import cache
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deploy import urls
from register.models import Happening, IssuerVersion


class Row(APIView):
    """The least that a DRF view with a database can do."""

    permission_classes = (AllowAny,)

    def get(self, request: Request, log: int, index: int) -> Response:
        """Give one row."""
        row = Happening.objects.get(pk=(log, index))
        return Response({"index": row.index, "type": row.type, "subject": row.subject, "time": row.time})


class Issuer(APIView):
    """The same for one issuer by its id."""

    permission_classes = (AllowAny,)

    def get(self, request: Request, uid: UUID) -> Response:
        """Give its newest version."""
        issuer = IssuerVersion.objects.get(uid=uid, recorded_until=None)
        return Response({"id": issuer.uid, "country": issuer.country, "content": issuer.content})


class Seal(APIView):
    """The least that checking a sealed body can be: one RSA signature over it, and one row."""

    permission_classes = (AllowAny,)
    parser_classes = ()

    def post(self, request: Request, log: int, index: int) -> Response:
        """Verify and give one row."""
        key, signature = _sign(request._request.body)
        key.verify(signature, request._request.body, PKCS1v15(), SHA256())
        row = Happening.objects.get(pk=(log, index))
        return Response({"index": row.index, "type": row.type, "subject": row.subject, "time": row.time})


def show_bare(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Select one issuer and show it in the frame of all pages: the least that a page can be."""
    issuer = IssuerVersion.objects.get(uid=uid, recorded_until=None)
    return render(request, "bench/bare.html", {"issuer": issuer, "record": issuer.content})


@cache
def _sign(body: bytes) -> tuple[rsa.RSAPublicKey, bytes]:
    """Sign the one body that is sent, when it is first seen."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.public_key(), key.sign(body, PKCS1v15(), SHA256())


urlpatterns = [
    path("bench/seals/<int:log>/<int:index>", Seal.as_view()),
    path("bench/rows/<int:log>/<int:index>", Row.as_view()),
    path("bench/issuers/<uuid:uid>", Issuer.as_view()),
    path("bench/pages/<uuid:uid>", show_bare),
    *urls.urlpatterns,
]
assert __name__ == settings.ROOT_URLCONF
