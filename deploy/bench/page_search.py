"""The search page with its facets among 100,000 issuers and 1,000,000 entries, against a bare template view."""

from __future__ import annotations

from deploy.bench import pages
from deploy.bench.result import Result


def measure(quick: bool) -> Result:
    """Measure searches by beginnings of names."""
    return pages.compare("search pages", pages.fill(quick), pages.path_to_search, quick)
