"""Addresses of the federation; none ends in a slash."""

from __future__ import annotations

from django.urls import URLPattern, path

from federation.api import peers, verbs
from federation.views import actions, meeting, mirror, page, witness

_PEER = "federation/peers/<uuid:id>"

urlpatterns: list[URLPattern] = [
    path("federation", page.show_board, name="federation"),
    path("federation/add", meeting.add_peer, name="add-peer"),
    path(_PEER, page.show_one, name="peer"),
    path(f"{_PEER}/quarantine", page.show_aside, name="peer-quarantine"),
    path(f"{_PEER}/confirm-key", meeting.confirm_key, name="peer-confirm-key"),
    path(f"{_PEER}/<slug:verb>", actions.act, name="peer-action"),
    path("federation/alerts/<int:id>/settle", actions.settle_alert, name="settle-alert"),
    path("federation/evidence/<uuid:id>", page.download_evidence, name="evidence"),
    path("mirror/<str:log>/checkpoint", mirror.checkpoint, name="mirror-checkpoint"),
    path("mirror/<str:log>/tile/<path:path>", mirror.tile, name="mirror-tile"),
    path("mirror/<str:log>/receipt/<str:index>", mirror.receipt, name="mirror-receipt"),
    path("mirror/<str:log>/first-receipt/<str:index>", mirror.first_receipt, name="mirror-first-receipt"),
    path("witness/add-checkpoint", witness.add_checkpoint, name="witness-add-checkpoint"),
    path("witness/<str:digest>/checkpoint", witness.cosigned, name="witness-checkpoint"),
    path("api/v1/peers", peers.Peers.as_view()),
    path("api/v1/peers/<uuid:id>", peers.Peer.as_view()),
    path("api/v1/peers/<uuid:id>/history", peers.PeerHistory.as_view()),
    path("api/v1/peers/<uuid:id>/amend", verbs.AmendPeer.as_view()),
    path("api/v1/peers/<uuid:id>/pause", verbs.PausePeer.as_view()),
    path("api/v1/peers/<uuid:id>/resume", verbs.ResumePeer.as_view()),
    path("api/v1/peers/<uuid:id>/unfreeze", verbs.UnfreezePeer.as_view()),
    path("api/v1/peers/<uuid:id>/confirm-key", verbs.ConfirmPeerKey.as_view()),
    path("api/v1/peers/<uuid:id>/withdraw", verbs.WithdrawPeer.as_view()),
]
