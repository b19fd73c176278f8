import pytest
from django.template import Context, Template
from django.utils.html import format_html
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from register.names import write_in_latin
from register.records import IssuerRecord
from register.site.links import link_to
from register.site.names import Name, first_name, is_readable, order_names, pick_text

ATHENS = {"en": "University of Athens", "de": "Universität Athen", "el": "Πανεπιστήμιο Αθηνών"}


def shown(name: Name) -> str:
    return format_html("{}", name)


def test_the_countrys_own_language_comes_first_and_the_readers_next() -> None:
    names = {"en": "University of Athens", "fr": "Université d’Athènes", "el": "Πανεπιστήμιο Αθηνών"}
    assert [name.language for name in order_names(names, "GR")] == ["el", "en", "fr"]
    assert [name.language for name in order_names(names, "FR", reader="el")] == ["fr", "el", "en"]
    belgian = {"en": "Ghent University", "fr": "Université de Gand", "nl": "Universiteit Gent"}
    assert [name.language for name in order_names(belgian, "BE")] == ["nl", "en", "fr"]


@pytest.mark.parametrize(
    ("language", "beside"),
    [("de", "Universität Athen"), ("en", "University of Athens"), ("pl", "University of Athens"), ("el", None)],
)
def test_readers_get_the_name_in_the_language_of_their_page_beside_the_own_one(
    language: str, beside: str | None
) -> None:
    with override(language):
        name = first_name(ATHENS, "GR")
        assert name.text == "Πανεπιστήμιο Αθηνών"
        assert (name.gloss and name.gloss.text) == beside
        assert order_names(ATHENS, "GR")[1].language == ("de" if language == "de" else "en")


def test_a_link_that_is_remembered_is_written_anew_for_a_reader_of_another_language() -> None:
    record = IssuerRecord("018f0000-0000-7000-8000-000000000001", "", ATHENS, "GR", 1, (2,))
    for language, beside in (("de", "Universität Athen"), ("en", "University of Athens")) * 2:
        with override(language):
            assert beside in link_to("issuer", record)


def test_a_text_is_told_in_the_language_of_the_page_and_never_spelt_in_other_letters() -> None:
    with override("de"):
        assert shown(pick_text({"en": "Reads", "de": "Liest"})) == '<bdi lang="de">Liest</bdi>'
        assert shown(pick_text({"el": "Διαβάζει"})) == '<bdi lang="el">Διαβάζει</bdi>'
    assert pick_text({}).text == "–"


def test_the_same_name_is_shown_once_and_one_of_unknown_language_last() -> None:
    names = {"und": "UNIVERSITY OF TIRANA", "en": "University of Tirana", "sq": "Universiteti i Tiranës"}
    assert [name.text for name in order_names(names, "AL")] == ["Universiteti i Tiranës", "University of Tirana"]
    assert first_name({"und": "Carlemany"}, "AD").text == "Carlemany"


def test_a_name_in_another_script_is_followed_by_one_in_letters_that_the_reader_knows() -> None:
    name = first_name({"uk": "Київський університет", "en": "University of Kyiv"}, "UA")
    assert shown(name) == ('<bdi lang="uk">Київський університет</bdi> (<bdi lang="en">University of Kyiv</bdi>)')
    assert name.letters == ""


def test_without_one_it_is_spelt_in_latin_letters_and_said_to_be_only_that() -> None:
    name = first_name({"el": "Πανεπιστήμιο Αθηνών"}, "GR")
    assert (name.text, name.gloss, name.letters) == ("Πανεπιστήμιο Αθηνών", None, "Panepistimio Athinon")
    assert shown(name) == (
        '<bdi lang="el">Πανεπιστήμιο Αθηνών</bdi> <span class="letters">[<span class="visually-hidden">in Latin '
        'letters: </span><bdi lang="el-Latn">Panepistimio Athinon</bdi>]</span>'
    )
    assert "<bdi>Київ</bdi>" in shown(first_name({"und": "Київ"}))
    assert "und-Latn" in shown(first_name({"und": "Київ"}))


def test_headings_and_lists_spell_the_first_name_where_none_is_in_letters_that_the_reader_knows() -> None:
    own = {"mk": "Универзитет во Тетово", "bg": "Университет в Тетово"}
    assert [bool(name.letters) for name in order_names(own, "MK")] == [True, False]
    assert not any(name.letters for name in order_names(own | {"sq": "Universiteti i Tetovës"}, "MK"))


def test_a_reader_of_greek_needs_no_other_letters_for_greek_and_does_for_cyrillic() -> None:
    assert first_name({"el": "Πανεπιστήμιο Αθηνών"}, "GR", reader="el").letters == ""
    assert first_name({"und": "Πανεπιστήμιο Αθηνών"}, "GR", reader="el").letters == ""
    assert first_name({"bg": "Софийски университет"}, "BG", reader="el").letters == "Sofiyski universitet"
    name = first_name({"bg": "Софийски университет", "el": "Πανεπιστήμιο της Σόφιας"}, "BG", reader="el")
    assert name.gloss == Name("Πανεπιστήμιο της Σόφιας", "el")


def test_a_script_without_vowels_is_not_spelt_since_nobody_could_read_it() -> None:
    assert write_in_latin("جامعة القاهرة") == ""
    assert write_in_latin("თბილისი") == "Tbilisi"
    assert write_in_latin("№ 5 „“") == write_in_latin("☃") == ""


def test_a_thing_without_a_name_is_shown_by_a_dash() -> None:
    assert first_name({}).text == "–"


def test_markup_in_a_name_is_text() -> None:
    markup = shown(first_name({"en": "<script>alert(1)</script>"}))
    assert markup == '<bdi lang="en">&lt;script&gt;alert(1)&lt;/script&gt;</bdi>'
    assert "&quot;" in shown(first_name({'en" onclick="x': "A"}))
    assert "<Г>" not in shown(first_name({'uk"<Г>': "<Г>"}))
    assert "&lt;G&gt;" in shown(first_name({"uk": "<Г>"}))


@given(st.dictionaries(st.sampled_from(["en", "nl", "de", "el", "und", "ja"]), st.text(min_size=1), max_size=6))
def test_every_distinct_name_is_kept_once(names: dict[str, str]) -> None:
    ordered = [name.text.casefold() for name in order_names(names, "NL")]
    assert len(ordered) == len(set(ordered))
    assert set(ordered) == {text.casefold() for text in names.values()}


def test_a_script_is_told_by_the_first_letter() -> None:
    assert is_readable("42 École")
    assert not is_readable("«Академія»")
    assert is_readable("123")
    assert not is_readable("Αθήνα")
    assert is_readable("Αθήνα", "el")


def test_a_template_shows_a_name_as_markup_and_its_text_as_text() -> None:
    name = first_name({"en": "<b>A</b>"})
    shown = Template("{{ name }} {{ name.text }}").render(Context({"name": name}))
    assert shown == '<bdi lang="en">&lt;b&gt;A&lt;/b&gt;</bdi> &lt;b&gt;A&lt;/b&gt;'
