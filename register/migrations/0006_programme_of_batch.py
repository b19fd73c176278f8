"""Batches name the programme they are of. Those anchored before name none, so nothing has to be read again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("register", "0005_drawn_issuers")]

    operations = [
        migrations.AddField(
            model_name="batchversion",
            name="programme",
            field=models.UUIDField(null=True),
        ),
        migrations.AddIndex(
            model_name="batchversion",
            index=models.Index(
                fields=["programme", "uid"],
                condition=models.Q(("programme__isnull", False)),
                name="register_batch_programme",
            ),
        ),
    ]
