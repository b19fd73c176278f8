"""Choices of four eyes keep what was chosen among, so that what came later is as by default until somebody chooses.

Those already stored may have been made when suspending, closing, shortening or recognising a peer were not asked for by
default, or could not be chosen: nobody has said that one person is enough for them.
"""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

ASKED = [
    *("withdraw_agency", "revoke_accreditation", "revoke_mandate", "revoke_credentials", "bind_key", "revoke_key"),
    *("withdraw_peer", "correct"),
]
"""What was asked for by default from the beginning; of what is not by default it does not matter."""


def name_what_was_asked(apps: Any, editor: Any) -> None:
    """Name, in each choice, the codes about which the organisation was asked when it made it."""
    apps.get_model("desk", "FourEyes").objects.update(asked=ASKED)


class Migration(migrations.Migration):  # noqa: D101
    dependencies = [("desk", "0002_denied")]

    operations = [
        migrations.AddField(
            model_name="foureyes",
            name="asked",
            field=ArrayField(base_field=models.CharField(max_length=40), default=list, size=None),
        ),
        migrations.RunPython(name_what_was_asked, migrations.RunPython.noop),
    ]
