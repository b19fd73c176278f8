"""Demonstration users: one a role, with a random password kept beside the node's data and a token of its own.

The agency is the one with most accreditations, the issuer one that it has accredited; a node without demonstration
data (`up --empty`) gets the operator alone. Memberships are marked, and stay as they are once made.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Count

from register.access.models import Membership
from register.access.roles import AGENCY, ISSUER, OPERATOR, WRITE
from register.access.tokens import create_token
from register.models import AccreditationVersion

PASSWORDS: Final = "demonstration-passwords.json"
TOKEN_NAME: Final = "demonstration"


def make_access() -> dict[str, Any]:
    """Make, or find, users and passwords, make fresh tokens; return both by role, as nodes.json holds them."""
    passwords = read_passwords()
    tokens, logins = {}, []
    for membership in find_memberships():
        role, user = membership.role, membership.user
        password = passwords.setdefault(role, secrets.token_urlsafe(12))
        if not user.check_password(password):
            user.set_password(password)
            user.save(update_fields=["password"])
        membership.tokens.filter(name=TOKEN_NAME).delete()
        tokens[role] = create_token(membership, TOKEN_NAME, (WRITE,))[1]
        logins.append({"role": role, "email": user.email, "password": password})
    write_passwords(passwords)
    return {"tokens": tokens, "logins": logins}


def find_memberships() -> Iterator[Membership]:
    """Yield the demonstration memberships, making those that are missing and possible."""
    organisations = {OPERATOR: "", **find_organisations()}
    for role in (OPERATOR, AGENCY, ISSUER):
        email = f"{role}@{settings.ASSAY_NODE_NAME}.example"
        found = Membership.objects.filter(demonstration=True, role=role).select_related("user").first()
        if found is not None:
            yield found
        elif role in organisations:
            user, _ = get_user_model().objects.get_or_create(username=email, defaults={"email": email})
            yield Membership.objects.create(user=user, role=role, organisation=organisations[role], demonstration=True)


def find_organisations() -> dict[str, str]:
    """Return the ids of an agency and of an issuer that it has accredited; nothing on a node without demonstration."""
    if not settings.ASSAY_DEMO:
        return {}
    newest = AccreditationVersion.objects.filter(recorded_until=None, revoked_from=None, quarantine=None, log__own=True)
    row = newest.values("agency").annotate(many=Count("uid")).order_by("-many", "agency").first()
    if row is None:
        return {}
    issuer = (
        newest.filter(agency=row["agency"], suspended=None).order_by("uid").values_list("issuer", flat=True).first()
    )
    return {AGENCY: str(row["agency"])} | ({ISSUER: str(issuer)} if issuer else {})


def read_passwords() -> dict[str, str]:
    """Return the passwords by role that an earlier start made."""
    path = Path(settings.ASSAY_DATA_DIR) / PASSWORDS
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}


def write_passwords(passwords: dict[str, str]) -> None:
    """Keep the passwords for the next start, readable by their owner alone."""
    path = Path(settings.ASSAY_DATA_DIR) / PASSWORDS
    unfinished = path.with_suffix(".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(passwords, file)
    unfinished.replace(path)
