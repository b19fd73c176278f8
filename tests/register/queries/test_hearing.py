"""Lists, searches and single look-ups hear recognised peers, about their countries, and nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from register import commands
from register.errors import Conflict, NotFound, NotUnderstood
from register.identifiers import parse_identifier
from register.queries.belongings import list_mandates
from register.queries.filters import Filters
from register.queries.hearing import find_placed, hear_peers, place_page
from register.queries.lists import list_accreditations, list_agencies, list_issuers, list_programmes
from register.queries.peers import list_peers
from register.trust import TreeSize
from tests import factories
from tests.register import peering
from tests.statements import count_statements

pytestmark = pytest.mark.django_db
ROR = {"scheme": "ror", "value": "https://ror.org/04dkp9463"}
Lister = Callable[..., Any]


@pytest.fixture(autouse=True)
def register(db: None) -> None:
    factories.open_register(("NL",))


def abroad(directory: Path, *issuers: dict[str, Any], territory: tuple[str, ...] = ("BE", "LU"), **peer: Any) -> str:
    """A peer with these issuers, each accredited and with a programme."""
    with peering.peer_register(directory, territory) as origin:
        agency = factories.make_agency(country="BE")
        for fields in issuers:
            issuer = factories.make_issuer(**{"country": "BE", **fields})
            factories.make_accreditation(issuer, agency)
            factories.make_programme(issuer)
    peering.recognise(origin, **peer)
    return origin


def names(lister: Lister = list_issuers, cut: Any = None, **filters: Any) -> list[tuple[str, str]]:
    """Read a list to its end, two at a time; return the ids with their origins."""
    cut, found, after = cut or hear_peers(), [], None
    while True:
        page = lister(cut, Filters(timezone.now(), **filters), after, 2)
        found += [(one.record.id, one.cut.origin) for one in place_page(page, cut)]
        after = page.next
        if after is None:
            return found


@pytest.mark.parametrize("lister", [list_issuers, list_agencies, list_programmes, list_accreditations])
def test_lists_hold_ours_and_theirs_each_once(tmp_path: Path, lister: Lister) -> None:
    ours, agency = [factories.make_issuer() for _ in range(3)], factories.make_agency()
    for issuer in ours:
        factories.make_accreditation(issuer, agency)
        factories.make_programme(issuer)
    theirs = abroad(tmp_path, {}, {}, {})
    found = names(lister)
    assert len(found) == len(set(found)) == (2 if lister is list_agencies else 6)
    assert {origin for _, origin in found} == {settings.ASSAY_ORIGIN, theirs}
    for origin in (settings.ASSAY_ORIGIN, theirs):
        assert names(lister, hear_peers(register=origin)) == [one for one in found if one[1] == origin]


def test_a_peer_is_heard_about_its_remit_only_and_while_it_is_recognised(tmp_path: Path) -> None:
    origin = abroad(tmp_path, {"country": "BE"}, {"country": "LU"}, remit=["LU"])
    (found,) = names()
    assert find_placed("issuer", found[0], hear_peers()).record.country == "LU"
    assert len(names(list_programmes)) == len(names(list_accreditations)) == 1
    size, before = TreeSize(settings.ASSAY_ORIGIN, 1), hear_peers().peers
    peering.withdraw(commands_peer(origin))
    assert before
    assert names() == [] == names(cut=hear_peers(size))
    with pytest.raises(NotFound):
        find_placed("issuer", found[0], hear_peers())
    with pytest.raises(NotUnderstood, match="recognised peer"):
        hear_peers(register=origin)


def commands_peer(origin: str) -> str:
    return next(peer.id for peer in list_peers() if peer.origin == origin)


def test_who_is_not_recognised_is_not_heard(tmp_path: Path) -> None:
    with peering.peer_register(tmp_path):
        theirs = factories.make_issuer(country="BE", names={"en": "Stranger"})
    assert names() == names(q="stranger") == []
    with pytest.raises(NotFound):
        find_placed("issuer", theirs, hear_peers())


def test_what_was_set_aside_is_listed_for_whoever_asks(tmp_path: Path) -> None:
    with peering.peer_register(tmp_path) as origin:
        told = {"names": {"en": "Claimed college"}, "country": "NL", "identifiers": [ROR]}
        claimed = peering.slip_in(origin, "issuer.registered", "issuers", told)
    peering.recognise(origin)
    assert names() == names(q="claimed") == names(identifier=parse_identifier("ror:04dkp9463")) == []
    assert names(set_aside=True) == names(set_aside=True, q="claimed") == [(claimed, origin)]
    assert find_placed("issuer", claimed, hear_peers()).record.quarantine == "outside_territory"


def test_lists_know_what_each_register_knew(tmp_path: Path) -> None:
    first, size = factories.make_issuer(), 2
    origin = abroad(tmp_path, {})
    recognised = TreeSize(settings.ASSAY_ORIGIN, size + 1)
    with_peer, before = names(cut=hear_peers(recognised)), names(cut=hear_peers(TreeSize(settings.ASSAY_ORIGIN, size)))
    assert before == [(first, settings.ASSAY_ORIGIN)]
    assert {one[1] for one in with_peer} == {settings.ASSAY_ORIGIN, origin}
    assert names(cut=hear_peers(timezone.now()), q="college")
    later = factories.make_issuer()
    assert (later, settings.ASSAY_ORIGIN) not in names(cut=hear_peers(recognised))


def test_search_and_filters_reach_theirs_without_mixing_registers(tmp_path: Path) -> None:
    shared = {"names": {"en": "Academy of shared names"}}
    ours = factories.make_issuer(**shared)
    origin = abroad(tmp_path, {**shared, "identifiers": [ROR]})
    assert [one[1] for one in names(q="academy shared")] == [settings.ASSAY_ORIGIN, origin]
    (theirs,) = names(identifier=parse_identifier("ror:04dkp9463"))
    assert theirs[1] == origin
    assert names(status="accredited") == names(country="BE") == [theirs]
    assert names(status="not_accredited") == [(ours, settings.ASSAY_ORIGIN)]
    assert len(names(list_accreditations, country="BE")) == 1
    assert names(list_accreditations, country="NL") == []


def test_an_id_of_ours_means_ours_and_two_peers_with_one_id_are_told_apart(tmp_path: Path) -> None:
    ours, id_ = factories.make_issuer(), str(uuid.uuid4())
    origins = []
    for country in ("BE", "LU"):
        with peering.peer_register(tmp_path, (country,)) as origin:
            for thing in (ours, id_):
                told = {"names": {"en": "Same id"}, "country": country}
                peering.slip_in(origin, "issuer.registered", "issuers", told, thing)
        peering.recognise(origin)
        origins.append(origin)
    assert find_placed("issuer", ours, hear_peers()).cut.origin == settings.ASSAY_ORIGIN
    found = names()
    assert len(found) == 3
    assert (ours, settings.ASSAY_ORIGIN) in found
    assert {(id_, origin) for origin in origins} < set(found)
    with pytest.raises(Conflict, match="several registers"):
        find_placed("issuer", id_, hear_peers())
    for origin in origins:
        placed = find_placed("issuer", id_, hear_peers(register=origin))
        assert placed.cut.origin == origin
        assert find_placed("issuer", id_, hear_peers(), placed.record.url).cut.origin == origin


def test_mandates_are_those_of_issuers_that_a_peer_may_speak_for(tmp_path: Path) -> None:
    with peering.peer_register(tmp_path, ("BE", "LU")) as origin:
        inside, outside = factories.make_issuer(country="LU"), factories.make_issuer(country="BE")
        granted = [factories.make_mandate(one, other) for one, other in ((inside, outside), (outside, inside))]
    peering.recognise(origin, remit=["LU"])
    assert [one.id for one in list_mandates(hear_peers()).items] == granted[:1]


def test_a_hostile_peer_crowds_none_of_ours_out_of_a_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("register.queries.search.CANDIDATES", 3)
    origin = abroad(tmp_path, *({"names": {"en": "Wanted college"}} for _ in range(4)))
    ours = factories.make_issuer(names={"en": "The wanted college of ours"})
    assert (ours, settings.ASSAY_ORIGIN) in names(q="wanted college")
    assert origin in {one[1] for one in names(q="wanted college")}


def test_the_number_of_queries_is_fixed_and_a_node_alone_asks_no_more(tmp_path: Path) -> None:
    factories.make_issuer(names={"en": "Wanted"})

    def count() -> int:
        return count_statements(lambda: list_issuers(hear_peers(), Filters(timezone.now(), q="wanted")))

    alone = count()
    abroad(tmp_path, {"names": {"en": "Wanted"}})
    one = count()
    abroad(tmp_path, *({"names": {"en": "Wanted"}} for _ in range(5)))
    assert (alone, one, count()) == (alone, alone + 1, alone + 1)


def test_a_closed_issuer_of_a_peer_is_filtered_like_ours(tmp_path: Path) -> None:
    with peering.peer_register(tmp_path) as origin:
        closed = factories.make_issuer(country="BE")
        commands.close_issuer(closed, factories.ending("2024-01-01"), actor=factories.OPERATOR)
    peering.recognise(origin)
    assert names(status="closed") == [(closed, origin)]
    assert names(status="registered") == []
