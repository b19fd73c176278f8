"""Settings in words: what each does, what it is now, and where that comes from. Secrets are never read here.

The table below is the page; a test holds it against what deploy/settings.py reads and what deploy/README.md tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from deploy.operator.gauge import spell_count
from federation.views.words import spell_age
from register.site.words import join_words, label_place

Words = str | Promise
Spell = Callable[[Any], str]


def _plain(value: Any) -> str:
    return str(value) if value not in ("", None) else gettext("not set")


def _seconds(value: Any) -> str:
    return spell_age(timedelta(seconds=value))


def _number(value: Any) -> str:
    return spell_count(value)


def _limit(value: Any) -> str:
    return spell_count(value) if value else gettext("no limit")


def _days(value: Any) -> str:
    return spell_age(timedelta(days=value))


def _yes(value: Any) -> str:
    return gettext("yes") if value else gettext("no")


def _list(value: Any) -> str:
    return ", ".join(str(one) for one in value) or pgettext("setting", "none")


def _places(value: Any) -> str:
    return join_words([label_place(code) for code in value], 8)


def _database(value: Any) -> str:
    """The first database without its password."""
    found = settings.DATABASES["default"]
    where = f"{found.get('HOST') or 'localhost'}:{found.get('PORT') or 5432}"
    return gettext("%(name)s at %(where)s, as %(role)s") % {
        "name": found["NAME"], "where": where, "role": found["USER"]
    }  # fmt: skip


def _grace(value: Any) -> str:
    return _seconds(settings.ASSAY_BODY_PACE.grace)


def _rate(value: Any) -> str:
    return filesizeformat(settings.ASSAY_BODY_PACE.rate)


def _longest(value: Any) -> str:
    return _seconds(settings.ASSAY_BODY_PACE.longest)


def _pool(value: Any) -> str:
    pool = settings.DATABASES["default"]["OPTIONS"].get("pool")
    return spell_count(pool["max_size"]) if pool else gettext("no pool")


@dataclass(frozen=True, slots=True)
class Described:
    """A setting: its variable, what it means, how its value is said (None: a secret), and its name in settings."""

    name: str
    means: Words
    spell: Spell | None = _plain
    read_from: str = ""

    def value(self) -> str:
        """Return it in words; of a secret only that there is one."""
        if self.spell is None:
            return gettext("kept secret")
        return self.spell(getattr(settings, self.read_from or self.name, None))


GROUPS: Final[tuple[tuple[Words, tuple[Described, ...]], ...]] = (
    (
        _("The register"),
        (
            Described("ASSAY_TITLE", _("Its name")),
            Described("ASSAY_OPERATOR", _("Who runs it")),
            Described("ASSAY_NODE_NAME", _("Its short name, in cookies and logins")),
            Described("ASSAY_TERRITORY", _("The countries it may speak for"), _places),
            Described("ASSAY_BASE_URL", _("Its address; it stands in every entry, so it stays for ever")),
            Described("ASSAY_ORIGIN", _("The name of its ledger; for ever, too")),
            Described("ASSAY_DEMO", _("Whether it holds demonstration data"), _yes),
            Described("ASSAY_LICENCE", _("Under which licence its data are given away")),
            Described("ASSAY_LICENCE_URL", _("Where that licence can be read")),
            Described("ASSAY_OPEN_DATA_DAYS", _("How long nightly exports are kept"), _days),
        ),
    ),
    (
        _("Freshness and signing"),
        (
            Described("ASSAY_REFRESH_SECONDS", _("How old a checkpoint gets before it is signed anew"), _seconds),
            Described(
                "ASSAY_FRESHNESS_SECONDS", _("The age of a checkpoint from which answers say “unchecked”"), _seconds
            ),
            Described(
                "ASSAY_COSIGN_POLICY",
                _("Checkpoints without enough cosignatures: open follows, closed does not"),
            ),
            Described("ASSAY_POLICY_FILE", _("Whose cosignatures are enough")),
            Described("ASSAY_KEYS_DIR", _("Where the private keys lie")),
            Described("ASSAY_GUARD_DIR", _("Where the rollback guard lies; never restored with the database")),
            Described("ASSAY_SEAL_AUTHORITIES", _("Authorities whose certificates for seals are believed")),
            Described("ASSAY_TIME_AUTHORITIES", _("Authorities whose timestamps are believed")),
        ),
    ),
    (
        _("Other registers and the world outside"),
        (
            Described("ASSAY_POLL_SECONDS", _("After how much silence a peer is asked"), _seconds),
            Described("ASSAY_PEER_SECONDS", _("How long one request to another node may take"), _seconds),
            Described("ASSAY_SYNC_SECONDS", _("After how long the copy of one peer makes way for others"), _seconds),
            Described("ASSAY_SYNC_ENTRIES", _("The same, in entries"), _number),
            Described("ASSAY_PEER_MAX_ENTRIES", _("The longest log of a peer that is copied, in entries"), _number),
            Described("ASSAY_PEER_NETWORKS", _("Networks that are not public in which peers may be"), _list),
            Described(
                "ASSAY_FETCH_NETWORKS",
                _("Networks that are not public where credentials’ documents may be"),
                _list,
            ),
            Described("ASSAY_WEBHOOK_NETWORKS", _("Networks that are not public to which notices may be sent"), _list),
        ),
    ),
    (
        _("People, tokens and mail"),
        (
            Described("SECRET_KEY", _("What signs sessions"), None),
            Described("ASSAY_TOKEN_DAYS", _("How long an API token lasts"), _days),
            Described("ASSAY_OIDC_ISSUER", _("Single sign-on: who vouches for people")),
            Described("ASSAY_OIDC_NAME", _("Single sign-on: what the button says")),
            Described("ASSAY_OIDC_CLIENT_ID", _("Single sign-on: how this node is known there"), None),
            Described("ASSAY_OIDC_CLIENT_SECRET", _("Single sign-on: the secret shared with it"), None),
            Described("ASSAY_MAIL_URL", _("The server that takes mails, with its password"), None),
            Described("ASSAY_MAIL_FROM", _("From whom mails come"), _plain, "DEFAULT_FROM_EMAIL"),
        ),
    ),
    (
        _("Limits"),
        (
            Described("ASSAY_WRITES_PER_MINUTE", _("Writes of one token a minute"), _limit),
            Described("ASSAY_BATCHES_PER_MINUTE", _("Lists of questions of one address a minute"), _limit),
            Described("ASSAY_READS_PER_MINUTE", _("Reads of one address a minute"), _limit),
            Described("ASSAY_SUBMISSIONS_PER_MINUTE", _("Checkpoints of one address to our witness a minute"), _limit),
            Described("ASSAY_SEARCHES_PER_MINUTE", _("Searches and figures of one address a minute"), _limit),
            Described("ASSAY_DOWNLOADS_PER_MINUTE", _("Whole results and bundles of one address a minute"), _limit),
            Described("ASSAY_STREAMS", _("Downloads that one process sends at a time")),
            Described("ASSAY_MAX_BODY_BYTES", _("The largest body of a request"), filesizeformat),
            Described("ASSAY_MAX_UPLOAD_BYTES", _("The largest file of an import"), filesizeformat),
            Described("ASSAY_API_BODY_BYTES", _("The same for the JSON API"), filesizeformat),
            Described(
                "ASSAY_BODY_GRACE_SECONDS",
                _("How long a body may take to come"),
                _grace,
            ),
            Described(
                "ASSAY_BODY_BYTES_PER_SECOND",
                _("For so much of it that came, a second more"),
                _rate,
            ),
            Described(
                "ASSAY_BODY_SECONDS",
                _("How long it may take at most"),
                _longest,
            ),
        ),
    ),
    (
        _("The machine"),
        (
            Described("ASSAY_DATA_DIR", _("Where everything of this node lies")),
            Described("DATABASE_URL", _("The database, as the owner of its tables"), None),
            Described("ASSAY_APP_DATABASE_URL", _("The database as this page uses it"), _database),
            Described("ASSAY_DATABASE_ROLE", _("Its role: app cannot alter the ledger, owner could")),
            Described("ASSAY_DATABASE_POOL", _("The most connections of one process"), _pool),
            Described("REDIS_URL", _("Redis: the queue of jobs and counters"), None),
            Described("ASSAY_QUEUE", _("The name of the queue"), _plain, "CELERY_TASK_DEFAULT_QUEUE"),
            Described("ASSAY_ALLOWED_HOSTS", _("Host names it answers to"), _list, "ALLOWED_HOSTS"),
            Described("ASSAY_TRUSTED_ORIGINS", _("Origins that may send forms"), _list, "CSRF_TRUSTED_ORIGINS"),
            Described(
                "ASSAY_BEHIND_PROXY",
                _("Whether a proxy in front is believed"),
                _yes,
                "SECURE_PROXY_SSL_HEADER",
            ),
            Described("ASSAY_STATIC_MANIFEST", _("Whether static files carry their hash in their names"), _yes),
            Described("ASSAY_LOG_LEVEL", _("How much is logged")),
            Described("ASSAY_DEBUG", _("Debug pages, which show the inside to anybody"), _yes, "DEBUG"),
        ),
    ),
)
"""All settings by group."""

SOURCES: Final[Mapping[str, Words]] = {
    "environment": _("environment"),
    "file": _("node.env"),
    "default": _("default"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A setting as the page shows it."""

    name: str
    means: Words
    value: str
    origin: str
    secret: bool

    @property
    def source(self) -> Words:
        """Where it comes from, in words."""
        return SOURCES[self.origin]


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that belong together, with how many of them do not stand at their default."""

    title: Words
    told: tuple[Told, ...]

    @property
    def chosen(self) -> int:
        """How many were set, be it to the default."""
        return sum(one.origin != "default" for one in self.told)


def tell_settings(q: str = "", origin: str = "") -> list[Group]:
    """Return the settings by group, each with its value in words and its source; narrowed, groups that hold some.

    `q` is a part of what a setting means or of its variable, `origin` one of SOURCES.
    """
    groups = [Group(title, tuple(_narrow(map(_tell, described), q, origin))) for title, described in GROUPS]
    return [group for group in groups if group.told]


def _narrow(told: Iterable[Told], q: str, origin: str) -> Iterator[Told]:
    for one in told:
        if origin in ("", one.origin) and q.casefold() in f"{one.means} {one.name}".casefold():
            yield one


def _tell(one: Described) -> Told:
    origin = settings.ASSAY_SETTING_SOURCES.get(one.name, "default")
    value = one.value() if one.spell or origin != "default" else gettext("not set")
    return Told(one.name, one.means, value, origin, one.spell is None)


def list_unknown() -> list[str]:
    """Return variables that look like settings and are none: misspelt, or of another version."""
    known = {one.name for _title, group in GROUPS for one in group} | UP_ALONE
    return sorted(name for name in settings.ASSAY_SETTING_SOURCES if name.startswith("ASSAY_") and name not in known)


UP_ALONE: Final = frozenset(
    {"ASSAY_RESTORE", "ASSAY_RECOVER", "ASSAY_WEB_WORKERS", "ASSAY_WEB_THREADS", "ASSAY_WORKERS", "ASSAY_APP_ROLE",
     "ASSAY_TEST_DATABASE", "ASSAY_TEST_PURE", "ASSAY_RUN"}
)  # fmt: skip
"""Read by deploy/up or the tests, not by the node itself."""
