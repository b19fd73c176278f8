#!/usr/bin/env python
"""Run a management command of the node whose data lie in ASSAY_DATA_DIR (default `.assay`)."""

import os
import sys

# Only these need the owner of the tables; all others run as the web does, and cannot alter the ledger.
OWNER_COMMANDS = {"migrate", "sqlmigrate", "makemigrations", "backup", "restore", "dbshell"}


def main() -> None:
    """Hand over to Django; a missing setting or a stopped database is one line, not a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")
    if OWNER_COMMANDS & set(sys.argv[1:2]):
        os.environ.setdefault("ASSAY_DATABASE_ROLE", "owner")
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    from deploy.env import SettingError

    try:
        execute_from_command_line(sys.argv)
    except SettingError as error:
        sys.exit(str(error))
    except OperationalError as error:
        reason = " ".join(str(error).split())
        sys.exit(f"The database does not answer ({reason}). Is the node running? Start it with ./deploy/up.")


if __name__ == "__main__":
    main()
