"""`/design`: the components of the pages, each shown in its states beside its HTML.

For those who write pages, in English only: its sample texts are nobody's interface, so translators are spared them.
What is shown as the HTML is the very file that was rendered; the two cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template

from register.api.address import answer_json
from register.site.page import Context, page


@dataclass(frozen=True, slots=True)
class Component:
    """One component: the name of its file below `site/design`, what it is called, when it is used."""

    name: str
    title: str
    use: str

    @property
    def template(self) -> str:
        """The template that shows it."""
        return f"site/design/{self.name}.html"

    @property
    def source(self) -> str:
        """Its HTML as it stands in the file."""
        found: Any = get_template(self.template)  # Django's wrapper; its types leave out what is wrapped
        return Path(found.template.origin.name).read_text(encoding="utf-8").strip()


COMPONENTS: Final = (
    Component(
        "verdict", "The answer", "One a page, first: a sentence a person would say. Tones: good, warn, bad, off."
    ),
    Component("colours", "Tags", "How a thing stands, in words, with the symbol of its tone: #ok, #note, #no, #dash."),
    Component("notices", "Notices", "What happened, or what the reader should know. role=status after a deed."),
    Component("buttons", "Buttons", "One primary deed a form; danger for what only a further entry undoes."),
    Component("forms", "Forms", "A label on every field; hints before the field, named by aria-describedby."),
    Component("errors", "Errors", "Together at the top, taking focus (autofocus), and each beside its field."),
    Component(
        "suggest",
        "Search while typing",
        "A combobox and its listbox; without JavaScript the form sends what was typed.",
    ),
    Component("filters", "Filters and facets", "What is asked stands in the address; chips take it away again."),
    Component("tables", "Tables and paging", "class=stacks: on a phone each row is a card, labelled by data-label."),
    Component(
        "lists", "Facts, history, results", "A definition list for one thing, a log for time, hits for many things."
    ),
    Component("empty", "Nothing there", "Says why it is empty, and what to do next."),
    Component("progress", "Work under way", "progress with a label and a sentence; never a spinner alone."),
    Component("steps", "Steps and tabs", "Steps say where in a longer work one is; tabs are links to pages."),
    Component("side", "Side navigation", "Of the desk and the operator's board."),
    Component("tiles", "Tiles", "A number, what it is, how it stands."),
    Component("diff", "Before and after", "del and ins, in words and in colour; the bytes folded away below."),
    Component("charts", "Charts", "SVG drawn by the server, always with a table of the same figures."),
    Component("menu", "Menu", "Links of the person signed in, behind their name."),
)


def _answer_design(request: HttpRequest, query: Mapping[str, Any]) -> HttpResponse:
    parts = [{"name": part.name, "title": part.title, "use": part.use, "html": part.source} for part in COMPONENTS]
    return answer_json({"components": parts})


@page("site/design.html", "design", twin=_answer_design)
def show_design(request: HttpRequest, query: Mapping[str, Any]) -> Context:
    """Show every component in its states."""
    return {"components": COMPONENTS}
