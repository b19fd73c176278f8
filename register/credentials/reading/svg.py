"""SVG badges (Open Badges 3.0, "Baked Badges"), and which other XML a file is.

The file is read as a stream of tags: no tree is built, so that neither its depth nor its size matters. A DOCTYPE is
allowed, entities are not, and nothing outside the file is read.
"""

from __future__ import annotations

from typing import Any, Final
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from register.credentials.errors import NotACredential, NotGenuine
from register.credentials.reading.foreign import name_format
from register.credentials.reading.limits import DEEPEST
from register.credentials.reading.tokens import is_token
from register.sentences import say

_MOST_ELEMENTS: Final = 200_000
_BADGE_3: Final = "https://purl.imsglobal.org/ob/"
_BADGE_2: Final = "http://openbadges.org"
_SIGNATURE: Final = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_SVG: Final = "{http://www.w3.org/2000/svg}svg"
_FOREIGN: Final = (("http://data.europa.eu/snb", "edci_xml"), ("https://github.com/emrex-eu", "elmo"))


class _Collector:
    """Notes what matters of the tags that stream past: the root, the badges, whether one is of version 2."""

    def __init__(self) -> None:
        self.root = ""
        self.signed = False
        self.older = False
        self.badges: list[str] = []
        self._inside: list[str] | None = None
        self._depth = 0
        self._elements = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """A tag opens."""
        self.root = self.root or tag
        self._depth += 1
        self._elements += 1
        if self._depth > DEEPEST or self._elements > _MOST_ELEMENTS:
            raise NotGenuine(
                "too_deep",
                say(
                    "expected at most {levels} levels and {elements} elements of XML, got more",
                    levels=DEEPEST,
                    elements=_MOST_ELEMENTS,
                ),
            )
        self.signed = self.signed or tag == _SIGNATURE
        self.older = self.older or tag.startswith(f"{{{_BADGE_2}")
        if _is_badge(tag):
            verify = attributes.get("verify", "").strip()
            self.badges += [verify] if is_token(verify) else []
            self._inside = []

    def data(self, text: str) -> None:
        """Text between tags."""
        if self._inside is not None:
            self._inside.append(text)

    def end(self, tag: str) -> None:
        """A tag closes."""
        self._depth -= 1
        if self._inside is not None and _is_badge(tag):
            self.badges.append("".join(self._inside).strip())
            self._inside = None

    def close(self) -> None:
        """The document ends."""


def _is_badge(tag: str) -> bool:
    return tag.startswith(f"{{{_BADGE_3}") and tag.endswith("}credential")


def find_badge(data: bytes) -> bytes:
    """Return the text of the badge in an SVG picture.

    Raises Unsupported for other XML that is known and for entities; NotACredential when there is no badge; NotGenuine
    when there are two different ones, or the picture is damaged or nested beyond all measure.
    """
    seen = _parse(data)
    if seen.root not in (_SVG, "svg"):
        raise _name_other(seen)
    badges = {badge for badge in seen.badges if badge}
    if len(badges) > 1:
        raise NotGenuine("two_credentials", say("This picture holds two different credentials: nobody can tell which."))
    if not badges and seen.older:
        raise name_format("open_badges_2")
    if not badges:
        raise NotACredential(
            "plain_picture", say("This picture holds no credential; hand in the file of the badge itself.")
        )
    return badges.pop().encode()


def _parse(data: bytes) -> _Collector:
    seen = _Collector()
    parser: Any = DefusedXMLParser(target=seen)
    try:
        parser.feed(data)
        parser.close()
    except DefusedXmlException as error:
        raise name_format("xml_entities") from error
    except (ParseError, ValueError, LookupError) as error:
        if seen.badges or b"openbadges" in data:
            raise NotGenuine("damaged", say("This picture is damaged: it is not whole XML.")) from error
        raise NotACredential("not_a_credential", say("This is no credential, nor whole XML.")) from error
    return seen


def _name_other(seen: _Collector) -> Exception:
    for namespace, code in _FOREIGN:
        if seen.root[1:].startswith(namespace):
            return name_format(code)
    if seen.signed:
        return name_format("signed_xml")
    return NotACredential("not_a_credential", say("This XML document is no credential of any kind."))
