"""What a JSON document is, by its own words, and whether it has the members that its kind must have.

Sources: Verifiable Credentials Data Model 1.1 and 2.0 (sections 4 of both), Open Badges 3.0, Blockcerts v2 and v3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from register.credentials.errors import NotGenuine
from register.sentences import say

Document = Mapping[str, Any]

VC_CONTEXTS: Final = ("https://www.w3.org/2018/credentials/v1", "https://www.w3.org/ns/credentials/v2")
"""The first context of a credential of model 1.1, of model 2.0."""

_CREDENTIAL_TYPES: Final = frozenset(
    "VerifiableCredential OpenBadgeCredential AchievementCredential ClrCredential EndorsementCredential "
    "BlockcertsCredential EuropeanDigitalCredential".split()
)


def list_types(document: Document) -> tuple[str, ...]:
    """Return the texts under `type` (or `@type`), one or several."""
    return tuple([text for text in list_values(document.get("type", document.get("@type"))) if isinstance(text, str)])


def list_values(value: Any) -> list[Any]:
    """Return one or several values as a list; none for null or nothing."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def list_contexts(document: Document) -> tuple[str, ...]:
    """Return the addresses under `@context`, without contexts that are written out."""
    return tuple([text for text in list_values(document.get("@context")) if isinstance(text, str)])


def list_proofs(document: Document) -> list[Document]:
    """Return the proofs of a document that are objects."""
    return [proof for proof in list_values(document.get("proof")) if isinstance(proof, dict)]


def find_issuer(document: Document) -> str | None:
    """Return the identifier of the issuer, written as a text or as an object with `id`."""
    issuer = document.get("issuer")
    identifier = issuer.get("id") if isinstance(issuer, dict) else issuer
    return identifier if isinstance(identifier, str) else None


def is_credential(document: Document) -> bool:
    """Whether a document means to be a credential of W3C's data model, whole or not."""
    if _CREDENTIAL_TYPES.intersection(list_types(document)):
        return True
    named = any(context in VC_CONTEXTS for context in list_contexts(document))
    return "credentialSubject" in document and (named or "issuer" in document)


def check_credential(document: Document) -> None:
    """Raise NotGenuine unless a credential has what its data model requires of any."""
    contexts = list_values(document.get("@context"))
    if not contexts or contexts[0] not in VC_CONTEXTS:
        _refuse(say('expected "@context" to begin with {contexts}', contexts=" or ".join(VC_CONTEXTS)))
    if "VerifiableCredential" not in list_types(document):
        _refuse(say('expected "VerifiableCredential" among its types'))
    if find_issuer(document) is None:
        _refuse(say('expected "issuer" to be an address or an object with "id"'))
    subjects = list_values(document.get("credentialSubject"))
    if not subjects or not all(isinstance(subject, dict) and subject for subject in subjects):
        _refuse(say('expected "credentialSubject" to be an object that says something, or several'))
    if not isinstance(document.get("id", ""), str):
        _refuse(say('expected "id" to be one address'))


def _refuse(expected: str) -> None:
    raise NotGenuine(
        "malformed",
        say("This is not a whole credential: {expected}. Ask the issuer for a correct one.", expected=expected),
    )
