"""Formats that are recognised and not supported: each is named, so that nobody takes them for damaged or forged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from register.credentials.errors import Unsupported
from register.sentences import Said, say

SUPPORTED: Final = (
    "Hand in a European Digital Credential, a W3C credential or Open Badge 3.0 (JSON, JWT, PNG or SVG), "
    "a Blockcerts certificate, or a PDF or ZIP file that holds one"
)

FORMATS: Final[Mapping[str, str]] = {
    "anoncreds": "an AnonCreds credential",
    "asic": "an ASiC container without a credential that is supported inside",
    "blockcerts_v1": "a Blockcerts certificate of version 1",
    "cades": "a signed message of CMS or CAdES",
    "compressed": "a file compressed with gzip; unpack it first",
    "cose": "a credential signed with COSE",
    "credential_offer": "an offer of a credential (OpenID4VCI), not the credential; accept it in a wallet first",
    "ebsi": "a credential of an issuer of EBSI, whose registry is not asked",
    "edci_xml": "a European Digital Credential in the XML format used until 2023; ask the issuer for the new one",
    "elmo": "an ELMO document of EMREX",
    "encrypted": "an encrypted message (JWE); decrypt it first",
    "jades_detached": "a JAdES signature without the document that it signs",
    "jws_detached": "a signature (JWS) without the document that it signs",
    "jws_json": "a JWS in JSON that is not a European Digital Credential; hand it in in the compact form",
    "mdoc": "an ISO/IEC 18013-5 document (mdoc)",
    "open_badges_2": "an Open Badge of version 2 or older, which its issuer's website vouches for",
    "pdf_encrypted": "a PDF file with a password; hand in one without",
    "pdf_signature": "a PDF file that is signed itself and holds no credential; its signature is not checked",
    "sd_jwt_vc": "a credential with selective disclosure (SD-JWT VC)",
    "signed_xml": "a signed XML document",
    "utf16": "a text in UTF-16; hand in the file as you received it, or save it as UTF-8",
    "nested_zip": "a ZIP file within a container; hand it in alone",
    "xml_entities": "an XML document that defines entities, which are not resolved",
    "zip_method": "a ZIP file compressed in another way than by deflate; pack it anew",
    "zip_encrypted": "a ZIP file with a password; unpack it first",
}
"""Code of a format → what it is, as the middle of a sentence."""


def name_format(code: str) -> Unsupported:
    """Return the error that names a format of FORMATS."""
    return Unsupported(
        code,
        say(
            "This is {kind}. It was recognised, but it is not checked here. {supported}.",
            kind=Said(FORMATS[code], {}),
            supported=Said(SUPPORTED, {}),
        ),
    )
