"""JSON documents: which kind of credential one is, by its own words, and what is wrapped in it.

The order of the questions matters: what is signed as a whole (JWS) comes before what is inside, wrappers before what
they wrap, and the narrower format before the wider one. What fits several formats at once is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from register.credentials.errors import NotACredential, NotGenuine
from register.credentials.presented import Format, Presented
from register.credentials.reading.foreign import name_format
from register.credentials.reading.gathering import gather
from register.credentials.reading.limits import DEEPEST, MOST_WRAPPINGS
from register.credentials.reading.sealed import read_sealed
from register.credentials.reading.structure import (
    Document,
    check_credential,
    find_issuer,
    is_credential,
    list_contexts,
    list_proofs,
    list_types,
    list_values,
)
from register.credentials.reading.tokens import is_token, parse_token, read_token
from register.credentials.report import Finding
from register.json_text import NotStrictJson, parse_strict
from register.sentences import say

Container = tuple[str, ...]
Found = tuple[Presented, ...]

_WRAPPER: Final = frozenset({"credential", "receipt", "deliveryDetails", "verifiableCredential"})
_HINTS: Final = (b'"@context"', b'"credentialSubject"', b'"payload"', b'"signatures"', b"Credential", b'"proof"')
_JWT_DATA: Final = ("data:application/vc+jwt", "data:application/vp+jwt", "data:application/jwt")

PRESENTATION_NOT_CHECKED: Final = Finding(
    "presentation_not_checked",
    "warning",
    say("It came in a presentation. Who presents it, and to whom, was not checked."),
)


def read_json(text: bytes, container: Container) -> Found:
    """Return the credentials in a JSON text.

    Raises NotACredential, Unsupported, NotGenuine; a text that is broken is NotGenuine if it looks like a credential.
    """
    try:
        value = parse_strict(text, depth=DEEPEST)
    except NotStrictJson as error:
        if any(hint in text for hint in _HINTS):
            raise NotGenuine(
                error.code, say("This credential cannot be read: {fault}.", fault=error.sentence)
            ) from error
        raise NotACredential(
            "not_a_credential", say("This is no credential, nor JSON: {fault}.", fault=error.sentence)
        ) from error
    return read_value(value, text, container)


def read_value(value: Any, raw: bytes | None, container: Container) -> Found:
    """Return the credentials in a JSON value; `raw` is its own text if it has one."""
    if len(container) > MOST_WRAPPINGS:
        raise NotGenuine(
            "too_deeply_wrapped",
            say("expected at most {most} containers within each other", most=MOST_WRAPPINGS),
        )
    if isinstance(value, str):
        return read_text(value, container)
    if isinstance(value, list):
        return gather([_later(item, container) for item in value], strict=True)
    if not isinstance(value, dict):
        raise _nothing()
    return _read_object(value, raw or json.dumps(value, ensure_ascii=False).encode(), container)


def read_text(text: str, container: Container) -> Found:
    """Return the credentials in a JWT, or in a data URL of one (VCDM 2.0, section 4.13)."""
    stripped = text.strip()
    if stripped.startswith(_JWT_DATA):
        stripped = unquote_to_bytes(stripped.partition(",")[2]).decode("ascii", "replace").strip()
    if stripped.startswith(("{", "[")):
        return read_json(stripped.encode("utf-8", "replace"), container)
    if not is_token(stripped):
        raise _nothing()
    token = parse_token(stripped)
    claims = token.payload.get("vp", token.payload)
    if isinstance(claims, dict) and "VerifiablePresentation" in list_types(claims):
        return _read_presentation(claims, container, signed=True)
    return (read_token(token, container),)


def _later(value: Any, container: Container) -> Callable[[], Found]:
    return lambda: read_value(value, None, container)


def _read_object(document: Document, raw: bytes, container: Container) -> Found:
    if "payload" in document or "signatures" in document:
        return _read_jws(document, raw, container)
    if _WRAPPER.issuperset(document) and ("credential" in document or "verifiableCredential" in document):
        return _read_wrapper(document, container)
    types = list_types(document)
    if "EnvelopedVerifiableCredential" in types or "EnvelopedVerifiablePresentation" in types:
        return read_text(str(document.get("id", "")), container)
    if "VerifiablePresentation" in types:
        return _read_presentation(document, container, signed=bool(list_proofs(document)))
    return (Presented(_find_format(document), raw, document, container),)


def _read_jws(document: Document, raw: bytes, container: Container) -> Found:
    payload = read_sealed(document)
    if "VerifiablePresentation" in list_types(payload):
        return _read_presentation(payload, container, signed=True)
    return (Presented("edc", raw, payload, container),)


def _read_wrapper(document: Document, container: Container) -> Found:
    inside = document.get("credential", document.get("verifiableCredential"))
    found = read_value(inside, None, (*container, "wrapper"))
    receipt = document.get("receipt")
    if receipt is None:
        return found
    if len(found) != 1:
        raise NotGenuine("receipt_of_several", say("expected one credential beside a receipt, got several"))
    text = receipt if isinstance(receipt, str) else json.dumps(receipt, ensure_ascii=False)
    return (replace(found[0], receipt=text.encode()),)


def _read_presentation(document: Document, container: Container, *, signed: bool) -> Found:
    """Return the credentials in a presentation (VCDM 2.0, section 4.13)."""
    inner = (*container, "presentation")
    inside = list_values(document.get("verifiableCredential"))
    if not inside:
        raise NotACredential("empty_presentation", say("This presentation holds no credential."))
    found = gather([_later(item, inner) for item in inside], strict=True)
    if not signed:
        return found
    return tuple(replace(one, findings=(*one.findings, PRESENTATION_NOT_CHECKED)) for one in found)


def _find_format(document: Document) -> Format:
    """Return how a credential is secured; raises Unsupported, NotACredential and NotGenuine for what is none."""
    blockcerts = _find_blockcerts(document)
    if blockcerts:
        return blockcerts
    _check_foreign(document)
    proofs = list_values(document.get("proof"))
    if "EuropeanDigitalCredential" in list_types(document) and not proofs:
        return "edc_unsigned"
    if not is_credential(document):
        raise _nothing(document)
    check_credential(document)
    if not all(isinstance(proof, dict) for proof in proofs):
        raise NotGenuine(
            "malformed", say('This is not a whole credential: expected "proof" to be an object, or several.')
        )
    return "vc_data_integrity" if proofs else "vc_unsigned"


def _find_blockcerts(document: Document) -> Format | None:
    signature = document.get("signature")
    if isinstance(signature, dict) and "MerkleProof2017" in list_types(signature):
        return "blockcerts_v2"
    if isinstance(document.get("receipt"), dict) and "blockcerts/v1" in " ".join(list_contexts(document)):
        raise name_format("blockcerts_v1")
    for proof in list_proofs(document):
        kinds = (proof.get("type"), proof.get("chainedProofType"), proof.get("cryptosuite"))
        if "MerkleProof2019" in kinds or "merkle-proof-2019" in kinds:
            check_credential(document)
            return "blockcerts_v3"
    return None


def _check_foreign(document: Document) -> None:
    """Raise Unsupported for a credential of another format."""
    if {"Profile", "Issuer", "RevocationList"}.intersection(list_types(document)):
        raise _nothing(document)
    contexts = " ".join(list_contexts(document))
    if "openbadges/v2" in contexts or "openbadges/v1" in contexts:
        raise name_format("open_badges_2")
    if {"recipient", "badge", "verify"} <= document.keys():
        raise name_format("open_badges_2")
    if {"schema_id", "cred_def_id", "values"} <= document.keys():
        raise name_format("anoncreds")
    if (find_issuer(document) or "").startswith("did:ebsi:"):
        raise name_format("ebsi")
    if "credential_offer" in document or {"credential_issuer", "credential_configuration_ids"} <= document.keys():
        raise name_format("credential_offer")


_OTHERS: Final[Sequence[tuple[frozenset[str], str]]] = (
    (frozenset({"salt", "proof"}), say("a receipt; hand it in together with the credential that it belongs to")),
    (frozenset({"verificationMethod"}), say("a DID document")),
    (frozenset({"publicKey"}), say("a profile of an issuer or a document of keys")),
    (frozenset({"keys"}), say("a set of keys")),
)


def _nothing(document: Document | None = None) -> NotACredential:
    """Return the error for JSON that is no credential, saying what it is if that is known."""
    for names, kind in _OTHERS:
        if document is not None and names <= document.keys():
            return NotACredential("not_a_credential", say("This is {kind}. It is no credential.", kind=kind))
    return NotACredential(
        "not_a_credential", say("This holds no credential of any kind. Hand in the file you received.")
    )
