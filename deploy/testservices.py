"""A pytest plugin (`-p deploy.testservices`): PostgreSQL and Redis for the tests, settled before Django reads settings.

`DATABASE_URL` and `REDIS_URL` are taken where both are given (`./deploy/test` gives them). Otherwise one embedded pair
is started below `.assay/test-services` and kept for the next run: `./deploy/down --data .assay/test-services` ends it.
Every run has a database of its own name, so that several may go on at once. With `ASSAY_TEST_PURE=1` there are no
services, and tests that need them are left out (tests/conftest.py).
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from deploy.catalogues import compile_catalogues
from deploy.keys import ensure_keys
from deploy.provision import APP, OWNER
from deploy.serviceset import drop_abandoned, start_services

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT / ".assay" / "test-services"
ORIGIN = "register.nl.example/ledger"


def settle_environment() -> None:
    """Set every setting the tests run with; nothing of a node that lives in `.assay` is read."""
    if os.environ.get("ASSAY_TEST_PURE") == "1":
        os.environ |= {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    elif not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        services = start_services(SHARED)
        drop_abandoned(services)
        os.environ["DATABASE_URL"] = services.database_url(OWNER, "assay")
        os.environ["ASSAY_APP_DATABASE_URL"] = services.database_url(APP, "assay")
        os.environ["REDIS_URL"] = services.redis_url(os.getpid() % 64)
    elif worker := os.environ.get("PYTEST_XDIST_WORKER"):
        # Processes of one run share the services, not what they count in Redis.
        os.environ["REDIS_URL"] = os.environ["REDIS_URL"].rpartition("/")[0] + f"/{int(worker.removeprefix('gw')) + 1}"
    data = tempfile.mkdtemp(prefix="assay-test-")
    atexit.register(shutil.rmtree, data, ignore_errors=True)
    ensure_keys(Path(data) / "keys", ORIGIN)
    compile_catalogues(Path(data) / "locale")
    os.environ |= {
        "SECRET_KEY": "for tests only",
        "ASSAY_DATA_DIR": data,
        "ASSAY_NODE_NAME": "nl",
        "ASSAY_ORIGIN": ORIGIN,
        "ASSAY_BASE_URL": "http://register.nl.example",
        "ASSAY_TERRITORY": "NL",
        "ASSAY_ALLOWED_HOSTS": "register.nl.example,testserver,localhost,127.0.0.1",
        "ASSAY_DATABASE_ROLE": "owner",
        "ASSAY_DATABASE_POOL": "0",
        "ASSAY_STATIC_MANIFEST": "0",
        "ASSAY_TEST_DATABASE": f"test_assay_{os.getpid()}",
    }


settle_environment()
