"""Lists: filters, pages, cuts and histories."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from register import commands, payloads
from register.errors import NotFound, NotUnderstood
from register.identifiers import parse_identifier
from register.models import Happening
from register.queries.cuts import Cut, read_known_at, resolve_cut
from register.queries.filters import Filters
from register.queries.lists import (
    find_issuers,
    list_accreditations,
    list_agencies,
    list_events,
    list_issuers,
    list_programmes,
)
from register.queries.single import count_records, find_record, find_records, read_history
from register.trust import TreeSize
from tests import factories
from tests.factories import OPERATOR, ending


def on(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


@pytest.fixture
def cast(db: None) -> dict[str, str]:
    factories.open_register(("NL", "BE"))
    quanu, other = factories.make_agency(), factories.make_agency(country="BE")
    college = factories.make_issuer(identifiers=[{"scheme": "erasmus", "value": "nl utrecht01"}])
    academy, closed = factories.make_issuer(country="BE", provider_type=2), factories.make_issuer()
    granted = factories.make_accreditation(
        college, quanu, scope={"eqf_levels": [6], "isced_f": ["061"]}, valid_until="2028-01-01"
    )
    suspended = factories.make_accreditation(academy, other)
    commands.suspend_accreditation(suspended, ending("2025-03-01"), actor=OPERATOR)
    commands.close_issuer(closed, ending("2024-01-01"), actor=OPERATOR)
    return {
        "quanu": quanu, "other": other, "college": college, "academy": academy, "closed": closed,
        "granted": granted, "suspended": suspended,
    }  # fmt: skip


ISSUER_FILTERS = [
    ({}, {"college", "academy", "closed"}),
    ({"country": "BE"}, {"academy"}),
    ({"provider_type": 2}, {"academy"}),
    ({"identifier": parse_identifier("erasmus:NL UTRECHT01")}, {"college"}),
    ({"identifier": parse_identifier("pic:999974456")}, set()),
    ({"status": "accredited"}, {"college"}),
    ({"status": "not_accredited"}, {"academy", "closed"}),
    ({"status": "closed"}, {"closed"}),
    ({"status": "registered"}, {"college", "academy"}),
    ({"eqf_level": 6}, {"college"}),
    ({"eqf_level": 7}, set()),
    ({"isced_f": "0613"}, {"college"}),
    ({"isced_f": "0711"}, set()),
    ({"credential_type": "degree"}, {"college"}),
    ({"at": on("2025-01-01"), "eqf_level": 7}, {"academy"}),
    ({"at": on("2019-12-31"), "status": "accredited"}, set()),
    ({"at": on("2020-01-01"), "status": "accredited"}, {"college", "academy"}),
    ({"at": on("2028-01-01"), "status": "accredited"}, set()),
    ({"at": on("2023-12-31"), "status": "closed"}, set()),
]


@pytest.mark.parametrize(("given", "expected"), ISSUER_FILTERS)
def test_issuers_are_narrowed(cast: dict[str, str], given: dict[str, object], expected: set[str]) -> None:
    filters = Filters(**{"at": on("2026-01-01"), **given})  # type: ignore[arg-type]
    found = {issuer.id for issuer in list_issuers(resolve_cut(), filters).items}
    assert found == {cast[name] for name in expected}
    filters = Filters(**{"at": on("2026-01-01"), **given, "q": "college"})  # type: ignore[arg-type]
    assert {issuer.id for issuer in list_issuers(resolve_cut(), filters).items} == found


def test_issuers_are_narrowed_by_agency(cast: dict[str, str]) -> None:
    for agency, issuer in (("quanu", "college"), ("other", "academy")):
        filters = Filters(on("2025-01-01"), agency=cast[agency])
        assert [found.id for found in list_issuers(resolve_cut(), filters).items] == [cast[issuer]]


@pytest.mark.parametrize(
    ("status", "at", "expected"),
    [
        ("in_force", "2026-01-01", {"granted"}),
        ("suspended", "2026-01-01", {"suspended"}),
        ("suspended", "2025-02-28", set()),
        ("not_yet_valid", "2019-12-31", {"granted", "suspended"}),
        ("expired", "2028-01-01", {"granted"}),
        ("revoked", "2026-01-01", set()),
    ],
)
def test_accreditations_are_narrowed_by_state(cast: dict[str, str], status: str, at: str, expected: set[str]) -> None:
    found = list_accreditations(resolve_cut(), Filters(on(at), status=status)).items
    assert {record.id for record in found} == {cast[name] for name in expected}


def test_accreditations_are_narrowed_by_country_and_parties(cast: dict[str, str]) -> None:
    now = timezone.now()
    for filters in (
        Filters(now, country="BE"),
        Filters(now, issuer=cast["academy"]),
        Filters(now, agency=cast["other"]),
    ):
        assert [record.id for record in list_accreditations(resolve_cut(), filters).items] == [cast["suspended"]]


def test_agencies_and_programmes_are_listed(cast: dict[str, str]) -> None:
    now = timezone.now()
    assert [one.id for one in list_agencies(resolve_cut(), Filters(now, country="BE")).items] == [cast["other"]]
    assert list_agencies(resolve_cut(), Filters(now, status="withdrawn")).items == []
    assert len(list_agencies(resolve_cut(), Filters(now, status="recognised", q="agency")).items) == 2
    law = factories.make_programme(cast["college"], titles={"nl": "Rechtsgeleerdheid"}, isced_f=["0421"], eqf_level=6)
    for filters in (Filters(now, q="rechtsgeleerd"), Filters(now, isced_f="042"), Filters(now, eqf_level=6)):
        assert [one.id for one in list_programmes(resolve_cut(), filters).items] == [law]
    assert list_programmes(resolve_cut(), Filters(now, isced_f="0711")).items == []


def test_pages_follow_each_other_without_gap_or_repetition(cast: dict[str, str]) -> None:
    terms = [factories.issuer_terms() for _ in range(11)]
    ids = [written.id for written in commands.register_issuers(terms, actor=OPERATOR)]
    expected = sorted([*ids, cast["college"], cast["academy"], cast["closed"]])
    for q in (None, "college"):
        seen: list[str] = []
        after: str | None = None
        while True:
            page = list_issuers(resolve_cut(), Filters(timezone.now(), q=q), after, 4)
            assert len(page.items) <= 4
            seen += [issuer.id for issuer in page.items]
            after = page.next
            if after is None:
                break
        assert sorted(seen) == expected


@pytest.mark.parametrize("after", ["x", "'", "-1", "01890a5d"])
def test_an_odd_cursor_is_not_understood(cast: dict[str, str], after: str) -> None:
    for q in (None, "college"):
        with pytest.raises(NotUnderstood) as error:
            list_issuers(resolve_cut(), Filters(timezone.now(), q=q), after)
        assert error.value.field == "after"


def test_events_follow_an_index(cast: dict[str, str]) -> None:
    page = list_events(resolve_cut(), after=2, limit=3)
    assert [event.index for event in page.items] == [3, 4, 5]
    assert page.next == "5"
    assert [event.index for event in list_events(resolve_cut(), after=5, limit=50).items] == [6, 7, 8, 9]
    assert [e.type for e in list_events(resolve_cut(), issuer=cast["academy"]).items] == [
        "issuer.registered", "accreditation.granted", "accreditation.suspended",
    ]  # fmt: skip
    assert [e.index for e in list_events(resolve_cut(), type="issuer.closed").items] == [9]


def test_a_thing_is_given_as_it_was_known(cast: dict[str, str]) -> None:
    size = resolve_cut().size
    changes = payloads.IssuerChanges.model_validate({"acronym": "NEW"})
    commands.amend_issuer(cast["college"], changes, actor=OPERATOR)
    before, after = (resolve_cut(TreeSize(settings.ASSAY_ORIGIN, number)) for number in (size, size + 1))
    assert find_record("issuer", cast["college"], before).acronym is None
    assert find_record("issuer", cast["college"], after).acronym == "NEW"
    with pytest.raises(NotFound):
        find_record("issuer", cast["college"], resolve_cut(TreeSize(settings.ASSAY_ORIGIN, 3)))
    assert find_records("issuer", [cast["college"], "nonsense", cast["quanu"]], after).keys() == {cast["college"]}


def test_an_instant_cuts_before_the_first_later_entry(cast: dict[str, str]) -> None:
    times = list(Happening.objects.order_by("index").values_list("time", flat=True))
    for size, (time, later) in enumerate(zip(times, [*times[1:], None], strict=True), 1):
        if time != later and time is not None:
            assert resolve_cut(time).size == size
            assert resolve_cut(time - timedelta(microseconds=1)).size < size
    assert resolve_cut(times[-1]).newest
    assert resolve_cut(on("2020-01-01")) == Cut(resolve_cut().log_id, settings.ASSAY_ORIGIN, 0, False)


@pytest.mark.parametrize("text", ["", "yesterday", "x@", "@5", "a b@5", "2024-13-01", "x@99999999999999999"])
def test_an_odd_transaction_time_is_not_understood(text: str) -> None:
    with pytest.raises(NotUnderstood) as error:
        read_known_at(text)
    assert error.value.field == "known_at"


def test_sizes_not_held_are_not_understood(cast: dict[str, str]) -> None:
    for known in (TreeSize(settings.ASSAY_ORIGIN, 11), TreeSize("register.be.example/ledger", 1)):
        with pytest.raises(NotUnderstood):
            resolve_cut(known)


def test_an_issuers_history_holds_all_that_concerns_it(cast: dict[str, str]) -> None:
    merger = {"relation": "merged_into", "other": cast["academy"], "valid_from": "2025-07-01"}
    commands.relate_issuer(cast["college"], payloads.RelationTerms.model_validate(merger), actor=OPERATOR)
    page = read_history("issuer", cast["academy"], resolve_cut())
    types = [item.event.type for item in page.items]
    assert types == ["issuer.related", "accreditation.suspended", "accreditation.granted", "issuer.registered"]
    assert [item.record is not None for item in page.items] == [False, False, False, True]
    short = read_history("issuer", cast["academy"], resolve_cut(), limit=2)
    rest = read_history("issuer", cast["academy"], resolve_cut(), after=int(short.next or ""))
    assert [*short.items, *rest.items] == page.items


def test_an_accreditations_history_shows_each_version(cast: dict[str, str]) -> None:
    page = read_history("accreditation", cast["suspended"], resolve_cut())
    assert [len(item.record.suspensions) for item in page.items] == [1, 0]


def test_issuers_are_found_by_any_identifier(cast: dict[str, str]) -> None:
    factories.make_key(cast["college"], value="did:web:college.example")
    address = f"{settings.ASSAY_BASE_URL}/issuers/{cast['college']}"
    for text in ("erasmus:NL UTRECHT01", "did:web:college.example#key-1", cast["college"], address):
        assert [issuer.id for issuer in find_issuers(parse_identifier(text), resolve_cut())] == [cast["college"]]
    assert find_issuers(parse_identifier("https://elsewhere.example/x"), resolve_cut()) == []


def test_things_are_counted(cast: dict[str, str]) -> None:
    counts = count_records(resolve_cut())
    assert (counts["issuer"], counts["agency"], counts["accreditation"], counts["key"]) == (3, 2, 2, 0)
    assert count_records(resolve_cut(TreeSize(settings.ASSAY_ORIGIN, 2)))["issuer"] == 0
