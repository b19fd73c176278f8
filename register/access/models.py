"""Tables of access: memberships, invitations, tokens, kept answers, notices for the operator, the audit record.

None of it is in the ledger: it names people and programs, and a ledger cannot forget.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from knox.models import AbstractAuthToken

from register.access.roles import MEMBER_ROLES


class Membership(models.Model):  # type: ignore[django-manager-missing]  # of Token, whose base has no types
    """A person may act in a role for an organisation: the id of an agency or issuer, empty for operators and auditors.

    Who `approves` may let another person's drafts go on the ledger (register/desk/README.md), never the own ones.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=[(role, role) for role in MEMBER_ROLES])
    organisation = models.CharField(max_length=36, blank=True)
    approves = models.BooleanField(default=False)
    demonstration = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role", "organisation"], name="membership_once"),
            models.CheckConstraint(
                name="membership_organisation",
                condition=models.Q(role__in=["operator", "auditor"], organisation="")
                | (models.Q(role__in=["agency", "issuer"]) & ~models.Q(organisation="")),
            ),
        ]


class Invitation(models.Model):
    """An offer to a person, known by e-mail, to act in a role; accepted once, within days, by whoever has the secret.

    `digest` is SHA-256 of the secret, which stands in the invited person's mail and nowhere else. The row outlives its
    end, so that an old link says what became of it.
    """

    digest = models.BinaryField(max_length=32, unique=True)
    email = models.EmailField()
    role = models.CharField(max_length=16, choices=[(role, role) for role in MEMBER_ROLES])
    organisation = models.CharField(max_length=36, blank=True)
    approves = models.BooleanField(default=False)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField()
    accepted = models.DateTimeField(null=True)
    withdrawn = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "role"], name="invitation_for")]


class AuditRecord(models.Model):
    """Who did what to whom, when, from which network: added, never changed or removed (a trigger sees to it).

    `user` is a number, not a key: the record outlives the account. `organisation` is whom the act concerns, so that an
    agency's approvers see what was done about their agency; `said_as` is the organisation the person acted for.
    """

    at = models.DateTimeField(auto_now_add=True)
    user = models.IntegerField(null=True)
    email = models.CharField(max_length=254, blank=True)
    role = models.CharField(max_length=16, blank=True)
    said_as = models.CharField(max_length=36, blank=True)
    code = models.CharField(max_length=40)
    about = models.CharField(max_length=300, blank=True)
    organisation = models.CharField(max_length=36, blank=True)
    facts = models.JSONField(default=dict)
    network = models.CharField(max_length=50, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "-id"], name="audit_organisation"),
            models.Index(fields=["user", "-id"], name="audit_user"),
            models.Index(fields=["code", "-id"], name="audit_code"),
        ]


class Token(AbstractAuthToken):  # type: ignore[misc]  # knox publishes no types
    """An API token: SHA-512 of the secret (primary key), whose rights end with the membership it was made from.

    `scope` is as in roles.SCOPES; `last_used` is coarse, see authentication.py. `made_by` is the token that asked for
    it, None where a person did at the desk: it ends with that one.
    """

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    membership = models.ForeignKey(Membership, models.CASCADE, related_name="tokens")
    made_by = models.ForeignKey("self", models.CASCADE, null=True, related_name="made")
    name = models.CharField(max_length=100)
    scope = ArrayField(models.CharField(max_length=40))
    last_used = models.DateTimeField(null=True)
    # Not knox's: tokens are made in tokens.py only.
    objects: ClassVar[models.Manager[Token]] = models.Manager()

    @property
    def role(self) -> str:
        """The role the token speaks in."""
        role: str = self.membership.role
        return role

    @property
    def organisation(self) -> str | None:
        """The id of the agency or issuer it speaks for, None for an operator."""
        return self.membership.organisation or None


class PasswordRequest(models.Model):
    """Somebody asked for a link to a new password: the row goes when it was sent, or when nobody is to get one.

    `person` is the number of the account, None where there is none: what is written must not take longer for the one.
    """

    person = models.IntegerField(null=True)
    language = models.CharField(max_length=10)
    network = models.CharField(max_length=50, blank=True)
    asked = models.DateTimeField()
    next_try = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)


class KeptAnswer(models.Model):
    """What a request with an Idempotency-Key wrote; the row commits with the entry, `answer` follows right after.

    `digest` is SHA-256 of method, address and body. A crash before `answer` is stored leaves `index`, from which
    the answer is made again.
    """

    token = models.ForeignKey(Token, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    digest = models.BinaryField(max_length=32)
    kind = models.CharField(max_length=16)
    subject = models.CharField(max_length=36)
    index = models.PositiveBigIntegerField()
    answer = models.BinaryField(null=True)
    created = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "key"], name="kept_answer_once")]


class Notice(models.Model):
    """Somebody with a token tried what its organisation may not do: who, what, where; for the operator to look at."""

    created = models.DateTimeField(auto_now_add=True, db_index=True)
    token = models.UUIDField()
    role = models.CharField(max_length=16)
    organisation = models.CharField(max_length=36, blank=True)
    verb = models.CharField(max_length=40)
    address = models.CharField(max_length=300)
    code = models.CharField(max_length=60)
