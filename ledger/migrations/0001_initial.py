"""The ledger's tables; what the database insists on follows in 0002."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Create the tables."""

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Log",
            fields=[
                ("id", models.SmallAutoField(primary_key=True, serialize=False)),
                ("origin", models.TextField(unique=True)),
                ("own", models.BooleanField()),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("frontier", models.BinaryField()),
                ("last_time", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("index", models.PositiveBigIntegerField()),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "log_id", "index", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("data", models.BinaryField()),
                ("leaf_hash", models.BinaryField()),
                ("identity", models.BinaryField(null=True)),
                (
                    "log",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="ledger.log",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Cosignature",
            fields=[
                ("size", models.PositiveBigIntegerField()),
                ("key_name", models.TextField()),
                ("time", models.DateTimeField()),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "log_id",
                        "size",
                        "key_name",
                        "time",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("root", models.BinaryField()),
                ("line", models.BinaryField()),
                (
                    "log",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="ledger.log",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("size", models.PositiveBigIntegerField()),
                ("time", models.DateTimeField()),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "log_id", "size", "time", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("root", models.BinaryField()),
                ("note", models.BinaryField()),
                (
                    "log",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="ledger.log",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Tile",
            fields=[
                ("level", models.PositiveSmallIntegerField()),
                ("index", models.PositiveBigIntegerField()),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "log_id", "level", "index", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("root", models.BinaryField()),
                ("nodes", models.BinaryField()),
                (
                    "log",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="ledger.log",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
    ]
