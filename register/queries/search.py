"""Search by name: in any language and script, without accents, with a letter wrong.

Names are kept as plain words (register/names.py). Each word of the query stands for the words of the register that it
begins, or, if it begins none, for those that resemble it (trigrams); one that no word of the register resembles says
nothing. Records must hold one of them for each word of the query; when none does, all but one will do. The best come
first: whole words before beginnings, close before distant, few other words before many.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from register.models import VERSIONS
from register.names import split_words
from register.queries.cuts import Cut
from register.queries.selecting import MOST, Conditions, Page, select
from register.records import load

MOST_WORDS: Final = 8
"""Words of a query that count; the longest ones do."""

CANDIDATES: Final = 200
"""Records that are ranked, of ours and of all peers' each; a query that finds more should say more."""

_BEGINNING: Final = """
    SELECT n.word, f.word, CASE WHEN f.word = n.word THEN 1.0 ELSE 0.8 END::float8
    FROM unnest(%(words)s::text[]) AS n(word), LATERAL (
        SELECT word FROM register_word WHERE word >= n.word AND word < n.word || '~' ORDER BY word LIMIT 40
    ) f
"""
_RESEMBLING: Final = """
    SELECT n.word, f.word, 0.7 * f.likeness FROM unnest(%(words)s::text[]) AS n(word), LATERAL (
        SELECT word, similarity(word, n.word)::float8 AS likeness FROM register_word
        WHERE word %% n.word ORDER BY 2 DESC, 1 LIMIT 12
    ) f
"""
# After the shares of the elements PostgreSQL keeps three more numbers, which no element goes with.
_SHARES: Final = """
    SELECT s.word, s.share::float8 FROM pg_stats,
        unnest(most_common_elems::text::text[], most_common_elem_freqs) AS s(word, share)
    WHERE schemaname = current_schema() AND tablename = %(table)s AND attname = 'words' AND s.word IS NOT NULL
"""
_USUAL: Final = 0.01
"""Share of the records from which on words are not looked for in the index where rarer ones are asked for, too."""
_USUAL_FOR: Final = 600
"""Seconds for which a process believes what it read of the words' shares."""


class _Found(NamedTuple):
    """A record found, with the words of its names."""

    uid: str
    log_id: int
    words: Sequence[str]
    content: str


def search(kind: str, q: str, conditions: Conditions, after: str | None, limit: int, cut: Cut) -> Page[Any]:
    """Return the records of a kind (alias `v`) whose names match, best first; the cursor is a place in the ranking.

    Among peers' records our own come first where names match equally well, and none of ours is crowded out by theirs.
    """
    words = sorted(dict.fromkeys(split_words(q)), key=len, reverse=True)[:MOST_WORDS]
    start = int(after) if after is not None and after.isascii() and after.isdecimal() and len(after) < 6 else 0
    limit = max(1, min(limit, MOST))
    if not words:
        return Page([], candidates=[])
    meant = _spread(words)
    found = _find(kind, [group for group in meant.values() if group], conditions, cut)
    ranked = sorted(
        found,
        key=lambda one: (-_score(one.words, meant), len(one.words), one.log_id != cut.log_id, one.uid, one.log_id),
    )
    shown = ranked[start : start + limit]
    origins = [cut.origin_of(one.log_id) for one in shown]
    more = str(start + limit) if len(ranked) > start + limit else None
    candidates = [(one.uid, one.log_id) for one in ranked]
    return Page([load(kind, one.content) for one in shown], more, origins, candidates)


def is_capped(candidates: Sequence[tuple[str, int]], cut: Cut) -> bool:
    """Tell whether a search compared as many as it may, of ours or of all peers', and left the others out."""
    ours = sum(log == cut.log_id for _, log in candidates)
    return max(ours, len(candidates) - ours) >= CANDIDATES


def _spread(words: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return for each word of the query the words it may stand for, with how well each fits."""
    meant: dict[str, dict[str, float]] = {word: {} for word in words}
    _take(meant, select(_BEGINNING, {"words": list(words)}))
    unknown = [word for word, found in meant.items() if not found]
    if unknown:
        _take(meant, select(_RESEMBLING, {"words": unknown}))
    return meant


def _take(meant: dict[str, dict[str, float]], rows: Sequence[tuple[Any, ...]]) -> None:
    for word, found, fit in rows:
        meant[word][found] = max(fit, meant[word].get(found, 0.0))


def _find(kind: str, groups: list[dict[str, float]], conditions: Conditions, cut: Cut) -> list[_Found]:
    found = _select(kind, [groups], conditions, cut) if groups else []
    if found or len(groups) < 2:
        return found
    return _select(kind, [groups[:n] + groups[n + 1 :] for n in range(len(groups))], conditions, cut)


def _select(kind: str, choices: list[list[dict[str, float]]], conditions: Conditions, cut: Cut) -> list[_Found]:
    """Return the first records that hold a word of every group of one of the choices."""
    table = VERSIONS[kind]._meta.db_table
    usual = _read_usual(table, int(time.monotonic() // _USUAL_FOR)) if len(choices) == 1 else {}
    parameters: dict[str, Any] = {}
    alternatives, rest = list[str](), list[str]()
    for choice in choices:
        held = {f"v.words && %({_name(parameters, list(group))})s::text[]": _sum(usual, group) for group in choice}
        rare = [condition for condition, share in held.items() if share < _USUAL]
        rest = [condition for condition in held if rare and condition not in rare]
        alternatives.append(" AND ".join(rare or held))
    matching = " OR ".join(f"({alternative})" for alternative in alternatives)
    source = f"{table} v WHERE {conditions.joined()} AND ({matching})"
    if rest:  # OFFSET 0: the index brings what holds the rare words, and only that is looked at for the usual ones
        source = f"(SELECT v.* FROM {source} OFFSET 0) v WHERE {' AND '.join(rest)}"
    sql = _limit(f"SELECT v.uid::text, v.log_id, v.words, v.content::text FROM {source}", cut)
    return [_Found(*row) for row in select(sql, {**conditions.parameters, **parameters, "ours": cut.log_id})]


def _limit(sql: str, cut: Cut) -> str:
    if not cut.peers:
        return f"{sql} ORDER BY v.uid LIMIT {CANDIDATES}"
    # Ours first; two walks along the ids, each of which stops early, where one order would sort all that match.
    ours = f"{sql} AND v.log_id = %(ours)s ORDER BY v.uid LIMIT {CANDIDATES}"
    theirs = f"{sql} AND v.log_id <> %(ours)s ORDER BY v.uid, v.log_id LIMIT {CANDIDATES}"
    return f"({ours}) UNION ALL ({theirs})"


@lru_cache(maxsize=4)
def _read_usual(table: str, period: int) -> Mapping[str, float]:
    """Return the words that many names hold, each with its share of the records, as PostgreSQL last estimated it.

    They say only how a search is put, never what it finds: reading the index for `university` takes longer than
    looking at the few records that hold the other words.
    """
    return dict(select(_SHARES, {"table": table}))


def _sum(usual: Mapping[str, float], group: Mapping[str, float]) -> float:
    return sum(usual.get(word, 0.0) for word in group)


def _name(parameters: dict[str, Any], words: list[str]) -> str:
    """Return the name of the parameter that holds these words, the same for the same ones."""
    name = next((name for name, held in parameters.items() if held == words), f"words{len(parameters)}")
    parameters[name] = words
    return name


def _score(words: Sequence[str], meant: Mapping[str, Mapping[str, float]]) -> float:
    held = set(words)
    return sum(max((fit for word, fit in group.items() if word in held), default=0.0) for group in meant.values())
