# What went wrong last is kept as a sentence (register.sentences.to_text), which is longer than its English.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("outbox", "0001_initial"),
    ]

    operations = [
        migrations.AlterField("subscription", "last_error", models.TextField(blank=True)),
    ]
