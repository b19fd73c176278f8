"""`python -m deploy.bench [NAME …] [--quick]`: measure, and print one JSON object a line.

Exit code 0 when all benchmarks ran, whatever their figures; 1 when one could not be run.
"""

from __future__ import annotations

import argparse
import signal
import sys
from types import FrameType

from deploy.bench.catalogue import BENCHMARKS
from deploy.bench.stand import open_stand, run_benchmark, say
from deploy.failures import StartError


def main(argv: list[str]) -> int:
    """Run the benchmarks named, by default all of them."""
    parser = argparse.ArgumentParser(prog="python -m deploy.bench", description="Measure a node against yardsticks.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(BENCHMARKS)} (all)")
    parser.add_argument("--quick", action="store_true", help="a tiny form of each, to see that it runs")
    options = parser.parse_args(argv)
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        parser.error(f"expected names among {', '.join(BENCHMARKS)}, got {', '.join(unknown)}")
    signal.signal(signal.SIGTERM, end)
    with open_stand() as stand:
        for name in options.names or BENCHMARKS:
            say(f"{name} …")
            try:
                print(run_benchmark(stand, name, BENCHMARKS[name], options.quick), flush=True)
            except StartError as error:
                print(f"bench: {error}\n{error.said[-4000:]}", file=sys.stderr)
                return 1
    return 0


def end(number: int, frame: FrameType | None) -> None:
    """Leave by the way that stops what was started."""
    sys.exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
