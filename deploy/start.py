"""`./deploy/up`: one or several nodes with all they need, in the foreground or detached.

A crash of this process leaves its children running; they are written down in DIR/run and the next `up` or `down`
stops them before it does anything else.
"""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from deploy import processes
from deploy.embedded import Services, clear_killed, postgres_program, prepare_services, redis_program, write_private
from deploy.env import NODE_FILE, SettingError, read_node_file
from deploy.failures import StartError, explain_os_error
from deploy.keys import ensure_keys
from deploy.nodes import Node, embedded_urls, plan_nodes, process_env, read_acquainted, write_node_file
from deploy.preflight import check_count, check_port, check_space, lock, sign_lock
from deploy.programs import (
    COMPLETE,
    beat_program,
    peering_program,
    prepare_program,
    read_sizes,
    web_program,
    worker_program,
)
from deploy.provision import APP, provision_embedded, provision_external
from deploy.readiness import check_redis, check_running, wait_for_web, wait_for_worker
from deploy.supervisor import Supervisor, last_line, rotate_logs

ROOT = Path(__file__).resolve().parent.parent


class Stopped(BaseException):
    """Somebody asked the run to end (Ctrl-C, SIGTERM, SIGHUP)."""


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    """Read the command line of `up`."""
    parser = argparse.ArgumentParser(prog="./deploy/up", description="Start a register and all it needs.")
    parser.add_argument(
        "--nodes", type=int, default=1, metavar="N", help="national registers instead of a European one"
    )
    parser.add_argument("--port", type=int, default=8000, metavar="P", help="port of the first node (8000)")
    parser.add_argument(
        "--data", type=Path, default=ROOT / ".assay", metavar="DIR", help="where everything lives (.assay)"
    )
    parser.add_argument("--empty", action="store_true", help="no demonstration data")
    parser.add_argument("--detach", action="store_true", help="return when ready")
    parser.add_argument("--bind", default="127.0.0.1", metavar="ADDR", help="address to listen on (127.0.0.1)")
    options = parser.parse_args(argv)
    options.data = options.data.expanduser().resolve()
    return options


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def main(argv: list[str]) -> int:
    """Run `up`; return the exit code: 0 stopped as asked (or ready, detached), 1 could not start."""
    options = parse_arguments(argv)
    if not options.detach:
        return guarded(options, lambda: None)
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        ready = os.read(reader, 1)
        return 0 if ready else os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(reader)
    os.setsid()
    return guarded(options, lambda: leave_terminal(options.data, writer))


def leave_terminal(data: Path, writer: int) -> None:
    """Send what is said from now on to a file and tell the waiting command that all is ready."""
    log = os.open(data / "logs" / "up.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number, target in ((os.open(os.devnull, os.O_RDONLY), 0), (log, 1), (log, 2)):
        os.dup2(number, target)
    os.write(writer, b"1")
    os.close(writer)


def guarded(options: argparse.Namespace, announce: Callable[[], None]) -> int:
    """Run the nodes; what a person can cure is said in one line."""
    try:
        run(options, announce)
    except Stopped:
        return 0
    except (StartError, SettingError) as error:
        return complain(str(error))
    except OSError as error:
        known = explain_os_error(error)
        if known is None:
            raise
        return complain(known)
    return 0


def complain(message: str) -> int:
    """Print one line of error."""
    print(f"up: {message}", file=sys.stderr, flush=True)
    return 1


def run(options: argparse.Namespace, announce: Callable[[], None]) -> None:
    """Start everything, announce readiness, keep it running until told to stop, then stop it."""
    check_count(options.nodes)
    nodes = plan_nodes(options.data, options.nodes, options.port, options.bind)
    with lock(options.data) as held:
        if left := processes.stop_recorded(options.data / "run"):
            say(f"An earlier run left {', '.join(left)}; stopped.")
        for node in nodes:
            check_port(node)
        check_space(options.data)
        sign_lock(held, nodes)
        for directory in {options.data, *(node.directory for node in nodes)}:
            (directory / "logs").mkdir(parents=True, exist_ok=True)
            rotate_logs(directory / "logs")
        supervise(options, nodes, announce)


def supervise(options: argparse.Namespace, nodes: list[Node], announce: Callable[[], None]) -> None:
    """Hold the processes of one run; whatever ends it, none of them is left."""
    supervisor = Supervisor(options.data / "run", say)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, raise_stopped)
    ready = False
    try:
        bring_up(options, nodes, supervisor)
        announce()
        ready = True
        while True:
            supervisor.watch()
            time.sleep(0.2)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if ready:
            say("Stopping …")
        supervisor.stop()
        if ready:
            say("Stopped.")


def raise_stopped(number: int, frame: FrameType | None) -> None:
    """Turn a signal into the end of the run."""
    raise Stopped


