"""An index from an agency to what concerns it: its feed and its list in the explorer read the whole log without."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("register", "0006_programme_of_batch")]

    operations = [
        migrations.AddIndex(
            model_name="happening",
            index=models.Index(
                fields=["log", "agency", "index"],
                condition=models.Q(("agency__isnull", False)),
                name="register_happening_agency",
            ),
        ),
    ]
