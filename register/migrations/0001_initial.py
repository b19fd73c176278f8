"""The tables of the read model; what the database insists on beyond constraints follows in 0002."""

import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.db.models.deletion
import register.models.versions
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('ledger', '0002_refuse_changes'),
    ]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name='Cursor',
            fields=[
                ('log', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='+', serialize=False, to='ledger.log')),
                ('size', models.BigIntegerField(default=0)),
                ('time', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'register_cursor',
            },
        ),
        migrations.CreateModel(
            name='SearchWord',
            fields=[
                ('word', models.TextField(db_collation='C', primary_key=True, serialize=False)),
            ],
            options={
                'db_table': 'register_word',
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['word'], gin_pending_list_limit=256, name='register_word_trigrams', opclasses=['gin_trgm_ops'])],
            },
        ),
        migrations.CreateModel(
            name='AccreditationVersion',
            fields=[
                ('uid', models.UUIDField()),
                ('recorded_from', models.BigIntegerField()),
                ('recorded_until', models.BigIntegerField(null=True)),
                ('content', register.models.versions.Verbatim()),
                ('pk', models.CompositePrimaryKey('uid', 'log_id', 'recorded_from', blank=True, editable=False, primary_key=True, serialize=False)),
                ('issuer', models.UUIDField()),
                ('agency', models.UUIDField()),
                ('accreditation_kind', models.TextField()),
                ('decision', models.TextField()),
                ('valid_from', models.DateTimeField(null=True)),
                ('valid_until', models.DateTimeField(null=True)),
                ('revoked_from', models.DateTimeField(null=True)),
                ('suspended', django.contrib.postgres.fields.ArrayField(base_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(), null=True, size=None)),
                ('quarantine', models.TextField(null=True)),
                ('credential_types', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), null=True, size=None)),
                ('eqf_levels', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), null=True, size=None)),
                ('isced_f', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), null=True, size=None)),
                ('jurisdictions', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), null=True, size=None)),
                ('programmes', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), null=True, size=None)),
                ('log', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.log')),
            ],
            options={
                'db_table': 'register_accreditation',
                'indexes': [models.Index(fields=['issuer'], name='register_accreditation_issuer'), models.Index(condition=models.Q(('recorded_until__isnull', True)), fields=['agency', 'uid'], name='register_accreditation_agency')],
                'constraints': [models.CheckConstraint(condition=models.Q(('recorded_until__gt', models.F('recorded_from'))), name='register_accreditation_recorded_order'), models.UniqueConstraint(condition=models.Q(('recorded_until__isnull', True)), fields=('uid', 'log'), name='register_accreditation_one_open'), models.CheckConstraint(condition=models.Q(('valid_until__gt', models.F('valid_from'))), name='register_accreditation_valid_order')],
            },
        ),
        migrations.CreateModel(
            name='AgencyVersion',
            fields=[
                ('uid', models.UUIDField()),
                ('recorded_from', models.BigIntegerField()),
                ('recorded_until', models.BigIntegerField(null=True)),
                ('content', register.models.versions.Verbatim()),
                ('pk', models.CompositePrimaryKey('uid', 'log_id', 'recorded_from', blank=True, editable=False, primary_key=True, serialize=False)),
                ('country', models.TextField()),
                ('valid_from', models.DateTimeField(null=True)),
                ('valid_until', models.DateTimeField(null=True)),
                ('withdrawn_from', models.DateTimeField(null=True)),
                ('words', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ('log', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.log')),
            ],
            options={
                'db_table': 'register_agency',
                'indexes': [django.contrib.postgres.indexes.GinIndex(condition=models.Q(('recorded_until__isnull', True)), fields=['words'], gin_pending_list_limit=256, name='register_agency_words')],
                'constraints': [models.CheckConstraint(condition=models.Q(('recorded_until__gt', models.F('recorded_from'))), name='register_agency_recorded_order'), models.UniqueConstraint(condition=models.Q(('recorded_until__isnull', True)), fields=('uid', 'log'), name='register_agency_one_open'), models.CheckConstraint(condition=models.Q(('valid_until__gt', models.F('valid_from'))), name='register_agency_valid_order')],
            },
        ),
        migrations.CreateModel(
            name='Happening',
            fields=[
                ('index', models.BigIntegerField()),
                ('type', models.TextField()),
                ('subject', models.TextField()),
                ('time', models.DateTimeField(null=True)),
                ('uid', models.UUIDField(null=True)),
                ('issuer', models.UUIDField(null=True)),
                ('agency', models.UUIDField(null=True)),
                ('quarantine', models.TextField(null=True)),
                ('message', models.TextField(null=True)),
                ('pk', models.CompositePrimaryKey('log_id', 'index', blank=True, editable=False, primary_key=True, serialize=False)),
                ('log', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.log')),
            ],
            options={
                'db_table': 'register_happening',
                'indexes': [models.Index(fields=['log', 'time', 'index'], name='register_happening_time'), models.Index(fields=['uid'], name='register_happening_uid'), models.Index(fields=['issuer'], name='register_happening_issuer'), models.Index(condition=models.Q(('quarantine__isnull', False)), fields=['log', 'index'], name='register_happening_quarantine')],
            },
        ),
        migrations.CreateModel(
            name='IdentifierClaim',
            fields=[
                ('scheme', models.TextField()),
                ('value', models.TextField()),
                ('issuer', models.UUIDField()),
                ('record', models.UUIDField()),
                ('recorded_from', models.BigIntegerField()),
                ('recorded_until', models.BigIntegerField(null=True)),
                ('pk', models.CompositePrimaryKey('value', 'scheme', 'log_id', 'record', 'recorded_from', blank=True, editable=False, primary_key=True, serialize=False)),
                ('log', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.log')),
            ],
            options={
                'db_table': 'register_claim',
                'constraints': [models.CheckConstraint(condition=models.Q(('recorded_until__gt', models.F('recorded_from'))), name='register_claim_recorded_order')],
            },
        ),
        migrations.CreateModel(
            name='IssuerVersion',
            fields=[
                ('uid', models.UUIDField()),
                ('recorded_from', models.BigIntegerField()),
                ('recorded_until', models.BigIntegerField(null=True)),
                ('content', register.models.versions.Verbatim()),
                ('pk', models.CompositePrimaryKey('uid', 'log_id', 'recorded_from', blank=True, editable=False, primary_key=True, serialize=False)),
                ('country', models.TextField()),
                ('provider_type', models.SmallIntegerField()),
                ('closed_from', models.DateTimeField(null=True)),
                ('quarantine', models.TextField(null=True)),
                ('words', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ('log', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.log')),
            ],
            options={
                'db_table': 'register_issuer',
                'indexes': [django.contrib.postgres.indexes.GinIndex(condition=models.Q(('recorded_until__isnull', True)), fields=['words'], gin_pending_list_limit=256, name='register_issuer_words'), models.Index(condition=models.Q(('recorded_until__isnull', True)), fields=['country', 'uid'], name='register_issuer_country')],
                'constraints': [models.CheckConstraint(condition=models.Q(('recorded_until__gt', models.F('recorded_from'))), name='register_issuer_recorded_order'), models.UniqueConstraint(condition=models.Q(('recorded_until__isnull', True)), fields=('uid', 'log'), name='register_issuer_one_open')],
            },
        ),
        migrations.CreateModel(
            name='KeyVersion',
            fields=[
                ('uid', models.UUIDField()),
                ('recorded_from', models.BigIntegerField()),
                ('recorded_until', models.BigIntegerField(null=True)),
                ('content', register.models.versions.Verbatim()),
                ('pk', models.CompositePrimaryKey('uid', 'log_id', 'recorded_from', blank=True, editable=False, primary_key=True, serialize=False)),
                ('issuer', models.UUIDField()),
                ('key_kind', models.TextField()),
                ('value', models.TextField()),
                ('valid_from', models.DateTimeField(null=True)),
                ('valid_until', models.DateTimeField(null=True)),
                ('revoked_from', models.DateTimeField(null=True)),
                ('log', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.log')),
            ],
            options={
                'db_table': 'register_key',
                'indexes': [models.Index(fields=['issuer'], name='register_key_issuer'), models.Index(fields=['value'], name='register_key_value')],
                'constraints': [models.CheckConstraint(condition=models.Q(('recorded_until__gt', models.F('recorded_from'))), name='register_key_recorded_order'), models.UniqueConstraint(condition=models.Q(('recorded_until__isnull', True)), fields=('uid', 'log'), name='register_key_one_open'), models.CheckConstraint(condition=models.Q(('valid_until__gt', models.F('valid_from'))), name='register_key_valid_order')],
            },
        ),
        migrations.CreateModel(
            name='MandateVersion',
            fields=[
                ('uid', models.UUIDField()),
                ('recorded_from', models.BigIntegerField()),
                ('recorded_until', models.BigIntegerField(null=True)),
                ('content', register.models.versions.Verbatim()),
                ('pk', models.CompositePrimaryKey('uid', 'log_id', 'recorded_from', blank=True, editable=False, primary_key=True, serialize=False)),
                ('awarding_body', models.UUIDField()),
                ('sealer', models.UUIDField()),
                ('valid_from', models.DateTimeField(null=True)),
                ('valid_until', models.DateTimeField(null=True)),
                ('revoked_from', models.DateTimeField(null=True)),
                ('log', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.log')),
            ],
            options={
                'db_table': 'register_mandate',
                'indexes': [models.Index(fields=['awarding_body'], name='register_mandate_body'), models.Index(fields=['sealer'], name='register_mandate_sealer')],
                'constraints': [models.CheckConstraint(condition=models.Q(('recorded_until__gt', models.F('recorded_from'))), name='register_mandate_recorded_order'), models.UniqueConstraint(condition=models.Q(('recorded_until__isnull', True)), fields=('uid', 'log'), name='register_mandate_one_open'), models.CheckConstraint(condition=models.Q(('valid_until__gt', models.F('valid_from'))), name='register_mandate_valid_order')],
            },
        ),
        migrations.CreateModel(
            name='ProgrammeVersion',
            fields=[
                ('uid', models.UUIDField()),
                ('recorded_from', models.BigIntegerField()),
                ('recorded_until', models.BigIntegerField(null=True)),
                ('content', register.models.versions.Verbatim()),
                ('pk', models.CompositePrimaryKey('uid', 'log_id', 'recorded_from', blank=True, editable=False, primary_key=True, serialize=False)),
                ('issuer', models.UUIDField()),
                ('credential_type', models.TextField(null=True)),
                ('eqf_level', models.SmallIntegerField(null=True)),
                ('isced_f', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ('valid_from', models.DateTimeField(null=True)),
                ('valid_until', models.DateTimeField(null=True)),
                ('closed_from', models.DateTimeField(null=True)),
                ('words', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ('log', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.log')),
            ],
            options={
                'db_table': 'register_programme',
                'indexes': [django.contrib.postgres.indexes.GinIndex(condition=models.Q(('recorded_until__isnull', True)), fields=['words'], gin_pending_list_limit=256, name='register_programme_words'), models.Index(fields=['issuer'], name='register_programme_issuer')],
                'constraints': [models.CheckConstraint(condition=models.Q(('recorded_until__gt', models.F('recorded_from'))), name='register_programme_recorded_order'), models.UniqueConstraint(condition=models.Q(('recorded_until__isnull', True)), fields=('uid', 'log'), name='register_programme_one_open'), models.CheckConstraint(condition=models.Q(('valid_until__gt', models.F('valid_from'))), name='register_programme_valid_order')],
            },
        ),
        migrations.CreateModel(
            name='RegisterVersion',
            fields=[
                ('uid', models.UUIDField()),
                ('recorded_from', models.BigIntegerField()),
                ('recorded_until', models.BigIntegerField(null=True)),
                ('content', register.models.versions.Verbatim()),
                ('pk', models.CompositePrimaryKey('uid', 'log_id', 'recorded_from', blank=True, editable=False, primary_key=True, serialize=False)),
                ('log', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.log')),
            ],
            options={
                'db_table': 'register_register',
                'constraints': [models.CheckConstraint(condition=models.Q(('recorded_until__gt', models.F('recorded_from'))), name='register_register_recorded_order'), models.UniqueConstraint(condition=models.Q(('recorded_until__isnull', True)), fields=('uid', 'log'), name='register_register_one_open')],
            },
        ),
        migrations.CreateModel(
            name='RelationVersion',
            fields=[
                ('uid', models.UUIDField()),
                ('recorded_from', models.BigIntegerField()),
                ('recorded_until', models.BigIntegerField(null=True)),
                ('content', register.models.versions.Verbatim()),
                ('pk', models.CompositePrimaryKey('uid', 'log_id', 'recorded_from', blank=True, editable=False, primary_key=True, serialize=False)),
                ('issuer', models.UUIDField()),
                ('other', models.UUIDField()),
                ('relation', models.TextField()),
                ('valid_from', models.DateTimeField(null=True)),
                ('valid_until', models.DateTimeField(null=True)),
                ('log', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.log')),
            ],
            options={
                'db_table': 'register_relation',
                'indexes': [models.Index(fields=['issuer'], name='register_relation_issuer'), models.Index(fields=['other'], name='register_relation_other')],
                'constraints': [models.CheckConstraint(condition=models.Q(('recorded_until__gt', models.F('recorded_from'))), name='register_relation_recorded_order'), models.UniqueConstraint(condition=models.Q(('recorded_until__isnull', True)), fields=('uid', 'log'), name='register_relation_one_open'), models.CheckConstraint(condition=models.Q(('valid_until__gt', models.F('valid_from'))), name='register_relation_valid_order')],
            },
        ),
    ]
