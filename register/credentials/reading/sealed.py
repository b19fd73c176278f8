"""JWS in JSON (RFC 7515, section 7.2): how European Digital Credentials are sealed (JAdES, ETSI TS 119 182-1).

Only taken apart here: which text is the payload, and that there is exactly one. The seal is checked by the proofs.
"""

from __future__ import annotations

from typing import Final

from register.credentials.errors import NotGenuine
from register.credentials.reading.foreign import name_format
from register.credentials.reading.limits import DEEPEST
from register.credentials.reading.structure import Document, find_issuer, list_types
from register.credentials.reading.tokens import decode_base64url
from register.json_text import NotStrictJson, parse_strict
from register.sentences import say

_GENERAL: Final = frozenset({"payload", "signatures"})
_FLATTENED: Final = frozenset({"payload", "protected", "header", "signature"})


def read_sealed(document: Document) -> Document:
    """Return the payload of a sealed European Digital Credential, or of a sealed presentation of some.

    Raises NotGenuine when members stand outside the signatures' cover, or the payload is ambiguous or damaged;
    Unsupported for a detached payload, SD-JWT, and payloads of other kinds.
    """
    if not (_GENERAL.issuperset(document) or _FLATTENED.issuperset(document)):
        raise NotGenuine(
            "outside_signature",
            say(
                "Beside the sealed payload this file holds members that no signature covers: expected only "
                "payload and signatures."
            ),
        )
    signatures = document.get("signatures", [document])
    if not isinstance(signatures, list) or not all(isinstance(one, dict) for one in signatures):
        raise NotGenuine("malformed", say('expected "signatures" to be a list of objects; is this file whole?'))
    if any("disclosures" in header for one in signatures if isinstance(header := one.get("header"), dict)):
        raise name_format("sd_jwt_vc")
    payload = _parse_payload(document.get("payload"))
    types = list_types(payload)
    if "VerifiablePresentation" not in types:
        if "EuropeanDigitalCredential" not in types:
            raise name_format("jws_json")
        _check_members(payload)
    return payload


def _parse_payload(payload: object) -> Document:
    """Read the payload's text, be it written as it is (`b64` false) or in base64url: the signatures say which."""
    if payload is None or payload == "":
        raise name_format("jades_detached")
    if not isinstance(payload, str):
        raise NotGenuine("malformed", say('expected "payload" to be a text; is this file whole?'))
    try:
        text = payload.encode() if payload.lstrip().startswith("{") else decode_base64url(payload)
        value = parse_strict(text, depth=DEEPEST)
    except NotStrictJson as error:
        raise NotGenuine(
            error.code, say("The sealed payload cannot be read: {fault}.", fault=error.sentence)
        ) from error
    except ValueError as error:
        raise NotGenuine(
            "damaged", say("The sealed payload is neither JSON nor base64url; is this file whole?")
        ) from error
    if not isinstance(value, dict):
        raise name_format("jws_json")
    return value


def _check_members(payload: Document) -> None:
    if find_issuer(payload) is None or "credentialSubject" not in payload:
        raise NotGenuine("malformed", say('This is not a whole credential: expected "issuer" and "credentialSubject".'))
