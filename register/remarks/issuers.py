"""The rules of remarks on a new issuer. Pure."""

from __future__ import annotations

from register.payloads import IssuerTerms
from register.remarks.accreditations import Facts
from register.remarks.known import Known


def identifier_missing(terms: IssuerTerms, known: Known) -> Facts | None:
    """Nothing but its name tells the issuer from another of the same name."""
    return None if terms.identifiers else {}


def website_missing(terms: IssuerTerms, known: Known) -> Facts | None:
    """No website is named."""
    return None if terms.website else {}


def language_unknown(terms: IssuerTerms, known: Known) -> Facts | None:
    """Its only name is in a language that nobody stated."""
    return {} if set(terms.names) == {"und"} else None
