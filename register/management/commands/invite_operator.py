"""`manage.py invite_operator EMAIL`: the link by which the first person who runs a node gets an account."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from register.access.invitations import invite
from register.access.roles import OPERATOR
from register.errors import Refused


class Command(BaseCommand):
    """Invite an operator; whoever may run this has the node in hand anyway."""

    help = "Print a link, good for seven days and one use, by which a person becomes an operator of this node."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the e-mail."""
        parser.add_argument("email", help="the person's own e-mail, which becomes the name of the account")
        parser.add_argument("--approves", action="store_true", help="may also approve what other operators drafted")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the link."""
        try:
            validate_email(options["email"])
            _row, secret = invite(None, options["email"], OPERATOR, approves=options["approves"])
        except ValidationError:
            raise CommandError(
                f"expected an e-mail, got {options['email']!r}; write it like name@node.example"
            ) from None
        except Refused as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{settings.ASSAY_BASE_URL}/invitations/{secret}")
