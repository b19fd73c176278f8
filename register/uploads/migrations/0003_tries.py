"""Uploads count the attempts at their dry run and their publication."""

from django.db import migrations, models


class Migration(migrations.Migration):  # noqa: D101
    dependencies = [("uploads", "0002_pieces")]

    operations = [
        migrations.AddField(model_name="upload", name="tries", field=models.PositiveSmallIntegerField(default=0)),
    ]
