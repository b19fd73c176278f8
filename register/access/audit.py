"""The audit record: `note` adds a line in the caller's transaction, so that what is undone is not noted as done.

A line says who (the person's number, and the e-mail as it was), as what (role and organisation), what (`code`), about
whom or what, when, and from which network. It never holds a secret, and of failures nothing that was typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from register.access.acting import Acting, acting_of
from register.access.addresses import read_network
from register.access.models import AuditRecord

CODES: Final[Mapping[str, str | Promise]] = {
    "signed_in": _("Signed in"),
    "signed_out": _("Signed out"),
    "sign_in_failed": _("Failed to sign in"),
    "sign_in_refused": _("Sign-in refused: too many failures"),
    "second_factor_failed": _("Wrong second factor"),
    "invited": _("Invited"),
    "invitation_withdrawn": _("Invitation withdrawn"),
    "invitation_accepted": _("Invitation accepted"),
    "membership_changed": _("Rights changed"),
    "membership_removed": _("Membership taken away"),
    "second_factor_added": _("Second factor added"),
    "second_factor_removed": _("Second factor removed"),
    "second_factor_reset": _("Second factor reset by somebody else"),
    "recovery_codes_made": _("Recovery codes made"),
    "recovery_code_used": _("Recovery code used"),
    "single_sign_on_bound": _("Single sign-on connected"),
    "session_ended": _("Session ended"),
    "sessions_ended": _("All sessions ended"),
    "password_changed": _("Password changed"),
    "password_reset_asked": _("New password asked for"),
    "token_made": _("Token made"),
    "token_revoked": _("Token revoked"),
    "four_eyes_changed": _("Four-eyes settings changed"),
    "draft_submitted": _("Handed to a second person"),
    "draft_approved": _("Draft approved"),
    "draft_returned": _("Draft returned"),
    "draft_discarded": _("Draft discarded"),
    "draft_published": _("Published"),
    "import_submitted": _("Import handed to a second person"),
    "import_approved": _("Import approved"),
    "import_returned": _("Import returned"),
    "import_discarded": _("Import discarded"),
    "import_published": _("Import published"),
    "remark_cleared": _("Remark cleared"),
    "remark_reopened": _("Remark opened again"),
    "peer_paused": _("Peer paused"),
    "peer_resumed": _("Peer followed again"),
    "peer_unfrozen": _("Peer followed again after a fork"),
    "alert_settled": _("Alert settled"),
    "single_sign_on_removed": _("Single sign-on disconnected"),
}
"""Code → what was done, in words. A code that is not here is shown as it is."""

Fact = str | int | bool | None


def note(
    by: HttpRequest | Acting | None,
    code: str,
    about: str = "",
    *,
    organisation: str | None = None,
    person: User | None = None,
    network: str = "",
    **facts: Fact,
) -> AuditRecord:
    """Add a line to the audit record and return it.

    `by` is the request or who is acting, both of which know the network; `person` names somebody who has no session
    yet, `network` where it was asked from when neither is at hand. `organisation` is the id of the one concerned, by
    default the one acted for. `facts` are plain values.
    """
    request = by if isinstance(by, HttpRequest) else None
    acting = acting_of(request) if request is not None else by if isinstance(by, Acting) else None
    who = acting if person is None or (acting and acting.user == person.pk) else None
    row = AuditRecord(code=code[:40], about=about[:300], facts=dict(facts))
    if who is not None:
        row.user, row.email, row.role, row.said_as = who.user, who.email, who.role, who.organisation
    elif person is not None:
        row.user, row.email = person.pk, person.email
    elif request is not None and isinstance(request.user, User):
        row.user, row.email = request.user.pk, request.user.email
    row.organisation = row.said_as if organisation is None else organisation
    row.network = read_network(request) if request is not None else acting.network if acting is not None else network
    row.save(force_insert=True)
    return row
