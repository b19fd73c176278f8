"""`python -m deploy.bench.measure NAME [--quick]`: one benchmark, inside a node's environment that is under way."""

from __future__ import annotations

import importlib
import os
import sys

import django

from deploy.bench.catalogue import BENCHMARKS
from deploy.bench.result import Result
from deploy.prepare import prepare_demo


def main(argv: list[str]) -> None:
    """Measure and print the line of JSON."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")
    django.setup()
    name = next(argument for argument in argv if argument in BENCHMARKS)
    if BENCHMARKS[name].opened:
        prepare_demo()
    result: Result = importlib.import_module(f"deploy.bench.{name}").measure("--quick" in argv)
    print(result.as_line(name), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
