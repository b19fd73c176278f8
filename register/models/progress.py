"""How far each log has been read into the read model, and what each of its entries was."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Cursor(models.Model):
    """The projection's place in a log: `size` entries are in the read model. Its row is the projection's lock.

    `time` is that of the newest entry that was applied; entries of a peer that were set aside do not count.
    """

    # No foreign key in the database: putting a cursor's row in place would wait for the log's writer, who waits for it.
    log = models.OneToOneField("ledger.Log", models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="+")
    size = models.BigIntegerField(default=0)
    time = models.DateTimeField(null=True)

    class Meta:
        db_table = "register_cursor"


class Happening(models.Model):
    """One entry, as histories, lists of events and cuts by time need it; the entry itself stays in the ledger.

    `time` never decreases along a log: an entry that was set aside has the time of the last one applied. `type` and
    `subject` are empty for an entry that could not be read. `uid`, `issuer` and `agency` say which things it is about.
    `message` is a sentence as `register.sentences.to_text` writes it, plain English in rows of older versions.
    """

    log = models.ForeignKey("ledger.Log", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    index = models.BigIntegerField()
    type = models.TextField()
    subject = models.TextField()
    time = models.DateTimeField(null=True)
    uid = models.UUIDField(null=True)
    issuer = models.UUIDField(null=True)
    agency = models.UUIDField(null=True)
    quarantine = models.TextField(null=True)  # noqa: DJ001  absent: the entry counts
    message = models.TextField(null=True)  # noqa: DJ001
    pk = models.CompositePrimaryKey("log_id", "index")

    class Meta:
        db_table = "register_happening"
        indexes = [
            # "As known at" an instant: the first later entry is where the log is cut.
            models.Index(fields=["log", "time", "index"], name="register_happening_time"),
            # The history of one thing, and of all that concerns an issuer.
            models.Index(fields=["uid"], name="register_happening_uid"),
            models.Index(fields=["issuer"], name="register_happening_issuer"),
            # What concerns an agency, its decisions among it, the newest first: its feed, and its list in the explorer.
            models.Index(
                fields=["log", "agency", "index"], condition=Q(agency__isnull=False), name="register_happening_agency"
            ),
            # What was set aside: few rows, shown to operators and on the pages concerned.
            models.Index(
                fields=["log", "index"], condition=Q(quarantine__isnull=False), name="register_happening_quarantine"
            ),
        ]
