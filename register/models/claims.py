"""Ways to find a record: by identifier or key, and by the words of a name."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q


class IdentifierClaim(models.Model):
    """One (scheme, value) by which an issuer is found, through one version of the issuer's or a key's record.

    `record` is the issuer or key that claims it; the recorded range is that version's. Values are canonical
    (`register.identifiers`).
    """

    log = models.ForeignKey("ledger.Log", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    scheme = models.TextField()
    value = models.TextField()
    issuer = models.UUIDField()
    record = models.UUIDField()
    recorded_from = models.BigIntegerField()
    recorded_until = models.BigIntegerField(null=True)
    # The key's order is the look-up: value and scheme first, in all logs at once.
    pk = models.CompositePrimaryKey("value", "scheme", "log_id", "record", "recorded_from")

    class Meta:
        db_table = "register_claim"
        constraints = [
            models.CheckConstraint(
                condition=Q(recorded_until__gt=F("recorded_from")), name="register_claim_recorded_order"
            )
        ]


class SearchWord(models.Model):
    """Every word that any version of any name holds, so that a mistyped one can be set right.

    Words are as `register.names.words_of` makes them; none is ever removed, so the set depends on entries alone.
    """

    word = models.TextField(primary_key=True, db_collation="C")

    class Meta:
        db_table = "register_word"
        indexes = [
            # Words that resemble a mistyped one; those that begin with it are found by the key ("C" sorts by byte).
            GinIndex(
                fields=["word"],
                gin_pending_list_limit=256,
                name="register_word_trigrams",
                opclasses=["gin_trgm_ops"],
            )
        ]
