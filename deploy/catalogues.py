"""Catalogues of the pages' languages: texts gathered from the code, one file a language, compiled at the start.

All apps share `register/locale/LANGUAGE/LC_MESSAGES/django.po`, the form that translators know; what Django reads is
compiled into the data of the node, so that an installation may be read-only. Babel reads and writes the files (no GNU
gettext is needed); `templatize` of Django turns a template into what the Python reader of Babel understands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from django.utils.translation.template import templatize

ROOT: Final = Path(__file__).resolve().parent.parent
APPS: Final = ("register", "federation", "ledger", "deploy")
FILE: Final = Path("LC_MESSAGES") / "django.po"
KEYWORDS: Final[Mapping[str, tuple[int | tuple[int, str], ...] | None]] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "say": None,
}
"""Functions that mark a text, as Babel names their arguments."""

_LEFT_OUT: Final = tuple(
    f'"{name}:'.encode()
    for name in (
        *("POT-Creation-Date", "PO-Revision-Date", "Last-Translator", "Language-Team"),
        *("Report-Msgid-Bugs-To", "Project-Id-Version", "Generated-By"),
    )
)
_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)[a-z]|\{(\w*)\}")


def catalogue_file(language: str) -> Path:
    """Return where the texts of a language are kept."""
    return ROOT / "register" / "locale" / language / FILE


def gather_texts() -> Catalog:
    """Return all texts of code and templates that are marked for translation, with the files they stand in.

    Raises ValueError where one singular has two plurals: catalogues find texts by their singular.
    """
    gathered = Catalog(project="Assay", charset="utf-8")
    for path in sorted(_sources()):
        where = path.relative_to(ROOT).as_posix()
        for _, text, _, context in extract("python", BytesIO(_readable(path)), keywords=KEYWORDS):
            known = None if isinstance(text, str) else gathered.get(text[0], context)
            if known is not None and known.pluralizable and known.id != tuple(text):
                raise ValueError(f"{where}: {text[0]!r} has another plural elsewhere; give it a singular of its own.")
            if not isinstance(text, str) or text:
                gathered.add(text, locations=[(where, 0)], context=context)
    for text in _closed_lists():
        gathered.add(text, locations=[("register/credentials", 0)])
    for name, label in _labels():
        gathered.add(label, locations=[("register/vocabularies", 0)], context=name)
    return gathered


def _labels() -> Iterator[tuple[str, str]]:
    """Yield list and English label of terms that the list's own file does not name in every language of the pages."""
    from register import vocabularies

    languages = {path.name for path in (ROOT / "register" / "locale").iterdir() if path.is_dir()}
    for name in vocabularies.TRANSLATED:
        yield from ((name, term.label()) for term in vocabularies.load(name) if languages - set(term.labels))


def _closed_lists() -> Iterator[str]:
    """Yield what pages translate of modules that know nothing of languages: closed lists of decisions and reports."""
    from register import sentences, vocabularies
    from register.credentials import elements, report, wording
    from register.credentials.reading import foreign
    from register.trust import reasons

    yield from (sentences.OPEN_DATE, sentences.NO_TERMS, *reasons.list_templates(), *wording.list_templates())
    yield from (*report.VERDICTS.values(), *report.QUESTIONS.values(), *wording.FORMATS.values())
    yield from (foreign.SUPPORTED, *foreign.FORMATS.values())
    yield from sorted({element.label for element in elements.list_elements("elm")})
    yield from (vocabularies.load(name).title for name in vocabularies.names())


def _sources() -> Iterator[Path]:
    for app in APPS:
        yield from (path for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)
        yield from (path for path in (ROOT / app).rglob("templates/**/*") if path.suffix in (".html", ".txt"))


def _readable(path: Path) -> bytes:
    source = path.read_text("utf-8")
    if path.suffix == ".py":
        return source.encode()
    # What is left of a template between its texts is no Python: indentation would be taken for blocks.
    return "\n".join(line.lstrip() for line in templatize(source, origin=str(path)).splitlines()).encode()


def read_catalogue(language: str) -> Catalog:
    """Return the catalogue of a language, an empty one where there is none yet."""
    path = catalogue_file(language)
    if not path.exists():
        return Catalog(locale=language, project="Assay", charset="utf-8")
    with path.open("rb") as file:
        return pofile.read_po(file, locale=language)


def update_catalogue(language: str, gathered: Catalog) -> Catalog:
    """Bring a language's file up to date and return it: new texts are empty, texts that are gone are left out."""
    catalogue = read_catalogue(language)
    # A text that merely resembles a former one has no translation yet: a guess would be read as one.
    catalogue.update(gathered, no_fuzzy_matching=True, update_header_comment=False)
    fill_labels(catalogue, language)
    write_catalogue(language, catalogue)
    return catalogue


def fill_labels(catalogue: Catalog, language: str) -> None:
    """Take over labels that a list's own file names in this language, where it lacks another one."""
    from register import vocabularies

    for name in vocabularies.TRANSLATED:
        for term in vocabularies.load(name):
            message = catalogue.get(term.label(), name)
            if message is not None and not message.string:
                message.string = term.labels.get(language, "")


def write_catalogue(language: str, catalogue: Catalog) -> None:
    """Write a language's file: sorted, without lines that change with the hour or name a person."""
    catalogue.fuzzy, catalogue.header_comment = False, "# Texts of Assay; see register/locale/README.md."
    written = BytesIO()
    pofile.write_po(written, catalogue, width=120, ignore_obsolete=True, include_lineno=False, sort_output=True)
    lines = [line for line in written.getvalue().splitlines(keepends=True) if not line.startswith(_LEFT_OUT)]
    path = catalogue_file(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(lines))


def compile_catalogues(target: Path) -> None:
    """Compile every language's file below `target` (`LANGUAGE/LC_MESSAGES/django.mo`), where Django looks for them."""
    for path in sorted((ROOT / "register" / "locale").glob(f"*/{FILE}")):
        language = path.parts[-3]
        compiled = target / language / FILE.with_suffix(".mo")
        compiled.parent.mkdir(parents=True, exist_ok=True)
        unfinished = compiled.with_suffix(".new")
        with unfinished.open("wb") as file:
            mofile.write_mo(file, read_catalogue(language))
        unfinished.replace(compiled)


def find_faults(catalogue: Catalog, gathered: Catalog) -> list[str]:
    """Return what is wrong with a catalogue, one line a text: missing, or with other placeholders than the text."""
    faults = []
    for message in gathered:
        if not message.id:
            continue
        translated = catalogue.get(message.id, message.context)
        if translated is None or not _is_complete(translated):
            faults.append(f"not translated: {message.id!r}")
        elif wrong := _other_placeholders(translated):
            faults.append(f"placeholders {wrong}: {message.id!r}")
    return faults


def _is_complete(message: Message) -> bool:
    return not message.fuzzy and all(_texts(message.string))


def _other_placeholders(message: Message) -> str:
    """Name placeholders that a translation lacks or adds; a singular or plural form may leave out its number."""
    texts, forms = _texts(message.id), _texts(message.string)
    allowed = {name for text in texts for name in _names(text)}
    needed = allowed if len(texts) == 1 else set()
    named = [_names(form) for form in forms]
    return ", ".join(sorted({name for names in named for name in (names - allowed) | (needed - names)}))


def _texts(said: str | Sequence[str] | None) -> tuple[str, ...]:
    return (said or "",) if said is None or isinstance(said, str) else tuple(said)


def _names(text: str) -> set[str]:
    return {found[0] or "{" + found[1] + "}" for found in _PLACEHOLDER.findall(text)}
