"""Demonstration users: one a login, with a random password kept beside the node's data; who may write has a token.

| login | membership |
|---|---|
| operator | operator |
| second-operator | a second one, who approves what the first one drafts: agencies, peers |
| agency | officer of the agency with most accreditations |
| approver | a second person of that agency, who approves what the first one drafts |
| issuer | officer of an issuer that the agency has accredited |
| auditor | reads what operators read |

A node without demonstration data (`up --empty`) gets the operator alone. Memberships are marked, and stay as they are
once made; sign-in asks such people for no second factor (README.md).
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Count

from register.access.models import Membership
from register.access.roles import AGENCY, AUDITOR, ISSUER, OPERATOR, ROLES, WRITE
from register.access.tokens import create_token
from register.models import AccreditationVersion

PASSWORDS: Final = "demonstration-passwords.json"
TOKEN_NAME: Final = "demonstration"
APPROVER: Final = "approver"
SECOND: Final = "second-operator"

LOGINS: Final[Mapping[str, str]] = {
    OPERATOR: OPERATOR,
    SECOND: OPERATOR,
    AGENCY: AGENCY,
    APPROVER: AGENCY,
    ISSUER: ISSUER,
    AUDITOR: AUDITOR,
}
"""Login → role of its membership."""


def make_access() -> dict[str, Any]:
    """Make, or find, users and passwords, make fresh tokens; return both by login, as nodes.json holds them."""
    passwords = read_passwords()
    tokens, logins = {}, []
    for login, membership in find_memberships():
        user = membership.user
        password = passwords.setdefault(login, secrets.token_urlsafe(12))
        if not user.check_password(password):
            user.set_password(password)
            user.save(update_fields=["password"])
        if login in ROLES:
            membership.tokens.filter(name=TOKEN_NAME).delete()
            tokens[login] = create_token(membership, TOKEN_NAME, (WRITE,))[1]
        logins.append({"role": login, "email": user.email, "password": password})
    write_passwords(passwords)
    return {"tokens": tokens, "logins": logins}


def find_memberships() -> Iterator[tuple[str, Membership]]:
    """Yield each login with its membership, making those that are missing and possible."""
    organisations = {OPERATOR: "", **find_organisations()}
    if AGENCY in organisations:
        organisations |= {APPROVER: organisations[AGENCY], AUDITOR: "", SECOND: ""}
    for login, role in LOGINS.items():
        marked = Membership.objects.filter(demonstration=True, role=role, approves=login in (APPROVER, SECOND))
        found = marked.select_related("user").first()
        if found is None and login in organisations:
            found = make_membership(login, organisations[login])
        if found is not None:
            yield login, found


def make_membership(login: str, organisation: str) -> Membership:
    """Make a demonstration person and what they belong to."""
    email = f"{login}@{settings.ASSAY_NODE_NAME}.example"
    user, _ = get_user_model().objects.get_or_create(username=email, defaults={"email": email})
    approves = login in (APPROVER, SECOND)
    return Membership.objects.create(
        user=user, role=LOGINS[login], organisation=organisation, approves=approves, demonstration=True
    )


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
    """Return the passwords by login that an earlier start made."""
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
