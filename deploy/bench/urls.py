"""A node's addresses, and the yardsticks of reading: bare views that select one row through an index."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
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


urlpatterns = [
    path("bench/rows/<int:log>/<int:index>", Row.as_view()),
    path("bench/issuers/<uuid:uid>", Issuer.as_view()),
    *urls.urlpatterns,
]
assert __name__ == settings.ROOT_URLCONF
