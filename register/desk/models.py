"""Tables of the desk: drafts of what may go on the ledger, and for what an organisation wants a second person.

None of it is in the ledger, which names no person. Rows of published drafts stay, so that "who let this go on record?"
has an answer; the register's audit view has it, too.
"""

from __future__ import annotations

from typing import Final
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

EDITING: Final = "editing"
WAITING: Final = "waiting"
RETURNED: Final = "returned"
PUBLISHED: Final = "published"
DISCARDED: Final = "discarded"
STATES: Final = (EDITING, WAITING, RETURNED, PUBLISHED, DISCARDED)
OPEN: Final = (EDITING, WAITING, RETURNED)
"""States in which something may still become of a draft."""


class Draft(models.Model):
    """Something that an organisation may say: `said` are the verb's terms as JSON, `subject` the thing they change.

    `subject` holds the ids that the verb takes before its terms, joined by a slash; it is empty for a new thing.
    `version` counts changes; `digest` (hex) is of what its author was shown when handing it over. `entry_index` is set
    in the transaction that writes the entry, and `written`, the path of the thing it is about. `denied` are the
    addresses of the look-alikes of which its author said that a new institution is none of them.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    role = models.CharField(max_length=16)
    organisation = models.CharField(max_length=36, blank=True)
    verb = models.CharField(max_length=40)
    subject = models.CharField(max_length=80, blank=True)
    said = models.JSONField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=16, default=EDITING, choices=[(state, state) for state in STATES])
    remark = models.TextField(blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    entry_index = models.PositiveBigIntegerField(null=True)
    written = models.CharField(max_length=200, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    denied = models.JSONField(default=list)
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["role", "organisation", "state", "-changed"], name="draft_of_organisation")]
        constraints = [
            models.CheckConstraint(name="draft_state", condition=models.Q(state__in=STATES)),
            models.CheckConstraint(
                name="draft_entry", condition=models.Q(entry_index=None) | models.Q(state=PUBLISHED)
            ),
        ]


class FourEyes(models.Model):
    """What an organisation wants a second person for, in place of the default; codes as in four_eyes.py.

    `asked` are all codes that it could choose among: for those that came later the default holds until it chooses anew.
    """

    role = models.CharField(max_length=16)
    organisation = models.CharField(max_length=36, blank=True)
    verbs = ArrayField(models.CharField(max_length=40))
    asked = ArrayField(models.CharField(max_length=40), default=list)
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["role", "organisation"], name="four_eyes_once")]
