from django.template import Context, Template
from django.utils.html import format_html
from hypothesis import given
from hypothesis import strategies as st

from register.site.names import Name, first_name, is_latin, order_names


def shown(name: Name) -> str:
    return format_html("{}", name)


def test_the_countrys_own_language_comes_first_and_the_readers_next() -> None:
    names = {"en": "University of Athens", "fr": "Université d’Athènes", "el": "Πανεπιστήμιο Αθηνών"}
    assert [name.language for name in order_names(names, "GR")] == ["el", "en", "fr"]
    assert [name.language for name in order_names(names, "FR", reader="el")] == ["fr", "el", "en"]


def test_the_same_name_is_shown_once_and_one_of_unknown_language_last() -> None:
    names = {"und": "UNIVERSITY OF TIRANA", "en": "University of Tirana", "sq": "Universiteti i Tiranës"}
    assert [name.text for name in order_names(names, "AL")] == ["Universiteti i Tiranës", "University of Tirana"]
    assert first_name({"und": "Carlemany"}, "AD").text == "Carlemany"


def test_a_name_in_another_script_is_followed_by_one_in_latin_letters() -> None:
    name = first_name({"uk": "Київський університет", "en": "University of Kyiv"}, "UA")
    assert shown(name) == '<bdi lang="uk">Київський університет</bdi> (<bdi>University of Kyiv</bdi>)'
    assert first_name({"uk": "Київський університет"}, "UA").gloss == ""


def test_a_thing_without_a_name_is_shown_by_a_dash() -> None:
    assert first_name({}).text == "–"


def test_markup_in_a_name_is_text() -> None:
    markup = shown(first_name({"en": "<script>alert(1)</script>"}))
    assert markup == '<bdi lang="en">&lt;script&gt;alert(1)&lt;/script&gt;</bdi>'
    assert "&quot;" in shown(first_name({'en" onclick="x': "A"}))


@given(st.dictionaries(st.sampled_from(["en", "nl", "de", "el", "und", "ja"]), st.text(min_size=1), max_size=6))
def test_every_distinct_name_is_kept_once(names: dict[str, str]) -> None:
    ordered = [name.text.casefold() for name in order_names(names, "NL")]
    assert len(ordered) == len(set(ordered))
    assert set(ordered) == {text.casefold() for text in names.values()}


def test_a_script_is_told_by_the_first_letter() -> None:
    assert is_latin("42 École")
    assert not is_latin("«Академія»")
    assert is_latin("123")


def test_a_template_shows_a_name_as_markup_and_its_text_as_text() -> None:
    name = first_name({"en": "<b>A</b>"})
    shown = Template("{{ name }} {{ name.text }}").render(Context({"name": name}))
    assert shown == '<bdi lang="en">&lt;b&gt;A&lt;/b&gt;</bdi> &lt;b&gt;A&lt;/b&gt;'
