"""QR codes are drawn so that they read back, and read from whatever picture is handed in."""

from __future__ import annotations

import io

import pytest
import segno
from PIL import Image

from register import qr_codes
from register.qr_codes import draw_code, is_address, read_codes

TEXT = "eyJhbGciOiJFZERTQSJ9." + "a" * 1200 + ".signature"


def picture(text: str = TEXT, kind: str = "PNG", turned: int = 0, **made: object) -> bytes:
    drawn = io.BytesIO()
    segno.make(text, error="l").save(drawn, kind="png", scale=4, **made)
    image = Image.open(drawn).convert("RGBA" if kind in ("PNG", "WEBP") else "RGB")
    if turned:
        image = image.rotate(turned, expand=True, fillcolor="white")
    written = io.BytesIO()
    image.save(written, kind)
    return written.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_code_is_read_from_every_kind_of_picture(kind: str) -> None:
    assert read_codes(picture(kind=kind)) == (TEXT,)


@pytest.mark.parametrize("turned", [7, 90, 180])
def test_a_picture_may_be_held_askew(turned: int) -> None:
    assert read_codes(picture(turned=turned)) == (TEXT,)


def test_a_transparent_ground_is_white() -> None:
    assert read_codes(picture(light=None)) == (TEXT,)


def test_two_codes_are_both_read_and_the_same_twice_is_one() -> None:
    one, other = (Image.open(io.BytesIO(picture(text))) for text in ("first", "second"))
    side = max(one.width, other.width)
    for right, expected in ((other, {"first", "second"}), (one, {"first"})):
        both = Image.new("RGB", (2 * side + 40, side), "white")
        both.paste(one, (0, 0))
        both.paste(right, (side + 40, 0))
        written = io.BytesIO()
        both.save(written, "PNG")
        assert set(read_codes(written.getvalue())) == expected


@pytest.mark.parametrize(
    "data", [b"", b"not a picture", picture()[:400], b"\x89PNG\r\n\x1a\n", b"%PDF-1.7", b"<svg/>"], ids=range(6)
)
def test_what_is_no_picture_or_a_damaged_one_holds_no_code(data: bytes) -> None:
    assert read_codes(data) == ()


def test_a_picture_without_a_code_holds_none() -> None:
    plain = io.BytesIO()
    Image.new("RGB", (300, 200), "green").save(plain, "PNG")
    assert read_codes(plain.getvalue()) == ()


def test_a_picture_with_too_many_pixels_is_refused_before_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qr_codes, "MOST_PIXELS", 10_000)
    monkeypatch.setattr(qr_codes, "_flatten", lambda image: pytest.fail("a pixel was decoded"))
    with pytest.raises(ValueError, match="million pixels"):
        read_codes(picture())


def test_a_bomb_of_a_picture_is_refused() -> None:
    bomb = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 200_000
    with pytest.raises(ValueError, match="at most 50 million pixels"):
        read_codes(bomb.getvalue())


def test_a_drawn_code_is_a_picture_that_fetches_nothing_and_styles_nothing_inline() -> None:
    drawn = draw_code("https://register.example/issuers/1", "A <title> & more").decode()
    assert drawn.startswith("<svg")
    assert "<title>A &lt;title&gt; &amp; more</title>" in drawn
    assert "style" not in drawn
    assert "script" not in drawn
    assert drawn.count("http") == 1, "but for the namespace no address"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://university.example/credentials/1", True),
        (" openid4vp://authorize?request=1 ", True),
        ("did:web:university.example", True),
        ('{"@context": "https://www.w3.org/ns/credentials/v2"}', False),
        ("eyJhbGciOiJFZERTQSJ9.e30.c2ln", False),
        ("see https://university.example for more", False),
    ],
)
def test_an_address_is_told_from_a_credential(text: str, expected: bool) -> None:
    assert is_address(text) is expected
