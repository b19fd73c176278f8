"""Requests for a new password wait in a table; tokens know the token that made them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):  # noqa: D101
    dependencies = [("access", "0004_audit_forever")]

    operations = [
        migrations.CreateModel(
            name="PasswordRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("person", models.IntegerField(null=True)),
                ("language", models.CharField(max_length=10)),
                ("network", models.CharField(blank=True, max_length=50)),
                ("asked", models.DateTimeField()),
                ("next_try", models.DateTimeField()),
                ("tries", models.PositiveSmallIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name="token",
            name="made_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="made", to="access.token"
            ),
        ),
    ]
