"""Tables of bulk intake: files handed in, their rows, and remarks on decisions with what was said to clear them.

None of it is in the ledger. A file's bytes go once its rows are read; what rows held goes when they are published or
discarded, and after 30 days all but the heads of published uploads (tasks.sweep).
"""

from __future__ import annotations

from typing import Final
from uuid import uuid4

from django.conf import settings
from django.db import models

from register.sentences import from_text

READING: Final = "reading"
MAPPING: Final = "mapping"
CHECKING: Final = "checking"
CHECKED: Final = "checked"
WAITING: Final = "waiting"
PUBLISHING: Final = "publishing"
PUBLISHED: Final = "published"
FAILED: Final = "failed"
DISCARDED: Final = "discarded"
STATES: Final = (READING, MAPPING, CHECKING, CHECKED, WAITING, PUBLISHING, PUBLISHED, FAILED, DISCARDED)
AT_WORK: Final = (READING, CHECKING, PUBLISHING)
"""States in which a worker has to do something; `sweep` gives it to another one when nobody was heard of."""

VALID: Final = "valid"
REMARKED: Final = "remarked"
REFUSED: Final = "refused"
LEFT_OUT: Final = "left_out"
OUTCOMES: Final = (VALID, REMARKED, REFUSED, LEFT_OUT)
GOOD: Final = (VALID, REMARKED)
"""Outcomes of rows that may be published."""


class Upload(models.Model):
    """A file that was handed in at one desk, and how far it has come.

    `header` are its columns as written, `names` the canonical name of each ("" where nobody said, "-" left out).
    `kind` as in intake.columns.KINDS. `default_agency` is for rows that name none. `run` counts dry runs, and before
    them attempts to read: a worker that finds another number stops. `tries` counts attempts at the dry run or the
    publication that is wanted. `heard` is when a worker last said that it is at it. `partial` tells whether only the
    good rows are to be published, `digest` (hex) which rows its author was shown. `left_of` is the upload whose refused
    rows it holds.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    role = models.CharField(max_length=16)
    organisation = models.CharField(max_length=36, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    left_of = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    format = models.CharField(max_length=8, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    kind = models.CharField(max_length=16, blank=True)
    default_agency = models.CharField(max_length=36, blank=True)
    header = models.JSONField(default=list)
    names = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    state = models.CharField(max_length=16, default=READING, choices=[(state, state) for state in STATES])
    run = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    heard = models.DateTimeField(null=True)
    trouble = models.TextField(blank=True)
    partial = models.BooleanField(default=False)
    digest = models.CharField(max_length=64, blank=True)
    remark = models.TextField(blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    first_index = models.PositiveBigIntegerField(null=True)
    written = models.PositiveIntegerField(default=0)
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["role", "organisation", "-created"], name="upload_of_organisation")]
        constraints = [models.CheckConstraint(name="upload_state", condition=models.Q(state__in=STATES))]

    @property
    def said_trouble(self) -> str:
        """What went wrong, as a sentence that can be told in any language; of older uploads as it was written."""
        return from_text(self.trouble)


class UploadedPiece(models.Model):
    """A part of the bytes of an upload, in order of `number`, until its rows are read.

    In pieces, so that no request has to hold all of a large file.
    """

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["upload", "number"], name="uploaded_piece_once")]


class UploadRow(models.Model):
    """A row: its cells in the order of the header, what a dry run found, and what it would say.

    `problems` are mappings with column, value, message, cure and fatal; `remarks` with code, field and facts. `said`
    are the entries it leads to, each [type, id, data]; their ids are made once, so that no row is written twice.
    `index` is that of its first entry.
    """

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    cells = models.JSONField(default=list)
    mended = models.BooleanField(default=False)
    outcome = models.CharField(max_length=8, blank=True)
    problems = models.JSONField(default=list)
    remarks = models.JSONField(default=list)
    said = models.JSONField(default=list)
    index = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["upload", "line"], name="upload_row_once")]
        indexes = [models.Index(fields=["upload", "outcome", "line"], name="upload_row_outcome")]


class StandingRemark(models.Model):
    """A remark on a decision that is on the ledger, open until somebody clears it with a reason."""

    subject = models.UUIDField()
    agency = models.UUIDField()
    issuer = models.UUIDField()
    code = models.CharField(max_length=40)
    facts = models.JSONField(default=dict)
    index = models.PositiveBigIntegerField()
    created = models.DateTimeField(auto_now_add=True)
    cleared = models.DateTimeField(null=True)
    cleared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "code"], name="standing_remark_once"),
            models.CheckConstraint(
                name="standing_remark_reason", condition=models.Q(cleared=None) | ~models.Q(reason="")
            ),
        ]
        indexes = [
            models.Index(fields=["agency", "code", "-index"], condition=models.Q(cleared=None), name="remark_open"),
            models.Index(fields=["-index"], condition=models.Q(cleared=None), name="remark_open_all"),
            models.Index(fields=["agency", "-cleared"], name="remark_cleared"),
        ]


class LookedAt(models.Model):
    """How far the ledger was looked through for remarks: one row."""

    origin = models.TextField(primary_key=True)
    size = models.PositiveBigIntegerField(default=0)
