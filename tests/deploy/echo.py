"""An application that answers with the headers it was given, for tests of what the server makes of a request."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer with the variables of the headers, as JSON."""
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({name: value for name, value in environ.items() if name.startswith("HTTP_")}).encode()]
