"""Settings for tools that read the code without running a node (mypy, makemigrations in a fresh clone).

The values are placeholders that no service answers to: nothing can be served or stored with them.
"""

import os

_PLACEHOLDERS = {
    "SECRET_KEY": "for type checking only",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "ASSAY_APP_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "ASSAY_DATA_DIR": "/nonexistent",
    "ASSAY_NODE_NAME": "none",
    "ASSAY_ORIGIN": "none.invalid/ledger",
    "ASSAY_BASE_URL": "http://none.invalid",
    "ASSAY_TERRITORY": "NL",
}
os.environ.update(_PLACEHOLDERS)

from deploy.settings import *  # noqa: E402, F403
