"""One process of a node whose clock is wrong: `python -m tests.faults.skewed_writer SECONDS COUNT`.

Says `ready`, waits for a line, then registers COUNT issuers one by one through the commands, with the present time
shifted by SECONDS. Prints the indexes written.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta

import django


def main(seconds: int, count: int) -> None:
    """Write with a shifted clock."""
    django.setup()
    from django.db import connection
    from django.utils import timezone

    from register import commands
    from tests.factories import OPERATOR, issuer_terms

    def read_clock() -> datetime:
        return timezone.now() + timedelta(seconds=seconds)

    connection.ensure_connection()
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(count):
        intent = commands.intend("issuer.registered", issuer_terms())
        (written,) = commands.record([intent], actor=OPERATOR, clock=read_clock)
        print(written.index, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
