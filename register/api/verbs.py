"""The commands of the API, one view a verb; which address each has is in register/api/urls.py.

A view says which terms its body holds, what a token may leave out, and what the answer describes; the rest is
register/api/command.py.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from register import payloads
from register.api.bodies import strict
from register.api.command import Command
from register.api.resources import WRITTEN


class RecogniseAgency(Command):
    """Recognise an agency for a scope and a period."""

    verb = "recognise_agency"
    body = strict(payloads.AgencyTerms)
    answers = {"POST": WRITTEN["agency"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Recognise an agency for a scope and a period."""
        return self.carry_out(request, **ids)


class AmendAgency(Command):
    """Change an agency's record or its recognition."""

    verb = "amend_agency"
    body = strict(payloads.AgencyChanges)
    answers = {"POST": WRITTEN["agency"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Change an agency's record or its recognition.

        Fields that are absent stay as they are.
        """
        return self.carry_out(request, **ids)


class WithdrawAgency(Command):
    """Withdraw an agency's recognition from a date on."""

    verb = "withdraw_agency"
    body = strict(payloads.EndingTerms)
    answers = {"POST": WRITTEN["agency"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Withdraw an agency's recognition from a date on."""
        return self.carry_out(request, **ids)


class RegisterIssuer(Command):
    """Register an issuer."""

    verb = "register_issuer"
    body = strict(payloads.IssuerTerms)
    answers = {"POST": WRITTEN["issuer"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Register an issuer."""
        return self.carry_out(request, **ids)


class AmendIssuer(Command):
    """Change an issuer's record."""

    verb = "amend_issuer"
    body = strict(payloads.IssuerChanges)
    answers = {"POST": WRITTEN["issuer"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Change an issuer's record.

        Fields that are absent stay as they are.
        """
        return self.carry_out(request, **ids)


class CloseIssuer(Command):
    """Record that an issuer has closed."""

    verb = "close_issuer"
    body = strict(payloads.EndingTerms)
    answers = {"POST": WRITTEN["issuer"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Record that an issuer has closed."""
        return self.carry_out(request, **ids)


class RelateIssuer(Command):
    """Record how an issuer relates to another."""

    verb = "relate_issuer"
    body = strict(payloads.RelationTerms)
    answers = {"POST": WRITTEN["issuer"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Record how an issuer relates to another."""
        return self.carry_out(request, **ids)


class BindKey(Command):
    """Bind a key to an issuer for a period."""

    verb = "bind_key"
    body = strict(payloads.KeyTerms)
    own = "issuer"
    answers = {"POST": WRITTEN["key"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Bind a key to an issuer for a period."""
        return self.carry_out(request, **ids)


class RevokeKey(Command):
    """Revoke a key of an issuer."""

    verb = "revoke_key"
    body = strict(payloads.KeyRevocationTerms)
    answers = {"POST": WRITTEN["key"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Revoke a key of an issuer.

        A compromised key needs `since`: from when it may have been in other hands.
        """
        return self.carry_out(request, **ids)


class RegisterProgramme(Command):
    """Describe a standing programme of an issuer."""

    verb = "register_programme"
    body = strict(payloads.ProgrammeTerms, filled="issuer")
    filled = {"issuer": "issuer"}
    answers = {"POST": WRITTEN["programme"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Describe a standing programme of an issuer.

        `issuer` is by default the token's own.
        """
        return self.carry_out(request, **ids)


class AmendProgramme(Command):
    """Change a programme's description."""

    verb = "amend_programme"
    body = strict(payloads.ProgrammeChanges)
    answers = {"POST": WRITTEN["programme"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Change a programme's description.

        Fields that are absent stay as they are.
        """
        return self.carry_out(request, **ids)


class CloseProgramme(Command):
    """Record that a programme has ended."""

    verb = "close_programme"
    body = strict(payloads.EndingTerms)
    answers = {"POST": WRITTEN["programme"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Record that a programme has ended."""
        return self.carry_out(request, **ids)


class GrantMandate(Command):
    """Let another organisation seal credentials for an awarding body."""

    verb = "grant_mandate"
    body = strict(payloads.MandateTerms, filled="awarding_body")
    filled = {"issuer": "awarding_body"}
    answers = {"POST": WRITTEN["mandate"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Let another organisation seal credentials for an awarding body.

        `awarding_body` is by default the token's own.
        """
        return self.carry_out(request, **ids)


class RevokeMandate(Command):
    """Revoke a mandate from a date on."""

    verb = "revoke_mandate"
    body = strict(payloads.EndingTerms)
    answers = {"POST": WRITTEN["mandate"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Revoke a mandate from a date on."""
        return self.carry_out(request, **ids)


class GrantAccreditation(Command):
    """Grant an accreditation."""

    verb = "grant_accreditation"
    body = strict(payloads.AccreditationTerms, filled="agency")
    filled = {"agency": "agency"}
    answers = {"POST": WRITTEN["accreditation"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Grant an accreditation.

        `agency` is by default the token's own. An operator may say it on an agency's behalf; the entry then tells.
        """
        return self.carry_out(request, **ids)


class AmendAccreditation(Command):
    """Amend an accreditation, or correct an earlier entry about it."""

    verb = "amend_accreditation"
    body = strict(payloads.AccreditationChanges)
    answers = {"POST": WRITTEN["accreditation"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Amend an accreditation, or correct an earlier entry about it.

        Fields that are absent stay as they are. With `corrects`, the index of the entry that was wrong, the new values
        hold as if they had been said then.
        """
        return self.carry_out(request, **ids)


class SuspendAccreditation(Command):
    """Suspend an accreditation until it is reinstated."""

    verb = "suspend_accreditation"
    body = strict(payloads.EndingTerms)
    answers = {"POST": WRITTEN["accreditation"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Suspend an accreditation until it is reinstated."""
        return self.carry_out(request, **ids)


class ReinstateAccreditation(Command):
    """Lift a suspension from a date on."""

    verb = "reinstate_accreditation"
    body = strict(payloads.ReinstatementTerms)
    answers = {"POST": WRITTEN["accreditation"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Lift a suspension from a date on."""
        return self.carry_out(request, **ids)


class RevokeAccreditation(Command):
    """Revoke an accreditation for good, from a date on."""

    verb = "revoke_accreditation"
    body = strict(payloads.EndingTerms)
    answers = {"POST": WRITTEN["accreditation"]}

    def post(self, request: Request, **ids: Any) -> HttpResponse:
        """Revoke an accreditation for good, from a date on."""
        return self.carry_out(request, **ids)
