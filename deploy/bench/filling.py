"""Filling a register: invented issuers and accreditations, through the commands as anybody's, in large batches.

The names are made of syllables by a seeded generator: the same in every run, with the accents, scripts and words
that names of institutions have.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar

from register import commands
from register.payloads import AccreditationTerms, Actor, AgencyTerms, IssuerTerms

OPERATOR: Final = Actor(role="operator")
BATCH: Final = 5_000
AGENCIES: Final = 10

Item = TypeVar("Item")

_SYLLABLES: Final = (
    "ba be bo bra bro da del dor en er fa gra gren ha hel hol in ka kel kra la lem lin lo lu ma mar men mo na nes no"
    " ol or pa per pra ra ren ri ro sa sel sta ta tel tor tra tü u va ven vi vo wa wel wer zel zo å é ö ł"
).split()
_GREEK: Final = "α λο νι κα τη σα με ρο πα δη θε ξα φι ψα ω".split()
_FORMS: Final = (
    "University of {}", "Universität {}", "Université de {}", "École supérieure de {}", "Uniwersytet {}",
    "Universidad Politécnica de {}", "Hogeschool {}", "Univerzita {}", "Institute of Technology {}", "Högskolan i {}",
)  # fmt: skip


def make_names() -> Iterator[dict[str, str]]:
    """Yield names of issuers by language, without end, no two alike."""
    chance, seen = random.Random(20240101), set[str]()
    while True:
        place = "".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4))).capitalize()
        name = chance.choice(_FORMS).format(place)
        if name in seen:
            name = f"{name} {''.join(chance.choices(_SYLLABLES, k=2)).capitalize()} {len(seen)}"
        seen.add(name)
        names = {"en": name}
        if chance.random() < 0.1:
            names["el"] = "Πανεπιστήμιο " + "".join(chance.choices(_GREEK, k=3)).capitalize()
        yield names


def register_agencies(count: int = AGENCIES, country: str = "NL") -> list[str]:
    """Recognise some agencies without limits and return their ids."""
    terms = {"country": country, "valid_from": "2015-01-01"}
    return [
        commands.recognise_agency(
            AgencyTerms.model_validate({"names": {"en": f"Agency {number}"}, **terms}), actor=OPERATOR
        ).id
        for number in range(count)
    ]


def register_issuers(count: int, country: str = "NL") -> list[tuple[str, str, str]]:
    """Register issuers, each with a PIC, and return for each its id, its name and its PIC."""
    names = list(islice(make_names(), count))
    pics = [f"{900_000_000 + number}" for number in range(count)]
    terms = [
        IssuerTerms.model_validate(
            {"names": name, "country": country, "identifiers": [{"scheme": "pic", "value": pic}]}
        )
        for name, pic in zip(names, pics, strict=True)
    ]
    written = [w for part in _batches(terms) for w in commands.register_issuers(part, actor=OPERATOR)]
    return [(w.id, name["en"], pic) for w, name, pic in zip(written, names, pics, strict=True)]


def draft_grants(
    issuers: Sequence[str], agencies: Sequence[str], count: int, country: str = "NL", seed: int = 20240102
) -> list[AccreditationTerms]:
    """Return validated terms of accreditations, their issuers drawn at random; no two alike but by the same seed."""
    chance = random.Random(seed)
    return [
        AccreditationTerms.model_validate(
            {
                "issuer": chance.choice(issuers),
                "agency": chance.choice(agencies),
                "valid_from": f"20{chance.randint(16, 24)}-01-01",
                "scope": {
                    "eqf_levels": sorted(chance.sample((5, 6, 7, 8), chance.randint(1, 3))),
                    "isced_f": [chance.choice(("011", "0311", "0421", "061", "0715", "0913"))],
                    "jurisdictions": [country],
                },
                "report": {"url": f"https://agency.example/reports/{chance.getrandbits(48):x}"},
            }
        )
        for _ in range(count)
    ]


def grant(terms: Sequence[AccreditationTerms]) -> None:
    """Grant accreditations in batches."""
    for part in _batches(terms):
        commands.grant_accreditations(part, actor=OPERATOR)


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
