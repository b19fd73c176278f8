"""The nodes of one data directory: their names, addresses and territories, and the files that describe them.

One node lives in DIR itself, several in DIR/nl, DIR/de and so on, each with its own `node.env`, `keys/`, `guard/`.
A node's origin and base URL are settled at its first start and stay, whatever port it is started on later: they are
the name of its ledger, which every signature names, and the source that every entry names.
"""

import json
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
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
LOOPBACK = ("127.0.0.0/8", "::1/128")
ACQUAINTED = "acquainted.json"

# Settled by the plan of the nodes; the environment's own values were heard there.
SETTLED = {
    *("DATABASE_URL", "ASSAY_APP_DATABASE_URL", "REDIS_URL", "ASSAY_DATA_DIR", "ASSAY_NODE_NAME", "ASSAY_ORIGIN"),
    *("ASSAY_BASE_URL", "ASSAY_TERRITORY", "ASSAY_QUEUE", "ASSAY_DEMO"),
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
    base_url: str
    neighbours: bool = False
    """Other nodes live in the same data directory."""

    @property
    def url(self) -> str:
        """Where this start can be reached; `base_url` is the address its entries name."""
        return f"http://{web_host(self.bind)}:{self.port}"

    @property
    def title(self) -> str:
        """What its first entry calls it, unless ASSAY_TITLE says otherwise."""
        return "European register" if len(self.territory) > 1 else f"National register of {self.territory[0]}"

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

    A single node hears ASSAY_NODE_NAME, ASSAY_TERRITORY, ASSAY_ORIGIN and ASSAY_BASE_URL of the environment.
    """
    if count == 1:
        env = Environment(os.environ)
        territory = env.countries("ASSAY_TERRITORY") if env.words("ASSAY_TERRITORY") else sorted({*EHEA, *ECHE_ALSO})
        node = Node(env.text("ASSAY_NODE_NAME", "eu"), 0, data, bind, port, tuple(territory), "", "")
        return [name_node(node, os.environ)]
    return [
        name_node(
            Node(country.lower(), number, data / country.lower(), bind, port + number, (country,), "", "", True), {}
        )
        for number, country in enumerate(COUNTRIES[:count])
    ]


def name_node(node: Node, wanted: Mapping[str, str]) -> Node:
    """Give a node the names it has; for a new one those wanted, or its address. Another name is refused."""
    stored = read_node_file(node.directory / NODE_FILE)
    fresh = {"ASSAY_ORIGIN": f"{web_host(node.bind)}:{node.port}/ledger", "ASSAY_BASE_URL": node.url}
    for name in fresh:
        if stored.get(name) and wanted.get(name) and stored[name] != wanted[name]:
            known = f"The register in {node.directory} has {name}={stored[name]}, and its entries say so"
            raise StartError(f"{known}; got {wanted[name]}. Unset {name}, or choose another --data.")
        fresh[name] = stored.get(name) or wanted.get(name) or fresh[name]
    return replace(node, origin=fresh["ASSAY_ORIGIN"], base_url=fresh["ASSAY_BASE_URL"])


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
        "ASSAY_TITLE": node.title,
        "ASSAY_ORIGIN": node.origin,
        "ASSAY_BASE_URL": node.base_url,
        "ASSAY_TERRITORY": ",".join(node.territory),
        "ASSAY_ALLOWED_HOSTS": ",".join(allowed_hosts(node.bind)),
        "ASSAY_DEMO": "1" if demo else "0",
        "ASSAY_QUEUE": f"assay-{node.name}",
        "REDIS_URL": redis_url,
        **database,
    }
    if node.neighbours:
        # They reach each other on this machine, where the address of a peer or a status list may not lead otherwise.
        made["ASSAY_PEER_NETWORKS"] = made["ASSAY_FETCH_NETWORKS"] = ",".join(LOOPBACK)
    if not database.get("ASSAY_APP_DATABASE_URL"):
        stored.pop("ASSAY_APP_DATABASE_URL", None)
    values = {**stored, **made}
    head = "# Written by deploy/up; secret. A variable of the environment wins over a line here.\n"
    write_private(node.directory / NODE_FILE, head + "".join(f"{key}={value}\n" for key, value in values.items()))
    return values


def read_acquainted(directory: Path) -> set[str]:
    """Return the verifier keys of the nodes that a node was made acquainted with (`deploy.peering`)."""
    path = directory / ACQUAINTED
    return set(json.loads(path.read_text())) if path.exists() else set()


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
