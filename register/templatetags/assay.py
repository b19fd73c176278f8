"""Filters of the pages: dates, names, scopes and addresses as register.site writes them; and texts, looked up once."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.base import FilterExpression, Node, Parser, Token
from django.template.context import Context
from django.templatetags.i18n import TranslateNode, do_translate
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from register.sentences import Said
from register.site import (
    accreditation_items,
    dates,
    directory,
    entry_items,
    facet_items,
    links,
    marks,
    names,
    telling,
    words,
)
from register.site.language import spoken

register = template.Library()

register.filter("day", dates.mark_day)
register.filter("short_day", dates.mark_short_day)
register.filter("instant", dates.mark_instant)
register.filter("last_day", dates.mark_end)
register.filter("plain_day", dates.spell_day)
register.filter("name", names.name_record)
register.filter("shorten", directory.shorten_id)
register.filter("scope", words.spell_scope)
register.filter("place", words.label_place)
register.filter("tell", telling.tell)
register.filter("tell_plainly", telling.tell_plainly)
register.filter("isolate", names.isolate)
register.filter("tag", marks.mark_tag)
register.filter("period", marks.mark_period)
register.filter("item", entry_items.write_item)
register.filter("items", accreditation_items.write_items)
register.filter("options", facet_items.write_options)
register.filter("count", words.spell_count)
register.filter("is_web_address", links.is_web_address)


class Text(Node):
    """A constant text of a template, looked up once in each language; Django’s own node looks it up each time."""

    def __init__(self, node: TranslateNode) -> None:
        self.node = node
        self.said: dict[str | None, str] = {}

    def render(self, context: Context) -> str:
        """Return the text in the reader's language; catalogues do not change while a process lives."""
        language = spoken()
        if language not in self.said:
            self.said[language] = self.node.render(context)
        return self.said[language]


@register.tag
def translate(parser: Parser, token: Token) -> Node:
    """Read Django's own `translate`, and remember what it says where that depends on the language alone."""
    node: TranslateNode = do_translate(parser, token)
    given = (node.filter_expression, node.message_context)
    constant = all(one is None or _is_constant(one) for one in given)
    return Text(node) if constant and node.asvar is None and not node.noop else node


def _is_constant(given: FilterExpression) -> bool:
    literal = given.var if isinstance(given.var, str) else given.var.literal
    return isinstance(literal, str) and not given.filters


@register.filter
def term(code: Any, vocabulary: str) -> str:
    """Return the label of a vocabulary's term; nothing for an absent one."""
    return "" if code in (None, "") else words.label(vocabulary, code)


@register.filter
def told(text: Any) -> Any:
    """Write a refusal in the reader's language, as a sentence of its own; what is in their language already stays."""
    return telling.tell(text, capital=True) if isinstance(text, Said) else text


@register.filter
def sentence(text: str) -> SafeString:
    """Write what the register says as a sentence of its own; a plain text, of older rows, is English."""
    return telling.tell(text, capital=True)


@register.filter
def phrase(text: str) -> SafeString:
    """Write words within a sentence in the reader's language; what is no sentence of ours, a name, is isolated."""
    return telling.tell(text) if isinstance(text, Said) else names.isolate(text)


@register.filter
def brief(text: str, most: int) -> str:
    """Cut a text that a stranger may have written after so many characters; a sentence of ours stays whole."""
    return text if isinstance(text, Said) else Truncator(text).chars(most)


@register.filter
def text(by_language: dict[str, str]) -> names.Name:
    """Return a text that is given in several languages in the one nearest to the reader's."""
    return names.pick_text(by_language)


@register.simple_tag
def address(path: str, part: Any = "", **query: Any) -> str:
    """Return the address of a page that takes dates, at the dates of this one; `part` is the end of its path."""
    return links.carry(f"{path}{part}", **query)


@register.filter
def path(record: Any, kind: str) -> str:
    """Return the address of a record's page."""
    return links.path_to(kind, record.id)


@register.filter
def state(word: str) -> words.Standing:
    """Return how a state is shown."""
    return words.STATES[word]


@register.filter
def link(listed: directory.Directory, thing: str | None) -> SafeString:
    """Return a link to a thing by its id."""
    return listed.link(thing)
