"""Tables for batches of credentials and what was said of single ones, with the insistence of 0002 on no overlaps."""

import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.db import migrations, models

import register.models.versions

TABLES = ("batch", "withdrawal", "credential")
TRIGGERS = "".join(
    f"CREATE TRIGGER register_{table}_no_overlap_{verb.lower()} AFTER {verb} ON register_{table}\n"
    "    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION register_refuse_overlap();\n"
    for table in TABLES
    for verb in ("INSERT", "UPDATE")
)
NO_TRIGGERS = "".join(
    f"DROP TRIGGER register_{table}_no_overlap_{verb} ON register_{table};\n"
    for table in TABLES
    for verb in ("insert", "update")
)


class Migration(migrations.Migration):
    """Add the tables and their triggers."""

    dependencies = [("register", "0003_federation")]

    operations = [
        migrations.CreateModel(
            name='BatchVersion',
            fields=[
                ('uid', models.UUIDField()),
                ('recorded_from', models.BigIntegerField()),
                ('recorded_until', models.BigIntegerField(null=True)),
                ('content', register.models.versions.Verbatim()),
                ('pk', models.CompositePrimaryKey('uid', 'log_id', 'recorded_from', blank=True, editable=False, primary_key=True, serialize=False)),
                ('issuer', models.UUIDField()),
                ('root', models.TextField()),
                ('log', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.log')),
            ],
            options={
                'db_table': 'register_batch',
                'indexes': [models.Index(condition=models.Q(('recorded_until__isnull', True)), fields=['issuer', 'uid'], name='register_batch_issuer'), models.Index(fields=['root', 'issuer'], name='register_batch_root')],
                'constraints': [models.CheckConstraint(condition=models.Q(('recorded_until__gt', models.F('recorded_from'))), name='register_batch_recorded_order'), models.UniqueConstraint(condition=models.Q(('recorded_until__isnull', True)), fields=('uid', 'log'), name='register_batch_one_open')],
            },
        ),
        migrations.CreateModel(
            name='CredentialVersion',
            fields=[
                ('uid', models.UUIDField()),
                ('recorded_from', models.BigIntegerField()),
                ('recorded_until', models.BigIntegerField(null=True)),
                ('content', register.models.versions.Verbatim()),
                ('pk', models.CompositePrimaryKey('uid', 'log_id', 'recorded_from', blank=True, editable=False, primary_key=True, serialize=False)),
                ('issuer', models.UUIDField()),
                ('batch', models.UUIDField(null=True)),
                ('revoked', django.contrib.postgres.fields.ArrayField(base_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(), null=True, size=None)),
                ('suspended', django.contrib.postgres.fields.ArrayField(base_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(), null=True, size=None)),
                ('status_list', models.IntegerField(null=True)),
                ('status_index', models.IntegerField(null=True)),
                ('log', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.log')),
            ],
            options={
                'db_table': 'register_credential',
                'indexes': [models.Index(condition=models.Q(('recorded_until__isnull', True)), fields=['issuer', 'uid'], name='register_credential_issuer'), models.Index(condition=models.Q(('batch__isnull', False), ('recorded_until__isnull', True)), fields=['batch', 'uid'], name='register_credential_batch'), models.Index(condition=models.Q(('recorded_until__isnull', True), ('status_list__isnull', False)), fields=['issuer', 'status_list'], name='register_credential_list')],
                'constraints': [models.CheckConstraint(condition=models.Q(('recorded_until__gt', models.F('recorded_from'))), name='register_credential_recorded_order'), models.UniqueConstraint(condition=models.Q(('recorded_until__isnull', True)), fields=('uid', 'log'), name='register_credential_one_open')],
            },
        ),
        migrations.CreateModel(
            name='WithdrawalVersion',
            fields=[
                ('uid', models.UUIDField()),
                ('recorded_from', models.BigIntegerField()),
                ('recorded_until', models.BigIntegerField(null=True)),
                ('content', register.models.versions.Verbatim()),
                ('pk', models.CompositePrimaryKey('uid', 'log_id', 'recorded_from', blank=True, editable=False, primary_key=True, serialize=False)),
                ('issuer', models.UUIDField()),
                ('log', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.log')),
            ],
            options={
                'db_table': 'register_withdrawal',
                'constraints': [models.CheckConstraint(condition=models.Q(('recorded_until__gt', models.F('recorded_from'))), name='register_withdrawal_recorded_order'), models.UniqueConstraint(condition=models.Q(('recorded_until__isnull', True)), fields=('uid', 'log'), name='register_withdrawal_one_open')],
            },
        ),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
