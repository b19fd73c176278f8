"""An intruder with the database's superuser and the node's keys: `python -m tests.faults.forger INDEX`.

Rewrites one entry and everything after it into another history that is perfect in itself: leaf hashes, tiles,
frontier, checkpoint, guard. Runs with the node's ASSAY_DATA_DIR and the superuser's DATABASE_URL.
"""

from __future__ import annotations

import os
import sys
from hashlib import sha256

import django


def main(index: int) -> None:
    """Forge the country in the entry at `index`."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "deploy.settings"
    django.setup()
    from django.conf import settings
    from django.db import transaction
    from django.utils import timezone

    from ledger import guard, publish, reader, writer
    from ledger.database import execute
    from ledger.tlog.merkle import Frontier

    origin = settings.ASSAY_ORIGIN
    log = reader.get_log(origin)
    entries = reader.read_entries(origin, 0, log.size)
    forged = entries[index].replace(b'"country":"NL"', b'"country":"DE"')
    if forged == entries[index]:
        raise SystemExit(f"entry {index} holds nothing to forge")
    entries[index] = forged
    with transaction.atomic():
        execute("SET LOCAL session_replication_role = replica", ())
        for table in ("ledger_checkpoint", "ledger_tile", "ledger_entry"):
            execute(f"DELETE FROM {table} WHERE log_id = %s", (log.id,))
        execute("UPDATE ledger_log SET size = 0, frontier = %s WHERE id = %s", (Frontier().to_bytes(), log.id))
        drafts = [writer.Draft(entry, sha256(entry).digest()) for entry in entries]
        writer.append(writer.lock(origin, timezone.now()), drafts)
    guard.accept(origin, None)
    publish.publish(origin)


if __name__ == "__main__":
    main(int(sys.argv[1]))
