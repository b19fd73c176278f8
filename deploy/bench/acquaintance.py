"""Acquaintance: a node recognises peers whose keys are at hand, as the operator does who has compared them.

Called by way of `deploy.bench.elsewhere`, too.
"""

from __future__ import annotations

from django.conf import settings

from deploy.bench import filling
from federation.models import Following, Submission
from federation.peers import refresh
from ledger.reader import latest_checkpoint, list_logs
from register import commands
from register.payloads import PeerTerms


def recognise(peers: list[dict[str, str]]) -> None:
    """Recognise peers (as `signed_logs.describe_peer` describes them); following them begins with the next poll."""
    for peer in peers:
        keys = {"vkeys": [peer["vkey"]], "witness_vkeys": [peer["witness_vkey"]]}
        said = {"origin": peer["origin"], "name": peer["name"], "address": peer["url"], "territory": ["DE"], **keys}
        commands.recognise_peer(PeerTerms.model_validate(said), actor=filling.OPERATOR)
    refresh()


def count_cosigners() -> int:
    """Return how many peers' witnesses have cosigned all that this node has signed."""
    return Submission.objects.filter(size=latest_checkpoint(settings.ASSAY_ORIGIN).size).count()


def insist_on_copies(count: int) -> None:
    """Raise RuntimeError unless the logs of so many peers are held, and all peers are followed without trouble."""
    troubled = Following.objects.exclude(error_code="").values_list("origin", "error_code", "error_message")
    held = sum(1 for log in list_logs() if not log.own and log.size)
    if held != count or troubled:
        raise RuntimeError(f"expected copies of {count} logs without trouble, got {held}; trouble: {list(troubled)}")
