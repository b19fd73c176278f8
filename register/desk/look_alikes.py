"""Look-alikes: which issuers of a register could be the one about to be registered, or be taken for it. Pure.

Each resemblance is a rule with a weight and a sentence; an issuer is ranked by its strongest one, then by all of them
together. Nothing is decided here: the officer says "it is this one" or "none of these".

| rule | holds if |
|---|---|
| identifier | an identifier in common, or the same number under another scheme |
| homograph | names that differ but look the same letter by letter |
| name, former_name | equal names after folding (case, accents, punctuation, legal form) |
| domain_homograph, domain, domain_letter, domain_ending | hosts look or are the same, or differ in a letter or ending |
| spelling | names that differ in a few letters |
| words | most words that carry meaning in common |
| acronym | the same acronym |

Of the rules about names the strongest speaks alone, and so of those about domains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from django.utils.translation import gettext

from register.desk.letters import draw_skeleton, own_domain
from register.intake.names import fold_name, measure_likeness
from register.records import IssuerRecord
from register.site.words import label

ALIKE: Final = 0.6
"""Share of meaningful words in common from which names are called alike, as in register.intake.match."""

NEARLY: Final = 0.9
"""Share of letters in common, in order, from which names are called a matter of spelling."""

LEAST_LETTERS: Final = 5
"""A shorter name or host says too little when a letter differs."""

ABROAD: Final = 0.8
"""What the resemblance of names weighs across a border: every country has its Technical University."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An issuer about to be registered, as far as it was told; `identifiers` are canonical (scheme, value) pairs."""

    names: tuple[str, ...]
    country: str = ""
    acronym: str = ""
    website: str = ""
    identifiers: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an issuer resembles the candidate: the rule, how much it weighs (0 to 100), and a sentence."""

    rule: str
    weight: float
    sentence: str


@dataclass(frozen=True, slots=True)
class LookAlike:
    """An issuer that resembles the candidate, strongest reason first."""

    record: IssuerRecord
    reasons: tuple[Reason, ...]
    origin: str = ""

    @property
    def weight(self) -> float:
        """How much the strongest reason weighs."""
        return self.reasons[0].weight


def rank(candidate: Candidate, known: Iterable[tuple[IssuerRecord, str]], most: int = 20) -> tuple[LookAlike, ...]:
    """Return the issuers that resemble the candidate, most alike first; each comes with its register's origin."""
    found = []
    for record, origin in known:
        reasons = sorted(compare(candidate, record), key=lambda reason: -reason.weight)
        if reasons:
            found.append(LookAlike(record, tuple(reasons), origin))
    found.sort(key=lambda one: (-one.weight, -sum(reason.weight for reason in one.reasons), one.record.id))
    return tuple(found[:most])


def compare(candidate: Candidate, record: IssuerRecord) -> Iterator[Reason]:
    """Yield every reason for which an issuer resembles the candidate."""
    for rule in _RULES:
        reason = rule(candidate, record)
        if reason is not None:
            yield reason


def _share_identifier(candidate: Candidate, record: IssuerRecord) -> Reason | None:
    theirs = {(claim.scheme, claim.value) for claim in record.identifiers}
    for scheme, value in sorted(candidate.identifiers & theirs):
        said = {"scheme": label("identifier-schemes", scheme), "value": value}
        return Reason("identifier", 100, gettext("It has this identifier already: %(scheme)s %(value)s.") % said)
    numbers = {_bare(value): (scheme, value) for scheme, value in theirs if len(_bare(value)) >= 8}
    for _, value in sorted(candidate.identifiers):
        other = numbers.get(_bare(value))
        if other is not None:
            said = {"value": value, "scheme": label("identifier-schemes", other[0]), "other": other[1]}
            sentence = gettext("%(value)s is the same number as its %(scheme)s %(other)s.") % said
            return Reason("identifier", 95, sentence)
    return None


def _bare(value: str) -> str:
    return "".join(sign for sign in value.upper().removeprefix("VAT") if sign.isalnum())


def _compare_names(candidate: Candidate, record: IssuerRecord) -> Reason | None:
    rules = (_look_the_same, _share_name, _spell_alike, _share_words)
    return next((reason for rule in rules for reason in [rule(candidate, record)] if reason), None)


def _look_the_same(candidate: Candidate, record: IssuerRecord) -> Reason | None:
    drawn = {draw_skeleton(name): name for name in _names_of(record)}
    for name in candidate.names:
        other = drawn.get(draw_skeleton(name))
        if other is not None and fold_name(other) != fold_name(name):
            sentence = gettext("Its name “%(other)s” looks the same but is written with other letters.")
            return Reason("homograph", 98, sentence % {"other": other})
    return None


