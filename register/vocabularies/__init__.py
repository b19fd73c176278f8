"""The closed lists the register speaks in: countries, regions, levels, fields, types, activities and reasons.

Pure: data files of this package, read once, no database and no network. Sources and licences: README.md.
"""

from register.vocabularies.concepts import Concept, UnknownTerm, Vocabulary
from register.vocabularies.jurisdictions import country_of, is_region_in, jurisdiction_chain, parse_jurisdiction
from register.vocabularies.loading import TRANSLATED, load, names
from register.vocabularies.terms import parse_credential_type, parse_eqf, parse_isced_f

__all__ = [
    "TRANSLATED",
    "Concept",
    "UnknownTerm",
    "Vocabulary",
    "country_of",
    "is_region_in",
    "jurisdiction_chain",
    "load",
    "names",
    "parse_credential_type",
    "parse_eqf",
    "parse_isced_f",
    "parse_jurisdiction",
]
