"""Near issuers: those of the register, and of the peers it hears, that are worth comparing with a new one.

Wide on purpose: by any identifier in common, by words that resemble those of the names (also as the names look, not as
they are written), by web addresses that resemble. register.desk.look_alikes says which of them resemble it, and why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from register.desk.letters import draw_skeleton, own_domain
from register.desk.look_alikes import Candidate, LookAlike, rank
from register.names import split_words
from register.queries.cuts import Cut
from register.queries.hearing import hear_peers, heard_only
from register.queries.selecting import Conditions, select
from register.records import IssuerRecord, load

MOST_WORDS: Final = 12
"""Words of all names that count; the longest ones do."""

CANDIDATES: Final = 200
"""Issuers that are compared for their names, and as many for their web addresses."""

_ALIKE: Final = {
    **dict.fromkeys("li1", "[li1]"),
    **dict.fromkeys("o0", "[o0]"),
    "m": "(?:m|rn)",
    "s": "[s5]",
    "e": "[e3]",
    "a": "[a4]",
    "b": "[b8]",
    "g": "[g9]",
    "z": "[z2]",
}
"""Letters of hosts that pass for each other."""

LEAST_LABEL: Final = 4
"""Letters of a host below which a resemblance says nothing."""

_RESEMBLING: Final = """
    SELECT n.word, array_agg(f.word) FROM unnest(%(words)s::text[]) AS n(word), LATERAL (
        SELECT word FROM register_word WHERE word %% n.word AND similarity(word, n.word) >= 0.4
        ORDER BY similarity(word, n.word) DESC, word LIMIT 12
    ) f GROUP BY n.word
"""


def find_look_alikes(candidate: Candidate, most: int = 20) -> tuple[LookAlike, ...]:
    """Return the issuers that resemble the candidate, most alike first; five queries at most."""
    cut = hear_peers()
    found = [*_by_identifier(candidate, cut), *_by_words(candidate, cut), *_by_address(candidate, cut)]
    return rank(candidate, {record.url: (record, origin) for record, origin in found}.values(), most)


def _by_identifier(candidate: Candidate, cut: Cut) -> Iterable[tuple[IssuerRecord, str]]:
    asked = {*candidate.identifiers, *(("schac", host) for host in [own_domain(candidate.website)] if host)}
    if not asked:
        return ()
    known, parameters = cut.known("c")
    conditions = heard_only("issuer", cut)
    conditions.add(
        f"(v.uid, v.log_id) IN (SELECT c.issuer, c.log_id FROM unnest(%(values)s::text[], %(schemes)s::text[]) "
        f"AS a(value, scheme) JOIN register_claim c ON c.value = a.value AND c.scheme = a.scheme WHERE {known})",
        **parameters,
        schemes=[scheme for scheme, _ in asked],
        values=[value for _, value in asked],
    )
    return _read(conditions, cut, "v.uid")


def _by_words(candidate: Candidate, cut: Cut) -> Iterable[tuple[IssuerRecord, str]]:
    texts = [*candidate.names, *map(draw_skeleton, candidate.names)]
    words = sorted({word for text in texts for word in split_words(text)}, key=lambda word: (-len(word), word))
    if not words:
        return ()
    near = dict(select(_RESEMBLING, {"words": words[:MOST_WORDS]}))
    groups = [[word, *near.get(word, ())] for word in words[:MOST_WORDS]]
    conditions = heard_only("issuer", cut)
    conditions.add("v.words && %(any)s::text[]", any=sorted({word for group in groups for word in group}))
    named: dict[str, Any] = {f"near{number}": group for number, group in enumerate(groups)}
    conditions.parameters |= {**named, "country": candidate.country}
    hits = " + ".join(f"(v.words && %({name})s::text[])::int" for name in named)
    return _read(conditions, cut, f"{hits} DESC, v.country = %(country)s DESC, cardinality(v.words), v.uid")


def _by_address(candidate: Candidate, cut: Cut) -> Iterable[tuple[IssuerRecord, str]]:
    label = own_domain(candidate.website).partition(".")[0]
    if len(label) < LEAST_LABEL:
        return ()
    conditions = heard_only("issuer", cut)
    # Reads every issuer's address: an index on it would be paid for by each write, and this is asked seldom.
    pattern = spell_pattern(label)
    conditions.add("v.content->>'website' ~ %(pattern)s", pattern=pattern, label=label)
    return _read(conditions, cut, "word_similarity(%(label)s, v.content->>'website') DESC, v.uid")


def spell_pattern(label: str) -> str:
    """Return the pattern of addresses whose host resembles a label: one letter else, look-alike letters, or punycode.

    Of a long label one half is enough, which a wrong letter leaves as it is; the pattern stays quick.
    """
    plain = draw_skeleton(label).replace("rn", "m") if not label.isascii() else label
    signs = [_ALIKE.get(sign, re.escape(sign)) for sign in plain]
    half = len(signs) // 2
    if half >= LEAST_LABEL:
        spelt = ["".join(signs[:half]) + "[a-z0-9-]*", "[a-z0-9-]*" + "".join(signs[half:])]
    else:
        spelt = ["".join([*signs[:place], ".{0,2}", *signs[place + 1 :]]) for place in range(len(signs))]
    return rf"^https?://(?:[a-z0-9-]+\.)*(?:{'|'.join(spelt)}|xn--[a-z0-9-]+)\."


def _read(conditions: Conditions, cut: Cut, order: str) -> Iterable[tuple[IssuerRecord, str]]:
    rows = select(
        f"SELECT v.log_id, v.content::text FROM register_issuer v WHERE {conditions.joined()} "
        f"ORDER BY {order} LIMIT {CANDIDATES}",
        conditions.parameters,
    )
    return [(load("issuer", content), cut.origin_of(log_id)) for log_id, content in rows]
