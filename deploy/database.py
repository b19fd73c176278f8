"""A database URL becomes Django's `DATABASES` entry, with psycopg's connection pool."""

from typing import Any

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from deploy.env import Environment, SettingError


def parse_database_url(name: str, url: str) -> dict[str, str]:
    """Return libpq's parameters of a `postgresql://` URL; raise SettingError without repeating the URL."""
    try:
        parameters = conninfo_to_dict(url)
    except ProgrammingError:
        parameters = {}
    if not url.startswith(("postgresql://", "postgres://")) or not parameters.get("dbname"):
        raise SettingError(f"{name} must be like postgresql://user:password@host:5432/database.")
    return {key: str(value) for key, value in parameters.items() if value is not None}


def database_settings(env: Environment, role: str) -> dict[str, Any]:
    """Return the `default` database for the role `app` or `owner`.

    Without `ASSAY_APP_DATABASE_URL` the web runs as the owner of the tables; `deploy.checks` warns about that.
    """
    owner_url = env.text("DATABASE_URL")
    chosen = "ASSAY_APP_DATABASE_URL" if role == "app" and "ASSAY_APP_DATABASE_URL" in env.values else "DATABASE_URL"
    parameters = parse_database_url(chosen, env.text(chosen, owner_url))
    pool = env.integer("ASSAY_DATABASE_POOL", 10)
    options: dict[str, Any] = {"pool": {"min_size": 1, "max_size": pool, "timeout": 20}} if pool else {}
    # The ledger's and the register's hot queries take longer to plan than to run (PgBouncer: version 1.21 or newer).
    options["prepare_threshold"] = 5
    named = {"dbname", "user", "password", "host", "port"}
    options |= {key: value for key, value in parameters.items() if key not in named}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parameters["dbname"],
        "USER": parameters.get("user", ""),
        "PASSWORD": parameters.get("password", ""),
        "HOST": parameters.get("host", ""),
        "PORT": parameters.get("port", ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
        "TEST": {"NAME": env.text("ASSAY_TEST_DATABASE", f"test_{parameters['dbname']}")},
    }
