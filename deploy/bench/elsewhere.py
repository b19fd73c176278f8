"""Elsewhere: functions of a benchmark that run in another node's process, one at a time and in the same one.

`open_elsewhere` starts a process for one of the fresh nodes that the stand made: `python -m
deploy.bench.elsewhere` reads calls from its input and answers each by a line, both JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import django

from deploy.bench.stand import FOLLOWERS


class Elsewhere:
    """Another node's process, with Django set up in it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def call(self, module: str, function: str, **arguments: Any) -> Any:
        """Call a function of `deploy.bench.MODULE` there and return what it returned, by way of JSON.

        Raises RuntimeError when it failed; why is on this process's standard error.
        """
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([module, function, arguments]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{module}.{function} failed in another node's process; its error is above")
        return json.loads(line)


def read_environments() -> list[dict[str, str]]:
    """Return the environments of the nodes that the stand made beside this one."""
    with open(os.environ[FOLLOWERS]) as file:
        environments: list[dict[str, str]] = json.load(file)
    return environments


@contextmanager
def open_elsewhere(environment: Mapping[str, str]) -> Iterator[Elsewhere]:
    """Start a process in a node's environment; it ends with the block."""
    argv = [sys.executable, "-m", "deploy.bench.elsewhere"]
    with subprocess.Popen(
        argv, env=dict(environment), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        yield Elsewhere(process)


def main() -> None:
    """Answer calls until the input ends; what is logged meanwhile goes to standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")
    django.setup()
    for line in sys.stdin:
        module, function, arguments = json.loads(line)
        answer = getattr(importlib.import_module(f"deploy.bench.{module}"), function)(**arguments)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
