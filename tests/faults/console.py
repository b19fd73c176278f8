"""An operator's console on a node: `python -m tests.faults.console`, one `manage.py` command a line as a JSON list.

Answers each with a line of JSON: exit code, standard output, standard error. It saves the tests a start of Django a
command; whatever was typed, the next command finds no open connection.
"""

from __future__ import annotations

import io
import json
import sys
import traceback
from contextlib import redirect_stdout

import django


def main() -> None:
    """Carry out commands until there are no more."""
    django.setup()
    answers = sys.stdout
    for line in sys.stdin:
        print(json.dumps(carry_out(json.loads(line))), file=answers, flush=True)


def carry_out(arguments: list[str]) -> tuple[int, str, str]:
    """Run one command as `manage.py` does and return its exit code and what it said."""
    from django.core.management import CommandError, call_command
    from django.db import connections

    out, err = io.StringIO(), io.StringIO()
    code = 0
    try:
        with redirect_stdout(out):
            call_command(*arguments, stdout=out, stderr=err)
    except CommandError as error:
        code = error.returncode
        err.write(f"CommandError: {error}")
    except Exception:
        code = 1
        err.write(traceback.format_exc())
    finally:
        connections.close_all()
    return code, out.getvalue(), err.getvalue()


if __name__ == "__main__":
    main()
