"""The ledger's tables: logs, their entries, full tiles, checkpoints and cosignatures.

Rows are written by `ledger.writer` and `ledger.publish` alone, and all but `Log` are never changed: triggers
(migration 0002) refuse UPDATE, DELETE and TRUNCATE for every role, and the managers here say so before the
database does.
"""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models

from ledger.errors import LedgerError


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Reads; every way of writing names the right door instead."""

    def _refuse(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise LedgerError(
            f"{self.model.__name__} rows are appended by ledger.writer and ledger.publish and never changed; "
            "to correct an entry, append one that corrects it"
        )

    create = bulk_create = bulk_update = update = delete = get_or_create = update_or_create = _refuse


class AppendOnly(models.Model):
    """A row that is written once by the ledger's own code."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Refuse: rows are not saved one by one."""
        type(self).objects.all()._refuse()

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Refuse: rows are never deleted."""
        type(self).objects.all()._refuse()


class Log(models.Model):
    """One log: the node's own, or the verified copy of a peer's.

    The row is the writers' lock. `size` and `frontier` (tlog `Frontier.to_bytes`) belong to the newest entry,
    committed in the same transaction; `last_time` is the time given to the newest entry of an own log.
    """

    id = models.SmallAutoField(primary_key=True)
    origin = models.TextField(unique=True)
    own = models.BooleanField()
    size = models.PositiveBigIntegerField(default=0)
    frontier = models.BinaryField()
    last_time = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.origin} ({self.size})"


class Entry(AppendOnly):
    """One leaf: its exact bytes and their hash. `identity` is NULL in copies of peers' logs."""

    # No foreign key in the database: it would cost a look-up per entry of a bulk append, and the trigger of
    # migration 0002 already insists that each run of entries continues its log.
    log = models.ForeignKey(Log, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    index = models.PositiveBigIntegerField()
    pk = models.CompositePrimaryKey("log_id", "index")
    data = models.BinaryField()
    leaf_hash = models.BinaryField()
    identity = models.BinaryField(null=True)


class Tile(AppendOnly):
    """One full tile (see `ledger.full_tiles`): 256 hashes, the 254 nodes above them, the root. Partial: not stored."""

    log = models.ForeignKey(Log, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    level = models.PositiveSmallIntegerField()
    index = models.PositiveBigIntegerField()
    pk = models.CompositePrimaryKey("log_id", "level", "index")
    root = models.BinaryField()
    nodes = models.BinaryField()


class Checkpoint(AppendOnly):
    """One signed checkpoint, verbatim: ours as we signed it, a peer's as we verified and cosigned it.

    `time` is the second in this node's own cosignature. One size may have several (refreshed while idle).
    """

    log = models.ForeignKey(Log, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    size = models.PositiveBigIntegerField()
    time = models.DateTimeField()
    pk = models.CompositePrimaryKey("log_id", "size", "time")
    root = models.BinaryField()
    note = models.BinaryField()


class Cosignature(AppendOnly):
    """One verified signature line of another node's witness under a checkpoint's text."""

    log = models.ForeignKey(Log, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    size = models.PositiveBigIntegerField()
    key_name = models.TextField()
    time = models.DateTimeField()
    pk = models.CompositePrimaryKey("log_id", "size", "key_name", "time")
    root = models.BinaryField()
    line = models.BinaryField()
