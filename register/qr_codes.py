"""QR codes: drawn of addresses, read from pictures that are handed in.

What a code holds is a stranger's text. An address in it is never opened from here: whoever made the code would learn
when and where a credential is checked, and would choose what the check gets to see.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import Final

import segno
import zxingcpp
from PIL import Image, UnidentifiedImageError

from register.sentences import say

MEDIA_TYPE: Final = "image/svg+xml"
MOST_PIXELS: Final = 50_000_000
"""Of a picture that is looked at: more than any telephone takes, and 50 MB as grey."""

_KINDS: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF")
_SIDE: Final = 2_400
"""Pixels of the longer side at which codes are looked for; a larger picture is made smaller first."""

_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]{1,40}:[^\s{}\"]+", re.IGNORECASE)


def draw_code(text: str, title: str) -> bytes:
    """Return a QR code of a text as an SVG document: black on white with its quiet zone, whatever it is put on.

    Error correction M: readable with a seventh of it dirty or worn.
    """
    drawn = io.BytesIO()
    code = segno.make(text, micro=False, error="m")
    code.save(drawn, kind="svg", scale=4, border=4, light="#fff", title=title, xmldecl=False, omitsize=True)
    return drawn.getvalue()


def read_codes(picture: bytes) -> tuple[str, ...]:
    """Return the texts of the QR codes in a picture, each once; nothing for what is no picture or holds none.

    PNG, JPEG, WebP and GIF, up to MOST_PIXELS. Raises ValueError for a larger one.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            grey = _load_grey(picture)
    except Image.DecompressionBombError:
        raise _refuse_size(say("more")) from None
    except (UnidentifiedImageError, OSError, SyntaxError, EOFError):
        return ()
    found = zxingcpp.read_barcodes(grey, formats=_KINDS)
    return tuple(dict.fromkeys(code.text for code in found if code.text))


def _load_grey(picture: bytes) -> Image.Image:
    """Decode a picture to grey, small enough to be searched; its size is known before a pixel is decoded."""
    with Image.open(io.BytesIO(picture), formats=_FORMATS) as image:
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise _refuse_size(f"{width} × {height}")
        image.draft("L", (_SIDE, _SIDE))
        grey = _flatten(image)
    grey.thumbnail((_SIDE, _SIDE))
    return grey


def _refuse_size(got: str) -> ValueError:
    return ValueError(say("expected at most {most} million pixels, got {got}", most=MOST_PIXELS // 1_000_000, got=got))


def _flatten(image: Image.Image) -> Image.Image:
    """Return a picture in grey on white; a transparent ground would come out black."""
    if not image.has_transparency_data:
        return image.convert("L")
    both = image.convert("LA")
    ground = Image.new("L", both.size, 255)
    ground.paste(both.getchannel("L"), mask=both.getchannel("A"))
    return ground


def is_address(text: str) -> bool:
    """Tell whether a text is nothing but one address (`https:…`, `openid4vp:…`), which nobody here opens."""
    return _ADDRESS.fullmatch(text.strip()) is not None
