"""`assay`: the command line. `trust`, `verify` and `audit` need the base install only; `import` works inside a node.

Exit codes: 0 trusted or well, 1 not trusted or a fault found, 2 usage or input/output error, 3 unknown or unchecked.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence

from deploy.cli import anchor, audit, bundle, importing, trust, verify
from deploy.cli.anchoring import AnchoringError
from deploy.cli.node import NodeError
from register.credentials.errors import BadBundle
from register.errors import NotUnderstood

USAGE_ERROR = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except NotUnderstood as error:
        print(f"assay: {error.message}", file=sys.stderr)
    except BrokenPipeError:  # whoever read our output has seen enough; Python would complain once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (NodeError, AnchoringError, importing.ImportFailed, verify.NotVerifiable, BadBundle, OSError) as error:
        print(f"assay: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("assay: interrupted", file=sys.stderr)
    except Exception:  # Python's own exit code for it, 1, would read as a verdict
        traceback.print_exc()
    return USAGE_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="assay", description="Ask registers of accredited issuers, and check them.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, module, text in (
        ("trust", trust, "was this issuer entitled to issue this, on that date? verified here"),
        ("verify", verify, "is this credential genuine, was its issuer entitled, does it still hold?"),
        ("audit", audit, "replay a node's public ledger and find the first fault, or check a fork proof"),
        ("bundle", bundle, "fetch an offline bundle with which verify needs no network, and check all of it"),
        ("anchor", anchor, "anchor signed credentials in a register's ledger and write their receipts"),
        ("import", importing, "read a file of issuers or accreditations into a node, all of it or nothing"),
    ):
        command = commands.add_parser(name, help=text, description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser
