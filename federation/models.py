"""The federation's tables: what this node does about its peers. What it *says* about them is on its ledger.

`Following` is operational state beside the peer's record in the read model; its first part is copied from that record
(and from what the peer's own ledger says of its keys) by `peers.refresh`, so it can be made again at any time.
`Cosigned` and `Evidence` are never undone: a witness must not sign behind what it signed, and proof of a fork is kept.
Columns of words hold sentences as `register.sentences.to_text` writes them, older rows plain English; `said…` reads
both.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from register.sentences import from_text


class Following(models.Model):
    """A peer as this node follows it; whoever does so right now holds an advisory lock, not this row (`sync.turn`).

    `status`: following, paused (by the operator), frozen (it forked), withdrawn. `vkeys` verify its new checkpoints,
    `former_vkeys` (of log and witness) only what was stored while they were in use. `remit` is what we accept from it
    (alpha-2 countries; NULL: all its territory). `pending` is a checkpoint that was verified and is being fetched;
    `seen_size` the largest size it has signed as far as we heard. `failures` counts failed attempts in a row,
    `next_attempt` is when the poll tries again, `error_*` say why it failed last.
    """

    peer = models.UUIDField(primary_key=True)
    origin = models.TextField(unique=True)
    name = models.TextField()
    url = models.TextField()
    vkeys = ArrayField(models.TextField())
    witness_vkeys = ArrayField(models.TextField())
    former_vkeys = ArrayField(models.TextField(), default=list)
    territory = ArrayField(models.TextField())
    remit = ArrayField(models.TextField(), null=True)
    max_age_seconds = models.PositiveIntegerField(null=True)
    status = models.CharField(max_length=16, default="following")
    status_reason = models.TextField(blank=True)

    pending = models.BinaryField(null=True)
    seen_size = models.PositiveBigIntegerField(default=0)
    source = models.TextField(blank=True)
    heard_at = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)
    next_attempt = models.DateTimeField(null=True, db_index=True)
    failures = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)

    objects: ClassVar[models.Manager[Following]] = models.Manager()

    def __str__(self) -> str:
        return f"{self.origin} ({self.status})"

    @property
    def said_reason(self) -> str:
        """Why it stands so: a sentence, a code of `peer-reasons` for a withdrawn one, or an operator's own words."""
        return from_text(self.status_reason)

    @property
    def said_error(self) -> str:
        """Why the last attempt failed, as a sentence that can be told in any language."""
        return from_text(self.error_message)


class Cosigned(models.Model):
    """What our witness cosigned last for an origin: the state of C2SP tlog-witness; `size` never decreases (trigger).

    `note` holds the checkpoint with every line that verified: the log's, our own, and other witnesses' we know.
    """

    origin = models.TextField(primary_key=True)
    size = models.PositiveBigIntegerField(default=0)
    root = models.BinaryField()
    note = models.BinaryField()
    time = models.DateTimeField()

    objects: ClassVar[models.Manager[Cosigned]] = models.Manager()


class Submission(models.Model):
    """How far a peer's witness has cosigned our own log, and when it is to be asked again."""

    peer = models.UUIDField(primary_key=True)
    size = models.PositiveBigIntegerField(default=0)
    cosigned_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    next_attempt = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)

    objects: ClassVar[models.Manager[Submission]] = models.Manager()

    @property
    def said_error(self) -> str:
        """Why it did not cosign, as a sentence that can be told in any language."""
        return from_text(self.error_message)


class Sighting(models.Model):
    """The newest checkpoint of an origin that a peer has shown us (gossip), verified under that origin's keys.

    `compared`: it was found consistent with what we hold, up to where we held the log then.
    """

    origin = models.TextField()
    shown_by = models.UUIDField()
    size = models.PositiveBigIntegerField()
    root = models.BinaryField()
    note = models.BinaryField()
    seen_at = models.DateTimeField()
    compared = models.BooleanField(default=False)
    pk = models.CompositePrimaryKey("origin", "shown_by")

    objects: ClassVar[models.Manager[Sighting]] = models.Manager()


class Evidence(models.Model):
    """Proof that a log signed two histories, kept for ever: rows are added; only where it was reported is filled in.

    `kind`: same_size (two roots), inconsistent (sizes that do not belong together), rolled_back (a smaller tree under
    a later time of the log's own witness). `proof` is the file `assay audit --evidence` reads. `fingerprint` is
    SHA-256 of both notes' bodies, so one fork is kept once. `entry` is the index of our own fork.reported.
    """

    id = models.UUIDField(primary_key=True)
    origin = models.TextField(db_index=True)
    kind = models.CharField(max_length=16)
    older = models.BinaryField()
    newer = models.BinaryField()
    proof = models.BinaryField()
    shown_by = models.TextField(blank=True)
    fingerprint = models.BinaryField(unique=True)
    found_at = models.DateTimeField()
    entry = models.PositiveBigIntegerField(null=True)

    objects: ClassVar[models.Manager[Evidence]] = models.Manager()

    @property
    def said_shown_by(self) -> str:
        """Who showed it: a sentence's part that can be told in any language, or a name or an address as it is."""
        return from_text(self.shown_by)


class Alert(models.Model):
    """Something the operator should look at; `settled_at` once somebody has. One open alert per peer and code."""

    id = models.BigAutoField(primary_key=True)
    origin = models.TextField()
    code = models.CharField(max_length=40)
    message = models.TextField()
    raised_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Alert]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["origin", "code"], condition=models.Q(settled_at__isnull=True), name="federation_alert_one_open"
            )
        ]

    @property
    def said(self) -> str:
        """What is to be looked at, as a sentence that can be told in any language."""
        return from_text(self.message)
