"""Django settings of a node: flat, from the environment, loud when wrong.

`deploy/up` writes what it generated into `DIR/node.env`; a variable of the process environment wins over it.
Every variable is described in deploy/README.md.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from celery.schedules import crontab

from deploy.database import database_settings
from deploy.env import WEB_THREADS, read_environment
from deploy.mail import mail_server
from deploy.slow_bodies import Pace

BASE_DIR = Path(__file__).resolve().parent.parent
_env = read_environment(os.environ, BASE_DIR)

# Where each setting comes from, for the operator's board; names alone, no values.
ASSAY_SETTING_SOURCES = _env.sources

SECRET_KEY = _env.text("SECRET_KEY")
DEBUG = _env.flag("ASSAY_DEBUG")

# The node: what it is called, where it stands, which countries it may speak for.
ASSAY_DATA_DIR = _env.path("ASSAY_DATA_DIR", BASE_DIR / ".assay")
ASSAY_NODE_NAME = _env.text("ASSAY_NODE_NAME")
ASSAY_TITLE = _env.text("ASSAY_TITLE", ASSAY_NODE_NAME)
ASSAY_OPERATOR = _env.text("ASSAY_OPERATOR", "not stated")
ASSAY_ORIGIN = _env.text("ASSAY_ORIGIN")
ASSAY_BASE_URL = _env.web_address("ASSAY_BASE_URL")
ASSAY_TERRITORY = _env.countries("ASSAY_TERRITORY")
ASSAY_KEYS_DIR = _env.path("ASSAY_KEYS_DIR", ASSAY_DATA_DIR / "keys")
ASSAY_GUARD_DIR = _env.path("ASSAY_GUARD_DIR", ASSAY_DATA_DIR / "guard")
ASSAY_FRESHNESS_SECONDS = _env.integer("ASSAY_FRESHNESS_SECONDS", 86_400, at_least=1)
ASSAY_REFRESH_SECONDS = _env.integer("ASSAY_REFRESH_SECONDS", 300, at_least=10)
ASSAY_DEMO = _env.flag("ASSAY_DEMO")
# Whose cosignatures a peer's checkpoint needs before it is followed (closed), or is shown to lack (open).
ASSAY_POLICY_FILE = _env.path("ASSAY_POLICY_FILE", ASSAY_DATA_DIR / "policy.txt")
ASSAY_COSIGN_POLICY = _env.choice("ASSAY_COSIGN_POLICY", ("open", "closed"))
# Called with origin and size when a new checkpoint of ours has been committed.
ASSAY_AFTER_SIGNING = "federation.tasks.announce_soon"

# Other nodes: where they may be beside the public internet, how long one request may take, and how much of a peer's
# log one run copies before others have their turn.
ASSAY_PEER_NETWORKS = _env.networks("ASSAY_PEER_NETWORKS")
ASSAY_PEER_SECONDS = _env.integer("ASSAY_PEER_SECONDS", 10, at_least=1)
ASSAY_PEER_MAX_ENTRIES = _env.integer("ASSAY_PEER_MAX_ENTRIES", 20_000_000, at_least=1)
# Where DID documents and status lists of credentials may be read beside the public internet, also without TLS.
ASSAY_FETCH_NETWORKS = _env.networks("ASSAY_FETCH_NETWORKS")
# Where webhooks may be sent beside the public internet, also without TLS.
ASSAY_WEBHOOK_NETWORKS = _env.networks("ASSAY_WEBHOOK_NETWORKS")
# PEM files with the authorities whose certificates for seals, and whose timestamps, are believed; empty: none.
ASSAY_SEAL_AUTHORITIES = _env.text("ASSAY_SEAL_AUTHORITIES", "")
ASSAY_TIME_AUTHORITIES = _env.text("ASSAY_TIME_AUTHORITIES", "")
ASSAY_POLL_SECONDS = _env.integer("ASSAY_POLL_SECONDS", 60, at_least=1)
ASSAY_SYNC_SECONDS = _env.integer("ASSAY_SYNC_SECONDS", 20, at_least=1)
ASSAY_SYNC_ENTRIES = _env.integer("ASSAY_SYNC_ENTRIES", 200_000, at_least=1)

_secure = ASSAY_BASE_URL.startswith("https://")
ALLOWED_HOSTS = _env.words("ASSAY_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = [ASSAY_BASE_URL, *_env.words("ASSAY_TRUSTED_ORIGINS")]

# The web and the workers use a role that cannot alter the ledger; only migrations and restore use its owner.
ASSAY_DATABASE_ROLE = _env.choice("ASSAY_DATABASE_ROLE", ("app", "owner"))
ASSAY_APP_ROLE_CONFIGURED = "ASSAY_APP_DATABASE_URL" in _env.values
DATABASES: dict[str, dict[str, Any]] = {"default": database_settings(_env, ASSAY_DATABASE_ROLE)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = _env.text("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "assay",
        # Redis counts requests, no more: one that hangs must not hold a write up.
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
    }
}

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "ledger",
    "register",
    "register.access",
    "register.desk",
    "register.uploads",
    "register.outbox",
    "register.opendata",
    "federation",
    "deploy",
    "deploy.operator",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "deploy.limits.BodyLimit",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "deploy.languages.LanguageOfPages",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "deploy.expensive.ExpensiveLimit",
    "deploy.streams.FewStreams",
    "deploy.methods.MethodPages",
    "deploy.resting.DatabaseAway",
]

ROOT_URLCONF = "deploy.urls"
WSGI_APPLICATION = "deploy.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "register.access.header.person",
            ]
        },
    }
]

AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
# allauth keeps second factors, sessions and single sign-on; the pages, who gets in and accounts are register.access's.
ACCOUNT_ADAPTER = "register.access.adapters.Accounts"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
MFA_ADAPTER = "register.access.adapters.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_WEBAUTHN_USER_VERIFICATION = "preferred"
# Single sign-on by OpenID Connect, offered where an issuer is named; it lets in people who were invited, no others.
ASSAY_OIDC_ISSUER = _env.text("ASSAY_OIDC_ISSUER", "")
ASSAY_OIDC_NAME = _env.text("ASSAY_OIDC_NAME", ASSAY_OIDC_ISSUER)
SOCIALACCOUNT_ADAPTER = "register.access.single_sign_on.SingleSignOn"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = (
    {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "node",
                    "name": ASSAY_OIDC_NAME,
                    "client_id": _env.text("ASSAY_OIDC_CLIENT_ID"),
                    "secret": _env.text("ASSAY_OIDC_CLIENT_SECRET"),
                    "settings": {"server_url": ASSAY_OIDC_ISSUER},
                }
            ],
        }
    }
    if ASSAY_OIDC_ISSUER
    else {}
)
ASSAY_TOKEN_DAYS = _env.integer("ASSAY_TOKEN_DAYS", 90, at_least=1)
KNOX_TOKEN_MODEL = "access.Token"
# knox's own table is replaced by ours; its migrations would make it all the same.
MIGRATION_MODULES: dict[str, str | None] = {"knox": None}
REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_TTL": timedelta(days=ASSAY_TOKEN_DAYS),
    "TOKEN_LIMIT_PER_USER": None,
    "AUTO_REFRESH": False,
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["register.access.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["register.api.bodies.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "register.api.description.AddressSchema",
    "DEFAULT_METADATA_CLASS": None,
    # Without a proxy of ours in front, X-Forwarded-For is anybody's word.
    "NUM_PROXIES": 1 if _env.flag("ASSAY_BEHIND_PROXY") else 0,
    "EXCEPTION_HANDLER": "register.api.problems.handle_exception",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Assay register API",
    "DESCRIPTION": "Who may award which credential, where and when; each answer with its proof.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    # Schemas are written by the models that read and write; nothing is to rename their enumerations.
    "POSTPROCESSING_HOOKS": [],
}

# Requests a minute, 0 for no limit: writes by token, lists of questions, reads and submissions by address.
ASSAY_WRITES_PER_MINUTE = _env.integer("ASSAY_WRITES_PER_MINUTE", 60_000)
ASSAY_BATCHES_PER_MINUTE = _env.integer("ASSAY_BATCHES_PER_MINUTE", 600)
ASSAY_READS_PER_MINUTE = _env.integer("ASSAY_READS_PER_MINUTE", 0)
ASSAY_SUBMISSIONS_PER_MINUTE = _env.integer("ASSAY_SUBMISSIONS_PER_MINUTE", 0)
# The same for pages that cost the database much, and for whole results and bundles, by address (deploy/expensive.py).
ASSAY_SEARCHES_PER_MINUTE = _env.integer("ASSAY_SEARCHES_PER_MINUTE", 120)
ASSAY_DOWNLOADS_PER_MINUTE = _env.integer("ASSAY_DOWNLOADS_PER_MINUTE", 20)
# Whoever reads a large answer slowly holds one of a process's threads; fewer than there are (deploy/streams.py).
ASSAY_WEB_THREADS = _env.integer("ASSAY_WEB_THREADS", WEB_THREADS, at_least=1)
ASSAY_STREAMS = _env.integer("ASSAY_STREAMS", max(1, min(2, ASSAY_WEB_THREADS - 1)), at_least=1)
ASSAY_API_BODY_BYTES = _env.integer("ASSAY_API_BODY_BYTES", 256 * 1024, at_least=1024)
ASSAY_MAX_BODY_BYTES = _env.integer("ASSAY_MAX_BODY_BYTES", 8 * 1024 * 1024, at_least=65_536)
ASSAY_MAX_UPLOAD_BYTES = _env.integer("ASSAY_MAX_UPLOAD_BYTES", 64 * 1024 * 1024, at_least=65_536)
# Tables of decisions; they alone go to the disk on their way (deploy.limits).
ASSAY_LARGE_BODIES = {"/desk/imports": ASSAY_MAX_UPLOAD_BYTES}
ASSAY_BODY_PACE = Pace(
    grace=_env.integer("ASSAY_BODY_GRACE_SECONDS", 10, at_least=1),
    rate=_env.integer("ASSAY_BODY_BYTES_PER_SECOND", 16_384, at_least=1),
    longest=_env.integer("ASSAY_BODY_SECONDS", 120, at_least=1),
)
DATA_UPLOAD_MAX_MEMORY_SIZE = ASSAY_MAX_BODY_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
DATA_UPLOAD_MAX_NUMBER_FILES = 20
# Uploads stay in memory, but for tables of imports: a credential to be verified never touches a disk.
FILE_UPLOAD_MAX_MEMORY_SIZE = ASSAY_MAX_BODY_BYTES
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("fr", "Français"),
    ("de", "Deutsch"),
    ("es", "Español"),
    ("it", "Italiano"),
    ("nl", "Nederlands"),
    ("pl", "Polski"),
    ("el", "Ελληνικά"),
]
USE_I18N = True
# Compiled from register/locale when the node starts (deploy/catalogues.py).
LOCALE_PATHS = [ASSAY_DATA_DIR / "locale"]
# Set only when somebody chooses a language; plain readers keep what their browser asks for, and no cookie.
LANGUAGE_COOKIE_NAME = "assay_language"
LANGUAGE_COOKIE_AGE = 365 * 86_400
TIME_ZONE = "UTC"
USE_TZ = True

# With a manifest each file's address holds its content's hash, so caches may keep it for ever.
ASSAY_STATIC_MANIFEST = _env.flag("ASSAY_STATIC_MANIFEST", default=True)
STATIC_URL = "/static/"
STATIC_ROOT = ASSAY_DATA_DIR / "static"
_static = "whitenoise.storage.CompressedManifestStaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": _static if ASSAY_STATIC_MANIFEST else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not ASSAY_STATIC_MANIFEST
WHITENOISE_AUTOREFRESH = not ASSAY_STATIC_MANIFEST

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if _secure else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _env.flag("ASSAY_BEHIND_PROXY") else None
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# Cookies know no port: nodes that share a machine would log each other's users out.
SESSION_COOKIE_NAME = f"assay_{ASSAY_NODE_NAME}_session"
CSRF_COOKIE_NAME = f"assay_{ASSAY_NODE_NAME}_csrf"
SESSION_COOKIE_AGE = 8 * 3600
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_FAILURE_VIEW = "register.access.views.signin.explain_csrf"

# Without ASSAY_MAIL_URL mails are kept as files below ASSAY_MAIL_DIR until there is a server (register/outbox).
_mail = mail_server(_env)
ASSAY_MAIL_SENDS = _mail.sends
ASSAY_MAIL_DIR = ASSAY_DATA_DIR / "mail"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = _env.text("ASSAY_MAIL_FROM", "assay@localhost")
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = _mail.backend, _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_SSL, EMAIL_USE_TLS = _mail.use_ssl, _mail.use_tls
EMAIL_TIMEOUT = 15

# Under which terms the whole register is given away, as an SPDX identifier and an address; exports kept, in days.
ASSAY_LICENCE = _env.text("ASSAY_LICENCE", "CC-BY-4.0")
ASSAY_LICENCE_URL = _env.text("ASSAY_LICENCE_URL", "https://creativecommons.org/licenses/by/4.0/")
ASSAY_OPEN_DATA_DIR = ASSAY_DATA_DIR / "open-data"
ASSAY_OPEN_DATA_DAYS = _env.integer("ASSAY_OPEN_DATA_DAYS", 14, at_least=1)

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_DEFAULT_QUEUE = _env.text("ASSAY_QUEUE", "assay")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A job whose worker was killed is given to another after so many seconds; one that takes longer runs twice, as it may.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 120}
CELERY_TIMEZONE = TIME_ZONE
# What comes round soon expires after half a minute, however often it comes: the clocks of beat's machine and the
# worker's may differ by as much before nothing is done, and then note-job is not done either, which the board tells.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    # Often enough that a checkpoint is never much older than ASSAY_REFRESH_SECONDS.
    "republish": {"task": "ledger.republish", "schedule": timedelta(seconds=30), "options": {"expires": 30}},
    # What a dead worker, broker or peer left undone; a look at two tables when there is nothing.
    "announce": {"task": "federation.announce", "schedule": timedelta(seconds=20), "options": {"expires": 30}},
    "scrub": {"task": "ledger.scrub", "schedule": crontab(hour=2, minute=30)},
    # One request a peer; expires before the next, so that slow peers do not make a queue of it.
    "gossip": {"task": "federation.gossip", "schedule": timedelta(seconds=60), "options": {"expires": 60}},
    "report-forks": {"task": "federation.report_forks", "schedule": timedelta(seconds=60), "options": {"expires": 60}},
    "poll-peers": {"task": "federation.poll", "schedule": timedelta(seconds=5), "options": {"expires": 30}},
    # Keys that peers announced; overlapping signatures leave plenty of time.
    "refresh-peers": {"task": "federation.refresh", "schedule": timedelta(seconds=60), "options": {"expires": 60}},
    # From the ledger to the outbox, and out of it; a few small queries when there is nothing.
    "outbox-deliver": {"task": "outbox.deliver", "schedule": timedelta(seconds=20), "options": {"expires": 30}},
    "outbox-expiring": {"task": "outbox.expiring", "schedule": crontab(minute=10)},
    "outbox-purge": {"task": "outbox.purge", "schedule": crontab(minute=40)},
    "open-data": {"task": "opendata.export", "schedule": crontab(hour=3, minute=15)},
    "open-data-first": {"task": "opendata.begin", "schedule": timedelta(minutes=2), "options": {"expires": 120}},
    # A night that was missed; no more often, as an export that finds no room on the disk fills it each time.
    "open-data-missed": {"task": "opendata.catch_up", "schedule": crontab(minute=50)},
    # Files that a dead worker left half done; what is old goes. Then remarks on decisions that came by other ways.
    "sweep-uploads": {"task": "register.uploads.sweep", "schedule": timedelta(seconds=60), "options": {"expires": 60}},
    "look-for-remarks": {
        "task": "register.uploads.look_for_remarks",
        "schedule": timedelta(seconds=60),
        "options": {"expires": 60},
    },
    # What the operator's board sees of it: beat, broker and a worker are alive.
    "note-job": {"task": "deploy.operator.note_job", "schedule": timedelta(seconds=30), "options": {"expires": 30}},
    # Links to a new password that no worker was told of, or that no mail server took.
    "password-links": {
        "task": "register.access.tasks.send_password_links",
        "schedule": timedelta(seconds=60),
        "options": {"expires": 60},
    },
    "forget-kept-answers": {"task": "register.access.tasks.purge_kept_answers", "schedule": timedelta(hours=1)},
}

ASSAY_LOG_LEVEL = _env.choice("ASSAY_LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR"))
# One line an event to standard output. Neither bodies nor query strings nor headers are logged anywhere.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"class": "deploy.log_lines.OneLine", "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    },
    "handlers": {
        "stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "line"},
    },
    "root": {"handlers": ["stdout"], "level": ASSAY_LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # It logs whole addresses, query strings among them.
        "httpx": {"level": "WARNING"},
    },
}
