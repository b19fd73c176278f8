"""A pair of embedded services that outlives its starter, for test runs: several at once may share it."""

import fcntl
from pathlib import Path

import psycopg
from psycopg import sql

from deploy import processes
from deploy.embedded import SUPERUSER, Services, clear_killed, postgres_program, prepare_services, redis_program
from deploy.provision import provision_embedded
from deploy.supervisor import Supervisor

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
            clear_killed(services)
            supervisor = Supervisor(run, print)
            supervisor.start(postgres_program(services))
            supervisor.start(redis_program(services))
            provision_embedded(services, ["assay"], lambda: None, for_tests=True)
        return services


def drop_abandoned(services: Services) -> None:
    """Drop the databases of test runs that are over: their names end in the run's process id."""
    with psycopg.connect(services.database_url(SUPERUSER, "postgres"), autocommit=True) as server:
        rows = server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_assay\\_%'").fetchall()
        for (name,) in rows:
            pid = str(name).split("_")[2]  # a process of several adds its own name behind it
            if pid.isdecimal() and not processes.started(int(pid)):
                server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
