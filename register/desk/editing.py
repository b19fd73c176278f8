"""Where a draft is changed: the form that its verb was filled in with, which takes it up by `?draft=ID`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from register.desk.four_eyes import CONFIRMING, SETTING, UNFREEZING, codes_of
from register.desk.models import Draft
from register.desk.terms import ids_of
from register.payloads import Amending

FORMS: Final[Mapping[str, str]] = {
    "grant_accreditation": "/desk/decisions/new",
    "amend_accreditation": "/desk/accreditations/{0}/amend",
    "suspend_accreditation": "/desk/accreditations/{0}/suspend",
    "reinstate_accreditation": "/desk/accreditations/{0}/reinstate",
    "revoke_accreditation": "/desk/accreditations/{0}/revoke",
    "register_issuer": "/desk/issuers/new",
    "amend_issuer": "/desk/issuers/{0}/amend",
    "close_issuer": "/desk/issuers/{0}/close",
    "relate_issuer": "/desk/issuers/{0}/relate",
    "bind_key": "/desk/issuers/{0}/keys/new",
    "revoke_key": "/desk/issuers/{0}/keys/{1}/revoke",
    "register_programme": "/desk/programmes/new",
    "amend_programme": "/desk/programmes/{0}/amend",
    "close_programme": "/desk/programmes/{0}/close",
    "grant_mandate": "/desk/mandates/new",
    "revoke_mandate": "/desk/mandates/{0}/revoke",
    "anchor_batch": "/desk/batches/anchor",
    "revoke_credentials": "/desk/credentials/revoke",
    "suspend_credentials": "/desk/credentials/suspend",
    "reinstate_credentials": "/desk/credentials/reinstate",
    "recognise_agency": "/operator/agencies/new",
    "amend_agency": "/operator/agencies/{0}/amend",
    "withdraw_agency": "/operator/agencies/{0}/withdraw",
    "recognise_peer": "/federation/add",
    "amend_peer": "/federation/peers/{0}/amend",
    "withdraw_peer": "/federation/peers/{0}/withdraw",
    UNFREEZING: "/federation/peers/{0}/unfreeze",
    SETTING: "/desk/four-eyes",
}
"""Verb → the address of its form; `{0}` and `{1}` are the ids of the draft's subject."""

_CORRECTING: Final[Mapping[str, str]] = {
    "amend_accreditation": "/desk/accreditations/{0}/correct",
    "amend_agency": "/operator/agencies/{0}/correct",
}
"""Verb → the address of the form of a correction, where it has one of its own."""

_TAKING_BACK: Final[Mapping[str, str]] = {
    "amend_issuer": "/desk/issuers/{0}/take-back",
    "amend_programme": "/desk/programmes/{0}/take-back",
}
"""Verb → the address of the form of a correction that gives no new value: it takes an ending back."""


def path_to_form(draft: Draft) -> str:
    """Return the address at which a draft is changed, empty where there is no such form."""
    path = FORMS.get(draft.verb, "")
    if draft.said.get("corrects") is not None:
        path = _CORRECTING.get(draft.verb, path)
        if not draft.said.keys() - Amending.about_it:
            path = _TAKING_BACK.get(draft.verb, path)
    if CONFIRMING in codes_of(draft.verb, draft.said):
        path = ""  # a key is compared anew, never edited
    return f"{path.format(*ids_of(draft.subject))}?draft={draft.pk}" if path else ""
