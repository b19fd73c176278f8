"""Uploads of rows that another one left behind tell which."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):  # noqa: D101
    dependencies = [("uploads", "0003_tries")]

    operations = [
        migrations.AddField(
            model_name="upload",
            name="left_of",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="uploads.upload"
            ),
        ),
    ]
