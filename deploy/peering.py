"""Nodes of one data directory get to know each other: `python -m deploy.peering '[{"url": …, "vkey": …}]'`.

The fingerprint that operators otherwise compare by telephone is at hand here: `up` made the keys. Each peer that this
node does not follow yet is introduced and recognised on this node's ledger; the others are left as they are, a
withdrawn one too. It may run again at any time.
"""

import json
import os
import sys

import django

from deploy.embedded import write_private
from deploy.nodes import ACQUAINTED, read_acquainted


def recognise(peers: list[dict[str, str]]) -> None:
    """Recognise each node unless its origin is known here; raises FederationError when one is not who it should be."""
    from django.conf import settings  # Django is set up by now

    from federation.introduction import introduce
    from federation.lifecycle import confirm
    from federation.models import Following
    from federation.transport import open_client

    with open_client() as client:
        for peer in peers:
            met = introduce(peer["url"], client, expected=peer["vkey"])
            if not Following.objects.filter(origin=met.origin).exists():
                confirm(met)
                print(f"following {met.origin}", flush=True)
    known = read_acquainted(settings.ASSAY_DATA_DIR) | {peer["vkey"] for peer in peers}
    write_private(settings.ASSAY_DATA_DIR / ACQUAINTED, json.dumps(sorted(known)))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")
    django.setup()
    recognise(json.loads(sys.argv[1]))
