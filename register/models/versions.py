"""One table per kind of record; one row per version of a record, with the columns that questions are asked by.

A version was the newest from the entry `recorded_from` until the entry `recorded_until` replaced it (NULL: it still
is): at tree size S exactly the versions with `recorded_from < S` and `recorded_until` absent or `>= S` are known.
`content` is the record in the JSON of `register.records`, verbatim (`json`, not `jsonb`: nothing searches inside it,
and what is read back is what was written). The other columns repeat what of it queries filter by. Periods of valid
time are half-open. Migration 0002 lets no two versions of a record overlap in recorded time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q


class Verbatim(models.TextField):  # type: ignore[type-arg]  # not subscriptable at run time
    """JSON text that the database checks and keeps as it was written."""

    def db_type(self, connection: Any) -> str:
        """Return PostgreSQL's type that keeps the text."""
        return "json"


class Version(models.Model):
    """What the tables of all kinds have in common."""

    # No foreign key in the database: a look-up per row of a bulk write for what the projection guarantees.
    log = models.ForeignKey("ledger.Log", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    uid = models.UUIDField()
    recorded_from = models.BigIntegerField()
    recorded_until = models.BigIntegerField(null=True)
    content = Verbatim()
    # uid first: an issuer asked for by its id is looked up in all logs at once.
    pk = models.CompositePrimaryKey("uid", "log_id", "recorded_from")

    objects: ClassVar[models.Manager[Any]] = models.Manager()

    kind: ClassVar[str]

    class Meta:
        abstract = True


def _recorded(kind: str) -> list[models.BaseConstraint]:
    return [
        models.CheckConstraint(
            condition=Q(recorded_until__gt=F("recorded_from")), name=f"register_{kind}_recorded_order"
        ),
        # Also the way to the newest version of a record, for a write and for every list.
        models.UniqueConstraint(
            fields=["uid", "log"], condition=Q(recorded_until__isnull=True), name=f"register_{kind}_one_open"
        ),
    ]


def _periods(kind: str) -> list[models.BaseConstraint]:
    order = models.CheckConstraint(condition=Q(valid_until__gt=F("valid_from")), name=f"register_{kind}_valid_order")
    return [*_recorded(kind), order]


def _words(kind: str) -> GinIndex:
    """Return the index by which names are searched, among newest versions only (see register/queries/search.py)."""
    # A short list of pending words: every search reads all of it.
    return GinIndex(
        fields=["words"],
        condition=Q(recorded_until__isnull=True),
        gin_pending_list_limit=256,
        name=f"register_{kind}_words",
    )


class RegisterVersion(Version):
    """A register itself: one record per log; its `uid` is made from the origin."""

    kind = "register"

    class Meta:
        db_table = "register_register"
        constraints = _recorded("register")


class AgencyVersion(Version):
    """A quality assurance agency."""

    kind = "agency"
    country = models.TextField()
    valid_from = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    withdrawn_from = models.DateTimeField(null=True)
    words = ArrayField(models.TextField())

    class Meta:
        db_table = "register_agency"
        constraints = _periods("agency")
        indexes = [_words("agency")]


class IssuerVersion(Version):
    """An organisation that awards credentials."""

    kind = "issuer"
    country = models.TextField()
    provider_type = models.SmallIntegerField()
    closed_from = models.DateTimeField(null=True)
    quarantine = models.TextField(null=True)  # noqa: DJ001  absent and empty differ
    words = ArrayField(models.TextField())

    class Meta:
        db_table = "register_issuer"
        constraints = _recorded("issuer")
        indexes = [
            _words("issuer"),
            # Lists of one country, in the order of lists.
            models.Index(
                fields=["country", "uid"], condition=Q(recorded_until__isnull=True), name="register_issuer_country"
            ),
            # Some issuers drawn evenly from all, for the counts beside a search (register/queries/facets.py).
            models.Index(
                models.Func(F("uid"), function="uuid_hash"),
                condition=Q(recorded_until__isnull=True),
                name="register_issuer_drawn",
            ),
        ]


class RelationVersion(Version):
    """How an issuer relates to another."""

    kind = "relation"
    issuer = models.UUIDField()
    other = models.UUIDField()
    relation = models.TextField()
    valid_from = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "register_relation"
        constraints = _periods("relation")
        indexes = [
            # A trust question follows relations in both directions.
            models.Index(fields=["issuer"], name="register_relation_issuer"),
            models.Index(fields=["other"], name="register_relation_other"),
        ]


class ProgrammeVersion(Version):
    """A standing programme of an issuer."""

    kind = "programme"
    issuer = models.UUIDField()
    credential_type = models.TextField(null=True)  # noqa: DJ001  absent and empty differ
    eqf_level = models.SmallIntegerField(null=True)
    isced_f = ArrayField(models.TextField())
    valid_from = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    closed_from = models.DateTimeField(null=True)
    words = ArrayField(models.TextField())

    class Meta:
        db_table = "register_programme"
        constraints = _periods("programme")
        indexes = [
            _words("programme"),
            # The programmes of an issuer: its page, and the trust question.
            models.Index(fields=["issuer"], name="register_programme_issuer"),
        ]


class KeyVersion(Version):
    """What an issuer signs with."""

    kind = "key"
    issuer = models.UUIDField()
    key_kind = models.TextField()
    value = models.TextField()
    valid_from = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    revoked_from = models.DateTimeField(null=True)

    class Meta:
        db_table = "register_key"
        constraints = _periods("key")
        indexes = [
            # The keys of an issuer, and whoever holds the key a trust question names.
            models.Index(fields=["issuer"], name="register_key_issuer"),
            models.Index(fields=["value"], name="register_key_value"),
        ]


class MandateVersion(Version):
    """An awarding body's permission for another organisation to seal for it."""

    kind = "mandate"
    awarding_body = models.UUIDField()
    sealer = models.UUIDField()
    valid_from = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    revoked_from = models.DateTimeField(null=True)

    class Meta:
        db_table = "register_mandate"
        constraints = _periods("mandate")
        indexes = [
            # The trust question asks for an issuer's mandates; its page also for those given to it.
            models.Index(fields=["awarding_body"], name="register_mandate_body"),
            models.Index(fields=["sealer"], name="register_mandate_sealer"),
        ]


class AccreditationVersion(Version):
    """An agency's decision that an issuer may award credentials; an absent array is a limit not set.

    The limits are those of the newest scope; `programmes` names those of former scopes, too. `suspended` are the
    spans of valid time in which it does not count.
    """

    kind = "accreditation"
    issuer = models.UUIDField()
    agency = models.UUIDField()
    accreditation_kind = models.TextField()
    decision = models.TextField()
    valid_from = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    revoked_from = models.DateTimeField(null=True)
    suspended = ArrayField(DateTimeRangeField(), null=True)
    quarantine = models.TextField(null=True)  # noqa: DJ001  absent and empty differ
    credential_types = ArrayField(models.TextField(), null=True)
    eqf_levels = ArrayField(models.SmallIntegerField(), null=True)
    isced_f = ArrayField(models.TextField(), null=True)
    jurisdictions = ArrayField(models.TextField(), null=True)
    programmes = ArrayField(models.TextField(), null=True)

    class Meta:
        db_table = "register_accreditation"
        constraints = _periods("accreditation")
        indexes = [
            # Every trust question, and the issuer's page; all versions, for questions about what was known.
            models.Index(fields=["issuer"], name="register_accreditation_issuer"),
            # An agency's accreditations, in the order of lists.
            models.Index(
                fields=["agency", "uid"],
                condition=Q(recorded_until__isnull=True),
                name="register_accreditation_agency",
            ),
        ]


class PeerVersion(Version):
    """A peer; `recognised` is the index of the entry that recognised it, so that the last of an origin can be told."""

    kind = "peer"
    origin = models.TextField()
    recognised = models.BigIntegerField()
    withdrawn = models.BooleanField()

    class Meta:
        db_table = "register_peer"
        constraints = _recorded("peer")
        indexes = [
            # The rules ask for the peer of an origin, a trust question for all that its own log recognises.
            models.Index(fields=["log", "origin", "recognised"], name="register_peer_origin"),
        ]


class ForkVersion(Version):
    """Evidence of a fork."""

    kind = "fork"
    origin = models.TextField()

    class Meta:
        db_table = "register_fork"
        constraints = _recorded("fork")
        indexes = [models.Index(fields=["log", "origin"], name="register_fork_origin")]


class BatchVersion(Version):
    """A batch of credentials that an issuer anchored."""

    kind = "batch"
    issuer = models.UUIDField()
    root = models.TextField()
    programme = models.UUIDField(null=True)

    class Meta:
        db_table = "register_batch"
        constraints = _recorded("batch")
        indexes = [
            # The batches of an issuer, in the order of lists; and the rules ask whether a root is anchored already.
            models.Index(
                fields=["issuer", "uid"], condition=Q(recorded_until__isnull=True), name="register_batch_issuer"
            ),
            models.Index(fields=["root", "issuer"], name="register_batch_root"),
            # The batches of a programme, in the order of lists; most batches name none.
            models.Index(
                fields=["programme", "uid"], condition=Q(programme__isnull=False), name="register_batch_programme"
            ),
        ]


class WithdrawalVersion(Version):
    """An act by which an issuer revoked, suspended or reinstated some of its credentials."""

    kind = "withdrawal"
    issuer = models.UUIDField()

    class Meta:
        db_table = "register_withdrawal"
        constraints = _recorded("withdrawal")


class CredentialVersion(Version):
    """A credential that was ever withdrawn; its `uid` is made of issuer and commitment, so that both find it.

    `revoked` and `suspended` are spans of valid time; `status_list` and `status_index` its place in the published
    lists, where it has one.
    """

    kind = "credential"
    issuer = models.UUIDField()
    batch = models.UUIDField(null=True)
    revoked = ArrayField(DateTimeRangeField(), null=True)
    suspended = ArrayField(DateTimeRangeField(), null=True)
    status_list = models.IntegerField(null=True)
    status_index = models.IntegerField(null=True)

    class Meta:
        db_table = "register_credential"
        constraints = _recorded("credential")
        indexes = [
            # What an issuer withdrew, all of it or of one batch, in the order of lists.
            models.Index(
                fields=["issuer", "uid"], condition=Q(recorded_until__isnull=True), name="register_credential_issuer"
            ),
            models.Index(
                fields=["batch", "uid"],
                condition=Q(recorded_until__isnull=True, batch__isnull=False),
                name="register_credential_batch",
            ),
            # One published list of an issuer.
            models.Index(
                fields=["issuer", "status_list"],
                condition=Q(recorded_until__isnull=True, status_list__isnull=False),
                name="register_credential_list",
            ),
        ]


VERSIONS: Final[Mapping[str, type[Version]]] = {
    model.kind: model
    for model in (
        RegisterVersion,
        AgencyVersion,
        IssuerVersion,
        RelationVersion,
        ProgrammeVersion,
        KeyVersion,
        MandateVersion,
        AccreditationVersion,
        PeerVersion,
        ForkVersion,
        BatchVersion,
        WithdrawalVersion,
        CredentialVersion,
    )
}
"""Kind of a record → the table of its versions; the keys are those of `register.records.KINDS`."""
