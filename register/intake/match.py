"""Finds which issuer of the register a ROR record describes: deterministic, one to one, each match with its reason.

The rules, strongest first; a later rule sees only what earlier ones left open:

| rule | holds if, in the same country |
|---|---|
| same_ror | the issuer has the record's ROR ID already (without regard to the country, like the next one) |
| shared_identifier | record and issuer have another identifier in common: ISNI, Wikidata, … |
| domain_and_name | same web domain, and a name in common after folding |
| domain_and_similar_name | same web domain, and names of at least 0.6 likeness |
| name_and_city | a folded name in common and the same folded city |
| unique_name | a folded name of three words or more in common that no other issuer and no other record there has |
| domain_and_city | same web domain, nobody else's among issuers and records, same folded city, no parent in ROR |

A pair counts only if it is the record's one candidate and the issuer's one candidate under that rule. Otherwise both
stay open, and a later rule may only choose among the candidates already named. What is then still open is `Ambiguous`:
nothing is done. Only active records match by anything but an identifier, and never an issuer that has another ROR ID.
Linear in records and issuers, but for sorting.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from register.intake.names import fold_name, measure_likeness
from register.intake.ror import RorRecord

ALIKE = 0.6
WORDS_OF_A_TELLING_NAME = 3
CROWD = 40  # issuers behind one domain: a ministry's hosting, which says nothing about an institution
_SUFFIXES = frozenset({"ac", "asso", "co", "com", "edu", "gob", "gouv", "gov", "k12", "net", "org"})


@dataclass(frozen=True, slots=True)
class Known:
    """An issuer of the register, as matching needs it; `identifiers` are canonical (scheme, value) pairs."""

    id: str
    identifiers: frozenset[tuple[str, str]]
    names: tuple[str, ...]
    country: str
    city: str
    website: str


@dataclass(frozen=True, slots=True)
class Match:
    """The record describes this issuer; `rule` names why, `reason` says it in words."""

    record: RorRecord
    known: Known
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several issuers, or several records for one issuer: nothing is done about it; `candidates` are issuer ids."""

    record: RorRecord
    candidates: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class NoMatch:
    """No issuer of the register is described by the record; it makes no new one."""

    record: RorRecord
    reason: str


Outcome = Match | Ambiguous | NoMatch
Keys = Callable[[RorRecord], Iterable[Hashable]]
KnownKeys = Callable[[Known], Iterable[Hashable]]
Test = Callable[[RorRecord, Known], bool]
Rule = tuple[str, Keys, KnownKeys, Test, str]
BY_IDENTIFIER = ("same_ror", "shared_identifier")


def match_institutions(records: Sequence[RorRecord], known: Sequence[Known]) -> list[Outcome]:
    """Give one outcome a record, in the order of the records; no issuer and no record is matched twice."""
    return _Matching(records, known).run()


class _Matching:
    """The state of one run: what is still open, what is settled, and who was a candidate for whom."""

    def __init__(self, records: Sequence[RorRecord], known: Sequence[Known]) -> None:
        self.records = records
        self.known = known
        self.settled: dict[int, Match] = {}
        self.taken: set[int] = set()
        self.named_by_record: dict[int, set[int]] = defaultdict(set)
        self.named_by_known: dict[int, set[int]] = defaultdict(set)

    def run(self) -> list[Outcome]:
        for rule in _RULES:
            self._apply(*rule)
        return [self._conclude(place, record) for place, record in enumerate(self.records)]

    def _apply(self, name: str, record_keys: Keys, known_keys: KnownKeys, test: Test, reason: str) -> None:
        pairs = self._pair(name, record_keys, known_keys, test)
        of_record, of_known = defaultdict(set), defaultdict(set)
        for place, issuer in pairs:
            of_record[place].add(issuer)
            of_known[issuer].add(place)
        for place, issuer in sorted(pairs):
            if len(of_record[place]) == 1 and len(of_known[issuer]) == 1:
                record, found = self.records[place], self.known[issuer]
                self.settled[place] = Match(record, found, name, reason.format(record=record, known=found))
                self.taken.add(issuer)
            else:
                self.named_by_record[place].add(issuer)
                self.named_by_known[issuer].add(place)

    def _pair(self, name: str, record_keys: Keys, known_keys: KnownKeys, test: Test) -> set[tuple[int, int]]:
        index: dict[Hashable, list[int]] = defaultdict(list)
        for issuer, one in enumerate(self.known):
            if issuer not in self.taken:
                for key in known_keys(one):
                    index[key].append(issuer)
        pairs = set()
        for place, record in enumerate(self.records):
            if place in self.settled or (record.status != "active" and name not in BY_IDENTIFIER):
                continue
            for key in record_keys(record):
                found = index.get(key, ())
                if len(found) <= CROWD:
                    pairs |= {(place, issuer) for issuer in found if test(record, self.known[issuer])}
        return {pair for pair in pairs if self._is_allowed(*pair)}

    def _is_allowed(self, place: int, issuer: int) -> bool:
        if any(
            scheme == "ror" and value != self.records[place].ror for scheme, value in self.known[issuer].identifiers
        ):
            return False
        earlier, claims = self.named_by_record.get(place), self.named_by_known.get(issuer)
        return (not earlier or issuer in earlier) and (not claims or place in claims)

    def _conclude(self, place: int, record: RorRecord) -> Outcome:
        if place in self.settled:
            return self.settled[place]
        open_ones = sorted(self.known[issuer].id for issuer in self.named_by_record.get(place, ()))
        if open_ones and any(issuer not in self.taken for issuer in self.named_by_record[place]):
            return Ambiguous(record, tuple(open_ones), "no rule tells these issuers, or the records for them, apart")
        if record.status != "active":
            return NoMatch(record, f"the record is {record.status}, and no issuer has its identifiers")
        return NoMatch(record, "no issuer shares an identifier, a domain with a similar name, or a telling name")


