"""Words for what one may say: each verb of roles.VERBS as an action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

VERB_WORDS: Final[Mapping[str, str | Promise]] = {
    "recognise_agency": _("Recognise agencies"),
    "amend_agency": _("Amend agencies"),
    "withdraw_agency": _("Withdraw agencies"),
    "register_issuer": _("Register issuers"),
    "amend_issuer": _("Amend issuers"),
    "close_issuer": _("Close issuers"),
    "relate_issuer": _("Relate issuers to one another"),
    "bind_key": _("Bind keys"),
    "revoke_key": _("Revoke keys"),
    "register_programme": _("Describe programmes"),
    "amend_programme": _("Amend programmes"),
    "close_programme": _("End programmes"),
    "grant_mandate": _("Grant mandates"),
    "revoke_mandate": _("Revoke mandates"),
    "grant_accreditation": _("Grant accreditations"),
    "amend_accreditation": _("Amend accreditations"),
    "suspend_accreditation": _("Suspend accreditations"),
    "reinstate_accreditation": _("Reinstate accreditations"),
    "revoke_accreditation": _("Revoke accreditations"),
    "anchor_batch": _("Anchor batches of credentials"),
    "revoke_credentials": _("Revoke credentials"),
    "suspend_credentials": _("Suspend credentials"),
    "reinstate_credentials": _("Reinstate credentials"),
    "recognise_peer": _("Recognise peers"),
    "amend_peer": _("Amend peers"),
    "withdraw_peer": _("Withdraw peers"),
}
"""Verb → what it does, as a person would choose it from a list."""
