"""What is handed in at `/verify`: one credential as a file, as text or by a code, with or without its receipt.

It stays in memory: the node's only upload handler writes no files, and nothing here keeps anything. A form from
another site is refused; there is no cookie to protect, but nobody else's page shall make this one speak.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext

from register.credentials.receipts import LARGEST as LARGEST_RECEIPT
from register.errors import NotEntitled, NotUnderstood
from register.qr_codes import is_address, read_codes
from register.site.examples import find_example
from register.site.telling import tell_plainly

FIELDS: Final = ("file", "text", "receipt", "example")


class HandedIn(NamedTuple):
    """The bytes of what is to be checked, and of the receipt beside it."""

    data: bytes
    receipt: bytes | None = None


def refuse_other_sites(request: HttpRequest) -> None:
    """Raise NotEntitled for a form that another site's page sent, as the browser says (Fetch Metadata, Origin)."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None:
        strange = site not in ("same-origin", "none")
    else:
        strange = origin is not None and urlsplit(origin).netloc != request.get_host()
    if strange:
        told = gettext("This form was sent by a page of another site. Open this page yourself and hand it in here.")
        raise NotEntitled("other_site", "", told)


def read_handed_in(request: HttpRequest) -> HandedIn:
    """Return what a form handed in; raises NotUnderstood with the field at fault."""
    for name in (*request.POST, *request.FILES):
        if name not in FIELDS:
            raise NotUnderstood(
                "unknown_field", name[:60], gettext("The form has a field that this page does not know.")
            )
    if example := request.POST.get("example"):
        return HandedIn(*find_example(example))
    return HandedIn(_read_credential(request), _read_receipt(request))


def _read_credential(request: HttpRequest) -> bytes:
    text, file = request.POST.get("text", "").strip(), request.FILES.get("file")
    if text and file is not None:
        told = gettext("Both a file and a text were handed in; hand in one of them.")
        raise NotUnderstood("both", "text", told)
    if text:
        return _read_text(text)
    if file is None:
        raise NotUnderstood("nothing", "file", gettext("Nothing was handed in. Choose a file, or paste its text."))
    data = _read_file(file)
    if not data.strip():
        raise NotUnderstood("empty", "file", gettext("The file is empty. Choose the file that holds the credential."))
    return data


def _read_text(text: str) -> bytes:
    if is_address(text):
        raise NotUnderstood("address", "text", tell_address())
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise NotUnderstood("invalid", "text", gettext("The text holds half a character; hand in the file.")) from None


def tell_address() -> str:
    """Say why an address is not followed, and what to do instead."""
    return gettext(
        "That is an address, not a credential. Addresses are never opened from here: whoever runs the other end would "
        "learn of your check. Open it yourself, download the credential, and hand in the file."
    )


def _read_receipt(request: HttpRequest) -> bytes | None:
    file = request.FILES.get("receipt")
    if file is None:
        return None
    if (file.size or 0) > LARGEST_RECEIPT:
        told = gettext("The receipt is too large to be one: expected at most %(most)d KB.")
        raise NotUnderstood("too_large", "receipt", told % {"most": LARGEST_RECEIPT // 1024})
    data = _read_file(file)
    if not data.strip():
        raise NotUnderstood("empty", "receipt", gettext("The receipt is empty. Leave it out, or choose another file."))
    return data


def _read_file(file: UploadedFile[Any]) -> bytes:
    data: bytes = file.read()
    return data


def read_pictured(data: bytes) -> bytes:
    """Return the credential in the QR code of a picture.

    Raises NotUnderstood (field `file`) when there is no code, several differ, or it holds an address.
    """
    try:
        found = read_codes(data)
    except ValueError as error:
        told = gettext("The picture is too large: %s.") % tell_plainly(str(error))
        raise NotUnderstood("too_large", "file", told) from None
    if len(found) > 1:
        told = ngettext(
            "The picture shows %(count)d QR code; cut out the one that is meant.",
            "The picture shows %(count)d different QR codes; cut out the one that is meant.",
            len(found),
        )
        raise NotUnderstood("several", "file", told % {"count": len(found)})
    if not found:
        raise NotUnderstood("no_code", "file", "")
    if is_address(found[0]):
        raise NotUnderstood("address", "file", tell_address())
    return found[0].strip().encode()
