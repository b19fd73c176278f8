"""`/api/v1/bundle`: what this node and the registers it follows hold, in one signed file to verify without a network.

Written while it is sent, a member at a time. What fails on the way ends the file before its manifest, which comes last:
no reader takes a part for the whole. The format: register/credentials/README.md.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from threading import Lock
from typing import Any, ClassVar, Final

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

from ledger.errors import NotCovered
from register.api.address import Address
from register.api.node import describe_node, statement_key
from register.api.parameters import Parameter
from register.api.problems import Problem
from register.credentials.bundle.manifest import sign_manifest
from register.credentials.bundle.writing import Order, write_bundle
from register.identifiers import Identifier, parse_identifier
from register.key_chain import Handover
from register.queries import bundling

MEDIA_TYPE: Final = "application/zip"
MOST: Final = 100
"""Issuers that one request names."""

_SECONDS: Final = 10
_KEPT: Final = "public, max-age=300"


class Turn:
    """A process makes one bundle at a time: of a large register it takes a core for some seconds, drafting included.

    Whoever reads so slowly that it takes minutes goes on, but keeps nobody waiting any longer.
    """

    LONGEST: ClassVar[float] = 120.0

    def __init__(self) -> None:
        self._lock = Lock()
        self._since: float | None = None

    def take(self) -> float | None:
        """Return a mark to give back, or None while it is another's turn."""
        with self._lock:
            now = time.monotonic()
            if self._since is not None and now - self._since < self.LONGEST:
                return None
            self._since = now
            return now

    def give_back(self, mark: float) -> None:
        """End the turn, unless it has passed to another one meanwhile."""
        with self._lock:
            if self._since == mark:
                self._since = None


_turn = Turn()


def read_issuers(text: str) -> tuple[tuple[str, Identifier], ...]:
    """Read identifiers of issuers, separated by commas; raises ValueError."""
    given = tuple(dict.fromkeys(one.strip() for one in text.split(",") if one.strip()))
    if not 0 < len(given) <= MOST:
        raise ValueError(f"expected 1 to {MOST} identifiers, separated by commas")
    return tuple((one, parse_identifier(one)) for one in given)


class _AnyMedia(BaseContentNegotiation):
    """There is one form of a bundle, whatever the client says it takes."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """Return the first renderer, which writes problems."""
        return renderers[0], renderers[0].media_type


class BundleResponse(StreamingHttpResponse):
    """A bundle on its way; whatever ends it gives the turn to the next."""

    mark: float

    def close(self) -> None:
        """End the answer."""
        super().close()
        _turn.give_back(self.mark)


class Bundle(Address):
    """An offline bundle."""

    tag = "credentials"
    content_negotiation_class = _AnyMedia
    parameters = (
        Parameter(
            "issuers",
            "Only what concerns these issuers: any identifiers, separated by commas. Default: everything.",
            read_issuers,
            {"type": "string", "maxLength": 2000},
        ),
    )
    other_media = (MEDIA_TYPE,)
    problems = (404,)
    answers: ClassVar[Mapping[str, Any]] = {}

    def get(self, request: Request) -> HttpResponse:
        """Give a bundle: a ZIP file, signed and dated, that makes `assay verify` work without a network.

        Our ledger and those of the registers it knows: entries, the hashes that prove them, checkpoints with their
        cosignatures, and an index. While another one is being made by the same process: 503, to be asked again.
        """
        issuers = self.query(request).get("issuers")
        mark = _turn.take()
        if mark is None:
            sentence = "Another bundle is being made at the moment; ask again."
            raise Problem(503, "busy", sentence, headers={"Retry-After": str(_SECONDS)})
        try:
            return _send(_draft(issuers), mark)
        except BaseException:
            _turn.give_back(mark)
            raise


def _send(order: Order, mark: float) -> HttpResponse:
    name = f"assay-bundle-{order.made_at:%Y-%m-%d}.zip"
    headers = {"Cache-Control": _KEPT, "Content-Disposition": f'attachment; filename="{name}"'}
    pieces = write_bundle(order, lambda manifest: sign_manifest(manifest, statement_key()))
    response = BundleResponse(pieces, content_type=MEDIA_TYPE, headers=headers)
    response.mark = mark
    return response  # type: ignore[return-value]


def _draft(issuers: tuple[tuple[str, Identifier], ...] | None) -> Order:
    now = timezone.now()
    ledgers = bundling.list_ledgers(settings.ASSAY_ORIGIN)
    if not ledgers or ledgers[0].origin != settings.ASSAY_ORIGIN:
        raise NotCovered(f"expected a signed checkpoint of {settings.ASSAY_ORIGIN}, there is none yet; sign first")
    if issuers is not None:
        ledgers = bundling.choose(ledgers, [identifier for _, identifier in issuers], now)
    return Order(
        node=settings.ASSAY_BASE_URL,
        made_at=now,
        issuers=None if issuers is None else tuple(written for written, _ in issuers),
        freshness_seconds=settings.ASSAY_FRESHNESS_SECONDS,
        ledgers=ledgers,
        handover=tuple(Handover.model_validate(one) for one in describe_node()["handover"]),
    )