def bring_up(options: argparse.Namespace, nodes: list[Node], supervisor: Supervisor) -> None:
    """Start services and nodes, wait until they answer, write `nodes.json` and say where they are."""
    sizes = read_sizes(len(nodes))
    services = start_services(options.data, len(nodes), supervisor)
    urls = find_databases(services, nodes, supervisor)
    entries, environments = [], []
    for node in nodes:
        say(f"Preparing {node.name} …")
        vkeys = ensure_keys(node.directory / "keys", node.origin)
        redis = services.redis_url(node.number) if services and "REDIS_URL" not in os.environ else external_redis(node)
        values = write_node_file(node, urls[node.name], redis, demo=not options.empty)
        prepare(node, values, supervisor)
        environments.append(process_env(node, values))
        for program in (web_program, worker_program):
            supervisor.start(program(node, environments[-1], sizes))
        entries.append(describe(node, vkeys))
    for node, env in zip(nodes, environments, strict=True):
        wait_for_web(node, supervisor)
        wait_for_worker(node, supervisor)
        supervisor.start(beat_program(node, env))
    for node, env in zip(nodes, environments, strict=True):
        acquaint(node, [entry for entry in entries if entry["origin"] != node.origin], env, supervisor)
    write_private(options.data / "nodes.json", json.dumps({"nodes": entries}, indent=2, ensure_ascii=False) + "\n")
    for entry in entries:
        greet(entry)


def start_services(data: Path, count: int, supervisor: Supervisor) -> Services | None:
    """Start the embedded PostgreSQL and Redis, each unless the environment names another."""
    external = {name for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
    if "REDIS_URL" in external:
        check_redis(os.environ["REDIS_URL"])
    if len(external) == 2:
        return None
    services = prepare_services(data, 0 if "DATABASE_URL" in external else 60 + 45 * count)
    if "DATABASE_URL" not in external:
        clear_killed(services)
        supervisor.start(postgres_program(services))
    if "REDIS_URL" not in external:
        supervisor.start(redis_program(services))
    return services


def find_databases(services: Services | None, nodes: list[Node], supervisor: Supervisor) -> dict[str, dict[str, str]]:
    """Return each node's database URLs, the databases and roles being there."""
    if url := os.environ.get("DATABASE_URL"):
        return provision_external(url, nodes, read_node_file(nodes[0].directory / NODE_FILE))
    if services is None:
        raise StartError("neither DATABASE_URL nor an embedded PostgreSQL")
    provision_embedded(services, [node.database for node in nodes], lambda: check_running("postgres", supervisor))
    return {node.name: embedded_urls(services, node) for node in nodes}


def external_redis(node: Node) -> str:
    """Return REDIS_URL with the node's own database number behind the one it names."""
    url = os.environ["REDIS_URL"].rstrip("/")
    base, _, number = url.rpartition("/")
    first = int(number) if number.isdecimal() else 0
    return f"{base if number.isdecimal() else url}/{first + node.number}"


def prepare(node: Node, values: dict[str, str], supervisor: Supervisor) -> None:
    """Migrate, grant and load, each as the role that may."""
    owner = process_env(node, values, "owner") | {"ASSAY_APP_ROLE": APP if "ASSAY_APP_DATABASE_URL" in values else ""}
    if last_line(supervisor.run(prepare_program(node, owner, "schema"))) != COMPLETE:
        supervisor.run(prepare_program(node, process_env(node, values), "demo"))


def acquaint(node: Node, others: list[dict[str, object]], env: dict[str, str], supervisor: Supervisor) -> None:
    """Let a node recognise the others of this data directory that it has not met yet; all of them answer by now."""
    peers = [{"url": str(other["url"]), "vkey": str(other["vkey"])} for other in others]
    if {peer["vkey"] for peer in peers} - read_acquainted(node.directory):
        say(f"{node.name} gets to know its peers …")
        supervisor.run(peering_program(node, env, peers))


def describe(node: Node, vkeys: tuple[str, str]) -> dict[str, object]:
    """Return a node's entry in `nodes.json`."""
    path = node.directory / "access.json"
    access = json.loads(path.read_text()) if path.exists() else {"tokens": {}, "logins": []}
    return {
        "name": node.name,
        "url": node.url,
        "origin": node.origin,
        "vkey": vkeys[0],
        "witness_vkey": vkeys[1],
        "territory": list(node.territory),
        "tokens": access["tokens"],
        "logins": access["logins"],
    }


def greet(entry: dict[str, object]) -> None:
    """Print where a node is and how to log in."""
    say(f"{entry['name']}: {entry['url']}/")
    logins = entry["logins"]
    for login in logins if isinstance(logins, list) else []:
        say(f"  {login['role']}: {login['email']}  {login['password']}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
