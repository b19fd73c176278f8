"""`manage.py demo_access [--json]`: users, passwords and tokens for trying a node out."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from register.access.demonstration import make_access


class Command(BaseCommand):
    """Make the demonstration users; a later run keeps passwords and renews tokens."""

    help = "Make the demonstration users, and tokens for those who may write; passwords stay the same at every run."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --json."""
        parser.add_argument("--json", action="store_true", help="print tokens and logins as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print who may log in with what."""
        access = make_access()
        if options["json"]:
            self.stdout.write(json.dumps(access))
            return
        for login in access["logins"]:
            self.stdout.write(f"{login['role']}: {login['email']}  {login['password']}")
        for role, token in access["tokens"].items():
            self.stdout.write(f"{role} token: {token}")