def domain_of(website: str) -> str:
    """Give the host of a URL without `www.`, or nothing for hosts that are only a public suffix such as `edu.al`."""
    host = (urlsplit(website).hostname or "").lower() if website else ""
    host = host.removeprefix("www.")
    labels = host.split(".")
    bare = len(labels) < 2 or (len(labels) == 2 and labels[0] in _SUFFIXES)
    return "" if bare else host


def _names_of(record: RorRecord) -> list[str]:
    return [*record.names.values(), *record.aliases]


def _domains_of(record: RorRecord) -> set[str]:
    hosts = {domain_of(f"http://{domain}") for domain in record.domains} | {domain_of(record.website)}
    return hosts - {""}


def _identifiers(one: RorRecord) -> set[Hashable]:
    return {(found.scheme, found.value) for found in one.identifiers}


def _known_rors(one: Known) -> set[Hashable]:
    return {value for scheme, value in one.identifiers if scheme == "ror"}


def _by_domain(one: RorRecord) -> set[Hashable]:
    return {(one.country, domain) for domain in _domains_of(one)}


def _known_by_domain(one: Known) -> set[Hashable]:
    domain = domain_of(one.website)
    return {(one.country, domain)} if domain else set()


def _by_name(one: RorRecord, least: int = 1) -> set[Hashable]:
    folded = {fold_name(name) for name in _names_of(one)}
    return {(one.country, name) for name in folded if len(name.split()) >= least}


def _known_by_name(one: Known, least: int = 1) -> set[Hashable]:
    folded = {fold_name(name) for name in one.names}
    return {(one.country, name) for name in folded if len(name.split()) >= least}


def _share_name(record: RorRecord, known: Known) -> bool:
    return not {fold_name(name) for name in _names_of(record)}.isdisjoint(fold_name(name) for name in known.names)


def _are_similar(record: RorRecord, known: Known) -> bool:
    return any(measure_likeness(one, other) >= ALIKE for one in _names_of(record) for other in known.names)


def _share_city(record: RorRecord, known: Known) -> bool:
    return bool(record.city) and fold_name(record.city) == fold_name(known.city)


def _always(record: RorRecord, known: Known) -> bool:
    return True


def _is_head(record: RorRecord, known: Known) -> bool:
    return _share_city(record, known) and not record.parents


_TELLING = partial(_by_name, least=WORDS_OF_A_TELLING_NAME), partial(_known_by_name, least=WORDS_OF_A_TELLING_NAME)
_RULES: tuple[Rule, ...] = (
    ("same_ror", lambda one: [one.ror], _known_rors, _always, "the ROR ID the issuer has already"),
    ("shared_identifier", _identifiers, lambda one: one.identifiers, _always, "an identifier in common"),
    ("domain_and_name", _by_domain, _known_by_domain, _share_name, "the same web domain, name and country"),
    ("domain_and_similar_name", _by_domain, _known_by_domain, _are_similar, "the same web domain, a similar name"),
    ("name_and_city", _by_name, _known_by_name, _share_city, "the same name, city {record.city} and country"),
    ("unique_name", *_TELLING, _always, "the same name, that nobody else in {record.country} has"),
    ("domain_and_city", _by_domain, _known_by_domain, _is_head, "the same web domain, nobody else's, and city"),
)
