import pytest
from django.utils import translation

from register import vocabularies
from register.api.resources import STATES as API_STATES
from register.scope import UNRESTRICTED, Scope
from register.site import words


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        ((6,), "EQF level 6"),
        ((6, 7), "EQF levels 6 and 7"),
        ((7, 5, 6), "EQF levels 5 to 7"),
        ((4, 6, 8), "EQF levels 4, 6 and 8"),
    ],
)
def test_levels_are_said_as_people_say_them(levels: tuple[int, ...], said: str) -> None:
    assert words.spell_levels(levels) == said


def test_a_label_is_its_publishers_or_else_the_catalogues_under_the_name_of_its_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, str]] = []

    def pgettext(context: str, text: str) -> str:
        asked.append((context, text))
        return f"<{text}>"

    monkeypatch.setattr(words, "pgettext", pgettext)
    with translation.override("pl"):
        assert words.label("countries", "JP") == "Japonia"
        assert words.label("reasons", "quality") == "Wymagania jakościowe nie są spełnione"
        assert words.label("relations", "faculty_of") == "<Faculty of>"
        assert words.label("nuts", "NL31") == "Utrecht"
    assert asked == [("relations", "Faculty of")]
    assert words.label("relations", "faculty_of") == "Faculty of"
    assert words.label("relations", "no-such") == "no-such"


def test_a_scope_is_one_phrase_with_the_vocabularies_own_words() -> None:
    scope = Scope(eqf_levels=(6, 7), isced_f=("061",), jurisdictions=("NL",))
    said = "EQF levels 6 and 7, Information and Communication Technologies (ICTs) (061), in the Netherlands"
    assert words.spell_scope(scope) == said
    assert words.spell_scope(UNRESTRICTED) == "all levels, all fields"
    many = Scope(programmes=("a", "b"), jurisdictions=("DE", "FR", "IT", "ES"))
    assert words.spell_scope(many) == "all levels, all fields, 2 named programmes, in Germany, France, Italy and 1 more"


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (Scope(eqf_levels=(6, 7)), "bachelor and master credentials"),
        (Scope(eqf_levels=(4, 5)), "credentials at EQF levels 4 and 5"),
        (UNRESTRICTED, "credentials of every level"),
        (Scope(credential_types=("micro-credential",)), "micro-credentials"),
    ],
)
def test_what_may_be_awarded_is_said_for_a_headline(scope: Scope, said: str) -> None:
    assert words.spell_award(scope) == said


def test_every_credential_type_has_words_for_a_headline() -> None:
    for code in vocabularies.load("credential-types").codes():
        assert words.spell_award(Scope(credential_types=(code,))) != code


def test_every_state_of_the_api_has_words_and_a_symbol() -> None:
    for states in API_STATES.values():
        for state in states:
            assert words.STATES[state].symbol in words.SYMBOLS.values()


def test_each_tone_has_a_symbol_of_its_own() -> None:
    assert len(set(words.SYMBOLS.values())) == len(words.SYMBOLS)


def test_lists_end_with_and_or_with_how_many_more() -> None:
    assert words.join_words([]) == ""
    assert words.join_words(["a"]) == "a"
    assert words.join_words(["a", "b", "c"]) == "a, b and c"
    assert words.join_words("abcdefgh", most=3) == "a, b, c and 5 more"


def test_a_code_no_list_holds_stands_for_itself() -> None:
    assert words.label("decisions", "unheard-of") == "unheard-of"
    assert words.label_place("ZZ9") == "ZZ9"
    assert words.label_place("NL31") == "Utrecht"
