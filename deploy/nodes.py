"""The nodes of one data directory: their names, addresses and territories, and the files that describe them.

One node lives in DIR itself, several in DIR/nl, DIR/de and so on, each with its own `node.env`, `keys/`, `guard/`.
A node's origin is settled at its first start and stays, whatever port it is started on later: it is the name of its
ledger, and every signature names it.
"""

import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded import Services, write_private
from deploy.env import NODE_FILE, Environment, read_node_file
from deploy.failures import StartError

# Members of the European Higher Education Area (ehea.info, 2024), ISO 3166-1; Holy See is VA.
EHEA = (
    "AL AD AM AT AZ BE BA BG BY CH CY CZ DE DK EE ES FI FR GB GE GR HR HU IE IS IT KZ LI LT LU LV MD ME MK MT NL NO"
    " PL PT RO RS RU SE SI SK SM TR UA VA"
).split()
# Countries of the ECHE list (European Commission, 2026-04-08) that are not members: Kosovo.
ECHE_ALSO = ["XK"]
COUNTRIES = ("NL", "DE", "FR", "PL", "IT", "ES", "PT", "BE", "AT", "RO", "CZ", "SE")


# Settled by the plan of the nodes; the environment's own values were heard there.
SETTLED = {
    *("DATABASE_URL", "ASSAY_APP_DATABASE_URL", "REDIS_URL", "ASSAY_DATA_DIR", "ASSAY_NODE_NAME", "ASSAY_ORIGIN"),
    *("ASSAY_TERRITORY", "ASSAY_QUEUE", "ASSAY_DEMO"),
}


@dataclass(frozen=True)
class Node:
    """One node as it is to be started."""

    name: str
    number: int
    directory: Path
    bind: str
    port: int
    territory: tuple[str, ...]
    origin: str

    @property
    def url(self) -> str:
        """Where people reach it."""
        return f"http://{web_host(self.bind)}:{self.port}"

    @property
    def database(self) -> str:
        """The name of its database on a server that may hold several."""
        return f"assay_{self.name}"


def web_host(bind: str) -> str:
    """Return a host for links: an address that means "all" is none to connect to."""
    if bind in {"0.0.0.0", "::"}:
        return "127.0.0.1"
    return f"[{bind}]" if ":" in bind else bind


def plan_nodes(data: Path, count: int, port: int, bind: str) -> list[Node]:
    """Lay out `count` nodes: one European register, or national ones on ports `port`, `port + 1` and on.

    A single node takes ASSAY_NODE_NAME, ASSAY_TERRITORY and ASSAY_ORIGIN from the environment where they are set.
    """
    if count == 1:
        env = Environment(os.environ)
        territory = env.countries("ASSAY_TERRITORY") if env.words("ASSAY_TERRITORY") else sorted({*EHEA, *ECHE_ALSO})
        name, origin = env.text("ASSAY_NODE_NAME", "eu"), env.text("ASSAY_ORIGIN", "") or None
        return [plan_node(name, 0, data, bind, port, tuple(territory), origin)]
    return [
        plan_node(country.lower(), number, data / country.lower(), bind, port + number, (country,))
        for number, country in enumerate(COUNTRIES[:count])
    ]


def plan_node(
    name: str, number: int, directory: Path, bind: str, port: int, territory: tuple[str, ...], wanted: str | None = None
) -> Node:
    """Lay out one node; an origin it already has is kept, another one refused."""
    kept = read_node_file(directory / NODE_FILE).get("ASSAY_ORIGIN")
    if kept and wanted and kept != wanted:
        message = f"The ledger in {directory} is called {kept}; ASSAY_ORIGIN says {wanted}. Unset it, or use other --data."
        raise StartError(message)
    return Node(name, number, directory, bind, port, territory, kept or wanted or f"{web_host(bind)}:{port}/ledger")


def allowed_hosts(bind: str) -> list[str]:
    """Return the names a browser may use for a node bound to an address."""
    names = ["127.0.0.1", "localhost", "[::1]", web_host(bind)]
    if bind in {"0.0.0.0", "::"}:
        addresses = socket.getaddrinfo(socket.gethostname(), None, proto=socket.IPPROTO_TCP)
        names += [socket.gethostname(), socket.getfqdn(), *(str(address[4][0]) for address in addresses)]
    return sorted(set(names))


def write_node_file(node: Node, database: dict[str, str], redis_url: str, demo: bool) -> dict[str, str]:
    """Write `node.env` (mode 0600) and return it: what was generated stays, what depends on this start is renewed."""
    stored = read_node_file(node.directory / NODE_FILE)
    made = {
        "SECRET_KEY": stored.get("SECRET_KEY") or secrets.token_urlsafe(48),
        "ASSAY_DATA_DIR": str(node.directory),
        "ASSAY_NODE_NAME": node.name,
        "ASSAY_ORIGIN": node.origin,
        "ASSAY_BASE_URL": node.url,
        "ASSAY_TERRITORY": ",".join(node.territory),
        "ASSAY_ALLOWED_HOSTS": ",".join(allowed_hosts(node.bind)),
        "ASSAY_DEMO": "1" if demo else "0",
        "ASSAY_QUEUE": f"assay-{node.name}",
        "REDIS_URL": redis_url,
        **database,
    }
    if not database.get("ASSAY_APP_DATABASE_URL"):
        stored.pop("ASSAY_APP_DATABASE_URL", None)
    values = {**stored, **made}
    head = "# Written by deploy/up; secret. A variable of the environment wins over a line here.\n"
    write_private(node.directory / NODE_FILE, head + "".join(f"{key}={value}\n" for key, value in values.items()))
    return values


def process_env(node: Node, values: dict[str, str], role: str = "app") -> dict[str, str]:
    """Return the environment of a node's processes: our values, and the operator's own ASSAY variables over them."""
    own = {name: value for name, value in os.environ.items() if name not in SETTLED}
    return {
        **values,
        **own,
        "ASSAY_DATA_DIR": str(node.directory),
        "ASSAY_DATABASE_ROLE": role,
        "DJANGO_SETTINGS_MODULE": "deploy.settings",
        "PYTHONUNBUFFERED": "1",
    }


def embedded_urls(services: Services, node: Node) -> dict[str, str]:
    """Return the database URLs of a node on the embedded PostgreSQL."""
    return {
        "DATABASE_URL": services.database_url("assay_owner", node.database),
        "ASSAY_APP_DATABASE_URL": services.database_url("assay_app", node.database),
    }
