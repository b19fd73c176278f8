"""Files are kept in pieces. Those that wait to be read become one piece each."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):  # noqa: D101
    dependencies = [("uploads", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="UploadedPiece",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("data", models.BinaryField()),
                (
                    "upload",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="pieces", to="uploads.upload"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("upload", "number"), name="uploaded_piece_once"),
                ],
            },
        ),
        migrations.RunSQL(
            "INSERT INTO uploads_uploadedpiece (upload_id, number, data) "
            "SELECT upload_id, 0, data FROM uploads_uploadedfile",
            migrations.RunSQL.noop,
        ),
        migrations.DeleteModel(name="UploadedFile"),
    ]
