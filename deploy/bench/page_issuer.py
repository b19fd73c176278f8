"""The page of an issuer among 100,000 and 1,000,000 entries, against a bare template view."""

from __future__ import annotations

from deploy.bench import pages
from deploy.bench.result import Result


def measure(quick: bool) -> Result:
    """Measure the pages of issuers drawn evenly."""
    return pages.compare("issuer pages", pages.fill(quick), pages.path_to_issuer, quick)
