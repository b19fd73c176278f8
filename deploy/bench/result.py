"""Results: ratios of measured work to its yardstick, taken in alternating rounds, as one line of JSON.

Machines are noisy and shared, so a time means little by itself. Each round measures the yardstick and the work right
after one another; the ratio reported is the median of the rounds' ratios, and the spread says how far they lay apart.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ledger.database import fetch_one

Numbers = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reach:
    """What is to be reached: a figure by name, its bound, and what was got."""

    what: str
    relation: Literal["at_least", "at_most"]
    bound: float
    got: float

    @property
    def met(self) -> bool:
        """Whether the figure is within its bound."""
        return self.got >= self.bound if self.relation == "at_least" else self.got <= self.bound

    def as_json(self) -> Numbers:
        """Return it for the report."""
        return {"what": self.what, self.relation: self.bound, "got": round(self.got, 4), "met": self.met}


@dataclass(frozen=True, slots=True)
class Result:
    """One benchmark's outcome; `ratios` has one number per round."""

    what: str
    yardstick: str
    ratios: Sequence[float]
    reach: Sequence[Reach]
    measured: Numbers
    yardstick_measured: Numbers

    def as_line(self, name: str) -> str:
        """Return the report as one line of JSON; asks the database of the node for its version."""
        return json.dumps(
            {
                "name": name,
                "what": self.what,
                "yardstick": self.yardstick,
                "ratio": round(statistics.median(self.ratios), 4),
                "reach": [reach.as_json() for reach in self.reach],
                "met": all(reach.met for reach in self.reach),
                "measured": self.measured,
                "yardstick_measured": self.yardstick_measured,
                "runs": len(self.ratios),
                "spread": spread(self.ratios),
                "machine": describe_machine(),
            }
        )


def median(values: Sequence[float]) -> float:
    """Return the median, rounded for people."""
    return round(statistics.median(values), 4)


def spread(values: Sequence[float]) -> Numbers:
    """Return the smallest and the largest value and the quartiles between which half of them lie."""
    low, _, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else (values[0],) * 3
    numbers = {"min": min(values), "quarter": low, "three_quarters": high, "max": max(values)}
    return {name: round(number, 4) for name, number in numbers.items()}


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value below which that many of a hundred lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def describe_machine() -> Numbers:
    """Return what the figures depend on, among it how busy the machine was with other work."""
    row = fetch_one("SELECT current_setting('server_version')", ())
    version = row[0] if row else "unknown"
    load = round(os.getloadavg()[0], 1)
    return {"cores": os.cpu_count(), "python": platform.python_version(), "postgres": version, "load_1_minute": load}
