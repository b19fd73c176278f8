"""Drafts keep which look-alikes their author said a new institution is none of."""

from django.db import migrations, models


class Migration(migrations.Migration):  # noqa: D101
    dependencies = [("desk", "0001_initial")]

    operations = [migrations.AddField(model_name="draft", name="denied", field=models.JSONField(default=list))]
