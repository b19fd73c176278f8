"""Brings a node's database and files to the state its code needs: `python -m deploy.prepare first|schema|demo`.

Each step may run again at any time. `first` and `schema` run as the owner of the tables, `demo` as the web does, so
that the demonstration data enter by the same door as anybody's. `first` is for nodes that `deploy/up` does not start:
it makes the app role, the extensions and the keys before it does what `schema` does.
"""

import io
import json
import os
import sys
import time
from pathlib import Path

import django
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from deploy.catalogues import compile_catalogues
from deploy.database import parse_database_url
from deploy.embedded import write_private
from deploy.keys import ensure_keys
from deploy.programs import COMPLETE
from deploy.roles import create_extensions, grant_app_role, set_role

ACCESS_FILE = "access.json"
SAMPLES_FOLDER = "demonstration"
# Demonstration tokens are made anew well before they expire.
RENEW_AFTER_SECONDS = 60 * 86_400


def prepare_first() -> None:
    """Make what `deploy/up` makes before it migrates; the app role's password is that of ASSAY_APP_DATABASE_URL."""
    connection.ensure_connection()
    create_extensions(connection.connection)
    if url := os.environ.get("ASSAY_APP_DATABASE_URL"):
        app = parse_database_url("ASSAY_APP_DATABASE_URL", url)
        set_role(connection.connection, app["user"], app.get("password", ""), "NOCREATEDB")
    ensure_keys(settings.ASSAY_KEYS_DIR, settings.ASSAY_ORIGIN)
    prepare_schema()


def prepare_schema() -> None:
    """Check the settings, migrate, grant, gather static files, compile the languages."""
    call_command("check", fail_level="ERROR")
    call_command("migrate", interactive=False, verbosity=1)
    if role := os.environ.get("ASSAY_APP_ROLE"):
        with connection.cursor():
            grant_app_role(connection.connection, role)
    call_command("collectstatic", interactive=False, verbosity=0)
    compile_catalogues(settings.LOCALE_PATHS[0])
    from deploy.opening import is_open  # its models exist only once Django is set up

    if (backup := os.environ.get("ASSAY_RESTORE")) and not is_open():
        restore(backup)
    if mirrors := os.environ.get("ASSAY_RECOVER"):
        recover(mirrors.split())
    print(COMPLETE if is_open() and is_current(settings.ASSAY_DATA_DIR / ACCESS_FILE) else "demo is to follow")


def restore(backup: str) -> None:
    """Fill the new database from a backup before anybody can write; a refusal is the start's one line of failure."""
    try:
        call_command("restore", backup)
    except CommandError as error:
        sys.exit(str(error))


def recover(mirrors: list[str]) -> None:
    """Bring the ledger of a lost node back from its peers' mirrors, or go on with that; a refusal stops the start."""
    from deploy.opening import is_open
    from federation.recovery import is_under_way

    if is_open() and not is_under_way():
        return
    try:
        call_command("recover", *mirrors)
    except CommandError as error:
        sys.exit(str(error))


def prepare_demo() -> None:
    """Open the register, load the demonstration data (unless `--empty`), make tokens and logins."""
    from deploy.opening import ensure_open  # its models exist only once Django is set up

    ensure_open()
    if settings.ASSAY_DEMO:
        call_command("load_demo")
        write_samples(settings.ASSAY_DATA_DIR / SAMPLES_FOLDER)
    path = settings.ASSAY_DATA_DIR / ACCESS_FILE
    if is_current(path):
        return
    written = io.StringIO()
    call_command("demo_access", json=True, stdout=written)
    write_private(path, json.dumps(json.loads(written.getvalue())))


def write_samples(folder: Path) -> None:
    """Write the demonstration credentials of this node's issuers, and the receipts of those that are anchored.

    A receipt stays as it was first written: one made today would prove no more than that the credential exists today,
    which of one whose key was stolen meanwhile is too late.
    """
    from register.intake.demonstration_credentials import read_samples

    for sample in read_samples():
        folder.mkdir(exist_ok=True)
        (folder / f"{sample.name}.json").write_bytes(sample.credential)
        receipt = folder / f"{sample.name}.receipt.json"
        if sample.receipt is not None and not receipt.exists():
            receipt.write_bytes(sample.receipt)


def is_current(path: Path) -> bool:
    """Tell whether the tokens and logins made at an earlier start still serve."""
    from register.access.demonstration import LOGINS  # its models exist only once Django is set up

    if not path.exists() or time.time() - path.stat().st_mtime > RENEW_AFTER_SECONDS:
        return False
    wanted = set(LOGINS) if settings.ASSAY_DEMO else {"operator"}
    return wanted <= {login["role"] for login in json.loads(path.read_text())["logins"]}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")
    django.setup()
    {"first": prepare_first, "schema": prepare_schema, "demo": prepare_demo}[sys.argv[1]]()
