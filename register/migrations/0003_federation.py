"""Tables for peers and for evidence of forks, with the same insistence as 0002 on versions that do not overlap."""

import django.db.models.deletion
import register.models.versions
from django.db import migrations, models

TABLES = ("peer", "fork")
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
    """Add both tables and their triggers."""

    dependencies = [("register", "0002_no_overlap")]

    operations = [
        migrations.CreateModel(
            name='ForkVersion',
            fields=[
                ('uid', models.UUIDField()),
                ('recorded_from', models.BigIntegerField()),
                ('recorded_until', models.BigIntegerField(null=True)),
                ('content', register.models.versions.Verbatim()),
                ('pk', models.CompositePrimaryKey('uid', 'log_id', 'recorded_from', blank=True, editable=False, primary_key=True, serialize=False)),
                ('origin', models.TextField()),
                ('log', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.log')),
            ],
            options={
                'db_table': 'register_fork',
                'indexes': [models.Index(fields=['log', 'origin'], name='register_fork_origin')],
                'constraints': [models.CheckConstraint(condition=models.Q(('recorded_until__gt', models.F('recorded_from'))), name='register_fork_recorded_order'), models.UniqueConstraint(condition=models.Q(('recorded_until__isnull', True)), fields=('uid', 'log'), name='register_fork_one_open')],
            },
        ),
        migrations.CreateModel(
            name='PeerVersion',
            fields=[
                ('uid', models.UUIDField()),
                ('recorded_from', models.BigIntegerField()),
                ('recorded_until', models.BigIntegerField(null=True)),
                ('content', register.models.versions.Verbatim()),
                ('pk', models.CompositePrimaryKey('uid', 'log_id', 'recorded_from', blank=True, editable=False, primary_key=True, serialize=False)),
                ('origin', models.TextField()),
                ('recognised', models.BigIntegerField()),
                ('withdrawn', models.BooleanField()),
                ('log', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.log')),
            ],
            options={
                'db_table': 'register_peer',
                'indexes': [models.Index(fields=['log', 'origin', 'recognised'], name='register_peer_origin')],
                'constraints': [models.CheckConstraint(condition=models.Q(('recorded_until__gt', models.F('recorded_from'))), name='register_peer_recorded_order'), models.UniqueConstraint(condition=models.Q(('recorded_until__isnull', True)), fields=('uid', 'log'), name='register_peer_one_open')],
            },
        ),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
