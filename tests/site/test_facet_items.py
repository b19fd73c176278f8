"""Choices of a facet as markup, and their addresses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils.translation import gettext_lazy

from register.queries.filters import Filters
from register.site.facet_items import write_options
from register.site.facets import Option
from register.site.names import Name
from register.site.searching import Search
from register.site.standing import Instants

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def search(q: str = "", **chosen: str) -> Search:
    cut: Any = None
    return Search(q, chosen, Instants(NOW, NOW), cut, Filters(NOW), None)


def test_a_choice_says_its_words_its_number_and_whether_that_is_a_bound() -> None:
    options = [Option("Delft", 1204, "/issuers?q=a&country=NL"), Option(gettext_lazy("Closed"), 1, "/issuers")]
    exact, bound = write_options(options, False), write_options(options, True)
    assert exact.count("<li>") == exact.count("</li>") == 2
    assert '<a href="/issuers?q=a&amp;country=NL"><span>Delft</span> <span class="n">1,204</span></a>' in exact
    assert '<span>Closed</span> <span class="n">1</span>' in exact
    assert '<span class="n">1,204+</span>' in bound


def test_names_are_isolated_and_texts_of_strangers_escaped() -> None:
    written = write_options([Option(Name("<b>", "el"), 2, "/issuers"), Option("<b>", 2, '"><b>')], False)
    assert "<b>" not in written
    assert '<bdi lang="el">&lt;b&gt;</bdi>' in written


@pytest.mark.parametrize("value", ["NL", "06", "a b&c=d", "µ/é", "□"])
@pytest.mark.parametrize("asked", [search(), search("□ é&country=%"), search("a", country="DE", status="closed")])
def test_addresses_written_together_are_those_written_alone(asked: Search, value: str) -> None:
    for name in ("country", "field", "status"):
        assert asked.narrow(name, [value, "other"]) == [asked.address(None, **{name: one}) for one in (value, "other")]
