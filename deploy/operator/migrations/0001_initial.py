"""When things last happened."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """One table."""

    initial = True

    dependencies: ClassVar = []

    operations: ClassVar = [
        migrations.CreateModel(
            name="LastTime",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("facts", models.JSONField(default=dict)),
            ],
        ),
    ]
