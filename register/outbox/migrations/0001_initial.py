# Tables of notices.

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Cursor',
            fields=[
                ('origin', models.TextField(primary_key=True, serialize=False)),
                ('size', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('key', models.TextField(unique=True)),
                ('code', models.CharField(max_length=24)),
                ('topics', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ('index', models.BigIntegerField(null=True)),
                ('thing', models.UUIDField(null=True)),
                ('issuer', models.UUIDField(null=True)),
                ('agency', models.UUIDField(null=True)),
                ('time', models.DateTimeField()),
                ('facts', models.JSONField(default=dict)),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['topics'], name='outbox_notice_topics'), models.Index(fields=['time'], name='outbox_notice_time')],
            },
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('topic', models.TextField()),
                ('address', models.TextField(blank=True)),
                ('webhook', models.TextField(blank=True)),
                ('rhythm', models.CharField(choices=[('at_once', 'at_once'), ('daily', 'daily'), ('weekly', 'weekly')], default='at_once', max_length=8)),
                ('codes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=24), default=list, size=None)),
                ('language', models.CharField(default='en', max_length=12)),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('active', 'active'), ('off', 'off'), ('disabled', 'disabled')], default='waiting', max_length=8)),
                ('generation', models.PositiveIntegerField(default=1)),
                ('asked', models.DateTimeField(default=django.utils.timezone.now)),
                ('confirmed', models.DateTimeField(null=True)),
                ('confirmation_sent', models.DateTimeField(null=True)),
                ('next_try', models.DateTimeField(default=django.utils.timezone.now)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('failing_since', models.DateTimeField(null=True)),
                ('last_error', models.CharField(blank=True, max_length=300)),
                ('delivered', models.DateTimeField(null=True)),
                ('user', models.OneToOneField(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notices_by_mail', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('due', models.DateTimeField()),
                ('letter', models.UUIDField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('sent', models.DateTimeField(null=True)),
                ('notice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='outbox.notice')),
                ('subscription', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='outbox.subscription')),
            ],
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(condition=models.Q(('state', 'active')), fields=['topic'], name='outbox_subscription_topic'),
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(fields=['next_try'], name='outbox_subscription_next'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.UniqueConstraint(models.F('topic'), django.db.models.functions.text.Lower('address'), models.F('webhook'), name='subscription_once'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('address', ''), ('user__isnull', False)), models.Q(('user__isnull', True), models.Q(('address', ''), _negated=True)), _connector='OR'), name='subscription_address'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('sent__isnull', True)), fields=['subscription', 'due'], name='outbox_message_waiting'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['sent'], name='outbox_message_sent'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(fields=('subscription', 'notice'), name='message_once'),
        ),
    ]
