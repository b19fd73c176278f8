"""A pytest plugin (`-p deploy.testservices`): PostgreSQL and Redis for the tests, settled before Django reads settings.

`DATABASE_URL` and `REDIS_URL` are taken where both are given (`./deploy/test` gives them). Otherwise one embedded pair
is started below `.assay/test-services` and kept for the next run: `./deploy/down --data .assay/test-services` ends it.
Every run has a database of its own name, so that several may go on at once.
"""

import fcntl
import os
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from deploy import processes
from deploy.embedded import SUPERUSER, Services, postgres_program, prepare_services, redis_program
from deploy.provision import OWNER, provision_embedded
from deploy.supervisor import Supervisor

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT / ".assay" / "test-services"
CONNECTIONS = 300


def start_services(directory: Path) -> Services:
    """Start, or find running, an embedded pair below `directory`, with roles and one database `assay`.

    The processes outlive the caller; they are written down in `directory/run` for `deploy.stop`.
    """
    run = directory / "run"
    run.mkdir(parents=True, exist_ok=True)
    with (run / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        alive = {entry.name for entry in processes.read_recorded(run) if processes.is_alive(entry)}
        if alive < {"postgres", "redis"}:
            processes.stop_recorded(run)
        services = prepare_services(directory, CONNECTIONS, running=alive >= {"postgres", "redis"})
        if alive < {"postgres", "redis"}:
            supervisor = Supervisor(run, print)
            supervisor.start(postgres_program(services))
            supervisor.start(redis_program(services))
            provision_embedded(services, ["assay"], lambda: None, ("CREATEDB", "IN ROLE pg_signal_backend"))
        return services


def drop_abandoned(services: Services) -> None:
    """Drop the databases of test runs that are over: their names end in the run's process id."""
    with psycopg.connect(services.database_url(SUPERUSER, "postgres"), autocommit=True) as server:
        rows = server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_assay\\_%'").fetchall()
        for (name,) in rows:
            pid = str(name).rpartition("_")[2]
            if pid.isdecimal() and not processes.started(int(pid)):
                server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def settle_environment() -> None:
    """Set every setting the tests run with; nothing of a node that lives in `.assay` is read."""
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        services = start_services(SHARED)
        drop_abandoned(services)
        os.environ["DATABASE_URL"] = services.database_url(OWNER, "assay")
        os.environ["ASSAY_APP_DATABASE_URL"] = services.database_url("assay_app", "assay")
        os.environ["REDIS_URL"] = services.redis_url(os.getpid() % 64)
    data = tempfile.mkdtemp(prefix="assay-test-")
    os.environ |= {
        "SECRET_KEY": "for tests only",
        "ASSAY_DATA_DIR": data,
        "ASSAY_NODE_NAME": "nl",
        "ASSAY_ORIGIN": "register.nl.example/ledger",
        "ASSAY_BASE_URL": "http://register.nl.example",
        "ASSAY_TERRITORY": "NL",
        "ASSAY_ALLOWED_HOSTS": "register.nl.example,testserver,localhost,127.0.0.1",
        "ASSAY_DATABASE_ROLE": "owner",
        "ASSAY_DATABASE_POOL": "0",
        "ASSAY_STATIC_MANIFEST": "0",
        "ASSAY_TEST_DATABASE": f"test_assay_{os.getpid()}",
    }


settle_environment()