def _share_name(candidate: Candidate, record: IssuerRecord) -> Reason | None:
    ours = {fold_name(name) for name in candidate.names}
    share = _weigh_country(candidate, record)
    for name in _names_of(record):
        if fold_name(name) in ours:
            return Reason("name", 90 * share, gettext("It bears the same name: “%(name)s”.") % {"name": name})
    for former in record.former_names:
        if fold_name(former.name) in ours:
            sentence = gettext("It bore this name until %(year)d: “%(name)s”.")
            return Reason("former_name", 80 * share, sentence % {"year": former.until.year, "name": former.name})
    return None


def _share_domain(candidate: Candidate, record: IssuerRecord) -> Reason | None:
    ours = own_domain(candidate.website)
    hosts = [own_domain(record.website), *(claim.value for claim in record.identifiers if claim.scheme == "schac")]
    theirs = [host for host in hosts if host]
    reasons = [reason for host in theirs if ours for reason in [_compare_domains(ours, host)] if reason]
    return max(reasons, key=lambda reason: reason.weight, default=None)


def _compare_domains(ours: str, theirs: str) -> Reason | None:
    said = {"ours": ours, "theirs": theirs}
    if ours == theirs:
        return Reason("domain", 75, gettext("Its website lies under the same domain, %(theirs)s.") % said)
    if draw_skeleton(ours) == draw_skeleton(theirs):
        return Reason("domain_homograph", 96, gettext("Its domain %(theirs)s looks the same as %(ours)s.") % said)
    (own, _, ending), (other, _, other_ending) = ours.partition("."), theirs.partition(".")
    if own == other:
        return Reason("domain_ending", 45, gettext("Its domain %(theirs)s differs in the ending alone.") % said)
    if ending == other_ending and _differ_in_a_letter(own, other):
        return Reason("domain_letter", 65, gettext("Its domain %(theirs)s differs in a letter from %(ours)s.") % said)
    return None


def _differ_in_a_letter(one: str, other: str) -> bool:
    if min(len(one), len(other)) < LEAST_LETTERS or abs(len(one) - len(other)) > 1:
        return False
    same = sum(block.size for block in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks())
    return max(len(one), len(other)) - same <= 1


def _spell_alike(candidate: Candidate, record: IssuerRecord) -> Reason | None:
    best, name = _best(candidate.names, _all_names(record), _measure_spelling)
    if best < NEARLY or best == 1:
        return None
    weight = 70 * best * _weigh_country(candidate, record)
    return Reason("spelling", weight, gettext("Its name “%(name)s” differs in a few letters.") % {"name": name})


def _measure_spelling(one: str, other: str) -> float:
    """Return how nearly two names are spelt alike, as written or as they look, whichever is more."""
    written = _measure_letters(fold_name(one), fold_name(other))
    return max(written, _measure_letters(fold_name(draw_skeleton(one)), fold_name(draw_skeleton(other))))


def _measure_letters(one: str, other: str) -> float:
    if min(len(one), len(other)) < LEAST_LETTERS:
        return 0.0
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= NEARLY else 0.0


def _share_words(candidate: Candidate, record: IssuerRecord) -> Reason | None:
    best, name = _best(candidate.names, _all_names(record), measure_likeness)
    if best < ALIKE or best == 1:
        return None
    weight = 60 * best * _weigh_country(candidate, record)
    return Reason("words", weight, gettext("Its name “%(name)s” has most words in common.") % {"name": name})


def _share_acronym(candidate: Candidate, record: IssuerRecord) -> Reason | None:
    ours, theirs = candidate.acronym.casefold(), (record.acronym or "").casefold()
    if not ours or ours != theirs:
        return None
    weight = 30 * _weigh_country(candidate, record)
    return Reason("acronym", weight, gettext("It has the same acronym, %(acronym)s.") % {"acronym": record.acronym})


def _best(ours: Sequence[str], theirs: Sequence[str], measure: Callable[[str, str], float]) -> tuple[float, str]:
    return max(((measure(one, other), other) for one in ours for other in theirs), default=(0.0, ""))


def _names_of(record: IssuerRecord) -> Sequence[str]:
    names: Mapping[str, str] = record.names
    return list(names.values())


def _all_names(record: IssuerRecord) -> Sequence[str]:
    return [*_names_of(record), *(former.name for former in record.former_names)]


def _weigh_country(candidate: Candidate, record: IssuerRecord) -> float:
    return 1.0 if candidate.country in ("", record.country) else ABROAD


_RULES: Final = (_share_identifier, _compare_names, _share_domain, _share_acronym)
