"""Search by name finds institutions in any script, without accents, with a letter wrong."""

import pytest
from django.db import connection
from django.utils import timezone

from register.queries import search
from register.queries.cuts import resolve_cut
from register.queries.filters import Filters
from register.queries.lists import list_issuers
from tests import factories

NAMES = {
    "utrecht": {"en": "Utrecht University", "nl": "Universiteit Utrecht"},
    "athens": {"el": "Εθνικό και Καποδιστριακό Πανεπιστήμιο Αθηνών"},
    "kyiv": {"uk": "Київський національний університет"},
    "tbilisi": {"ka": "თბილისის სახელმწიფო უნივერსიტეტი"},
    "yerevan": {"hy": "Երևանի պետական համալսարան"},
    "laquila": {"it": "Università degli Studi dell'Aquila"},
    "lodz": {"pl": "Uniwersytet Łódzki"},
    "istanbul": {"tr": "İstanbul Üniversitesi"},
    "reykjavik": {"is": "Háskólinn í Reykjavík"},
    "delft": {"nl": "Technische Universiteit Delft"},
}


@pytest.fixture
def issuers(db: None) -> dict[str, str]:
    factories.open_register()
    return {short: factories.make_issuer(names=names) for short, names in NAMES.items()}


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("Utrecht", "utrecht"),
        ("utre", "utrecht"),
        ("Utrehct", "utrecht"),
        ("university utrecht", "utrecht"),
        ("the university of utrecht", "utrecht"),
        ("Αθηνών", "athens"),
        ("αθηνων", "athens"),
        ("Athinon", "athens"),
        ("Καποδιστριακο Πανεπιστημιο", "athens"),
        ("київський", "kyiv"),
        ("КИЇВСЬКИЙ університет", "kyiv"),
        ("თბილისის", "tbilisi"),
        ("თბილისს", "tbilisi"),
        ("Երևանի", "yerevan"),
        ("dell’Aquila", "laquila"),
        ("universita aquila", "laquila"),
        ("lodzki", "lodz"),
        ("Łódzkii", "lodz"),
        ("istanbul universitesi", "istanbul"),
        ("REYKJAVIK", "reykjavik"),
        ("haskolinn reykjavk", "reykjavik"),
        ("delft technical", "delft"),
    ],
)
def test_a_name_is_found(issuers: dict[str, str], q: str, found: str) -> None:
    page = list_issuers(resolve_cut(), Filters(timezone.now(), q=q))
    assert [issuer.id for issuer in page.items][:1] == [issuers[found]]


@pytest.mark.parametrize("q", ["zzzzqqq", "!!!", "   ~ ", "%_%", "'; drop table x --"])
def test_what_resembles_nothing_finds_nothing_or_no_error(issuers: dict[str, str], q: str) -> None:
    page = list_issuers(resolve_cut(), Filters(timezone.now(), q=q))
    assert page.items == [] or q.strip(" ~") == ""


def test_former_names_and_acronyms_are_found(issuers: dict[str, str]) -> None:
    from register import commands
    from register.payloads import IssuerChanges

    changes = IssuerChanges.model_validate({"names": {"en": "Lowland University"}, "acronym": "LLU"})
    commands.amend_issuer(issuers["utrecht"], changes, actor=factories.OPERATOR)
    for q in ("llu", "lowland", "universiteit utrecht"):
        page = list_issuers(resolve_cut(), Filters(timezone.now(), q=q))
        assert page.items[0].id == issuers["utrecht"], q


@pytest.mark.parametrize("usual", [{}, {"university": 0.5}, {"universiteit": 0.5, "utrecht": 0.5}, {"utrecht": 0.5}])
@pytest.mark.parametrize(("q", "found"), [("university utrecht", "utrecht"), ("universiteit delft", "delft")])
def test_which_words_are_thought_usual_changes_nothing_that_is_found(
    issuers: dict[str, str], monkeypatch: pytest.MonkeyPatch, q: str, found: str, usual: dict[str, float]
) -> None:
    monkeypatch.setattr(search, "_read_usual", lambda *_: usual)
    page = list_issuers(resolve_cut(), Filters(timezone.now(), q=q))
    assert [issuer.id for issuer in page.items] == [issuers[found]]
    assert page.candidates == [(issuers[found], resolve_cut().log_id)]


def test_words_are_as_usual_as_the_database_last_found_them(db: None) -> None:
    factories.open_register()
    for number in range(30):
        factories.make_issuer(names={"en": f"University of Place{number}"})
    search._read_usual.cache_clear()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE register_issuer")
    usual = search._read_usual("register_issuer", 0)
    search._read_usual.cache_clear()
    assert usual["university"] == pytest.approx(1.0)
    assert all(0 < share < 0.1 for word, share in usual.items() if word.startswith("place"))
