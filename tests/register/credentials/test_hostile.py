"""Hostile files: bombs, loops, endless nesting and ambiguous texts have one clear outcome and take little memory."""

from __future__ import annotations

import builtins
import logging
import tempfile
import tracemalloc
import zlib
from collections.abc import Callable
from functools import reduce
from typing import Any

import pytest

from register.credentials.errors import CredentialError, NotACredential, NotGenuine, Unsupported
from register.credentials.reading import MOST_BYTES, pdf, read
from register.credentials.reading.limits import DEEPEST, MOST_ENTRIES
from register.json_text import MOST_VALUES
from tests.wrapping import (
    attach_pdf,
    bake_png,
    bake_svg,
    cdata,
    chunk,
    encode,
    itxt,
    make_credential,
    make_european,
    make_token,
    pack_zip,
    seal,
    write,
)

CREDENTIAL = write(make_credential())
BIG = 64 * 1024 * 1024
PAGES = (b"<</Type/Pages/Kids[3 0 R]/Count 1>>", b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 1 1]>>")


def make_bomb(size: int = BIG) -> bytes:
    """Return a zlib stream of zeros, a thousandth of their size."""
    return zlib.compress(bytes(size), 9)


def make_pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """Return a PDF of objects as they are written, numbered from 1; the first is the catalog."""
    out, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    table = b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, rows)
    end = b"trailer<</Size %d/Root 1 0 R%b>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, len(out))
    return out + table + end


def make_catalog(names: bytes, *more: bytes) -> bytes:
    """Return a PDF whose catalog names attached files thus."""
    return make_pdf(b"<</Type/Catalog/Pages 2 0 R/Names %b>>" % names, *PAGES, *more)


def make_stream(data: bytes, filters: bytes = b"/FlateDecode") -> bytes:
    """Return an object with a stream."""
    return b"<</Length %d/Filter %b>>stream\n%b\nendstream" % (len(data), filters, data)


def attach(*streams: bytes) -> bytes:
    """Return a PDF with streams attached to it."""
    names = b"".join(b"(a)%d 0 R" % (4 + 2 * number) for number in range(len(streams)))
    objects = [
        part
        for number, stream in enumerate(streams)
        for part in (b"<</Type/Filespec/F(a.json)/EF<</F %d 0 R>>>>" % (5 + 2 * number), stream)
    ]
    return make_catalog(b"<</EmbeddedFiles<</Names[%b]>>>>" % names, *objects)


def test_the_pdfs_of_these_tests_are_read_when_they_are_honest() -> None:
    (found,) = read(attach(make_stream(zlib.compress(CREDENTIAL))))
    assert (found.raw, found.container) == (CREDENTIAL, ("pdf",))


LAUGHS = "".join(
    f'<!ENTITY {after} "{f"&{before};" * 10}">' for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)
Input = tuple[Callable[[], bytes], type[CredentialError], str]

HOSTILE: dict[str, Input] = {
    "an upload one byte too large": (lambda: b" " * (MOST_BYTES + 1), NotACredential, "too_large"),
    "an upload of 100 MB": (lambda: bytes(100_000_000), NotACredential, "too_large"),
    "zTXt bomb": (
        lambda: bake_png(chunk(b"zTXt", b"openbadgecredential\0\0" + make_bomb())),
        NotGenuine,
        "unpacks_too_large",
    ),
    "iTXt bomb": (
        lambda: bake_png(chunk(b"iTXt", b"openbadgecredential\0\1\0\0\0" + make_bomb())),
        NotGenuine,
        "unpacks_too_large",
    ),
    "zTXt cut": (
        lambda: bake_png(chunk(b"zTXt", b"openbadgecredential\0\0" + zlib.compress(CREDENTIAL)[:-9])),
        NotGenuine,
        "damaged",
    ),
    "zTXt of no zlib": (
        lambda: bake_png(chunk(b"zTXt", b"openbadgecredential\0\0" + CREDENTIAL)),
        NotGenuine,
        "damaged",
    ),
    "two credentials in one PNG": (
        lambda: bake_png(itxt(CREDENTIAL), itxt(write(make_credential(name="other")))),
        NotGenuine,
        "two_credentials",
    ),
    "two credentials in one PNG, in other kinds of text": (
        lambda: bake_png(itxt(CREDENTIAL), chunk(b"tEXt", b"OpenBadgeCredential\0" + CREDENTIAL[:-1] + b" }")),
        NotGenuine,
        "two_credentials",
    ),
    "PNG text altered": (lambda: bake_png(itxt(CREDENTIAL)).replace(b"learner", b"LEARNER"), NotGenuine, "damaged"),
    "PNG cut": (lambda: bake_png(itxt(CREDENTIAL))[:-20], NotACredential, "damaged"),
    "PNG whose chunk is longer than the file": (
        lambda: bake_png() + b"\x7f\xff\xff\xffiTXt",
        NotACredential,
        "plain_picture",
    ),
    "PNG of endless texts": (
        lambda: bake_png(*[chunk(b"tEXt", b"a\0b")] * (MOST_ENTRIES + 1)),
        NotGenuine,
        "too_many_parts",
    ),
    "two credentials in one SVG": (
        lambda: bake_svg(
            f"{cdata(CREDENTIAL)}</ob:credential><ob:credential>{cdata(write(make_credential(name='x')))}"
        ),
        NotGenuine,
        "two_credentials",
    ),
    "another credential in the attribute": (
        lambda: bake_svg(cdata(CREDENTIAL), f'verify="{make_token(make_credential()).decode()}"'),
        NotGenuine,
        "two_credentials",
    ),
    "SVG cut": (lambda: bake_svg(cdata(CREDENTIAL))[:-6], NotGenuine, "damaged"),
    "billion laughs": (
        lambda: bake_svg("&i;", prolog=f'<!DOCTYPE svg [<!ENTITY a "lol">{LAUGHS}]>'),
        Unsupported,
        "xml_entities",
    ),
    "an entity from a file": (
        lambda: bake_svg("&i;", prolog='<!DOCTYPE svg [<!ENTITY i SYSTEM "file:///etc/passwd">]>'),
        Unsupported,
        "xml_entities",
    ),
    "an entity from the web": (
        lambda: bake_svg("", prolog='<!DOCTYPE svg [<!ENTITY % i SYSTEM "http://127.0.0.1:1/"> %i;]>'),
        Unsupported,
        "xml_entities",
    ),
    "SVG nested without end": (lambda: bake_svg("<a>" * 100_000), NotGenuine, "too_deep"),
    "SVG of endless elements": (lambda: bake_svg("<a/>" * 200_000), NotGenuine, "too_deep"),
    "PDF stream bomb": (lambda: attach(make_stream(make_bomb())), NotGenuine, "unpacks_too_large"),
    "PDF of many bombs": (
        lambda: attach(*[make_stream(make_bomb(MOST_BYTES - 1))] * 4),
        NotGenuine,
        "unpacks_too_large",
    ),
    "PDF with filters without end": (
        lambda: attach(make_stream(CREDENTIAL, b"[" + b"/FlateDecode" * 99 + b"]")),
        NotGenuine,
        "unpacks_too_large",
    ),
    "PDF of thousands of attachments": (
        lambda: attach(*[make_stream(zlib.compress(b"x"))] * (MOST_ENTRIES + 1)),
        NotACredential,
        "too_many_parts",
    ),
    "PDF that names one thing without end": (
        lambda: make_catalog(
            b"<</EmbeddedFiles<</Kids[%b]>>>>" % (b"4 0 R " * 9), b"<</Names[%b]>>" % (b"5 0 R " * 5_000), b"<</F(a)>>"
        ),
        NotACredential,
        "plain_pdf",
    ),
    "PDF of endlessly many names": (
        lambda: make_catalog(
            b"<</EmbeddedFiles<</Kids[%b]>>>>" % (b"".join(b"%d 0 R " % (4 + number) for number in range(9))),
            *[b"<</Names[%b]>>" % (b"(a)" * 3_000)] * 9,
        ),
        NotACredential,
        "too_many_parts",
    ),
    "PDF whose tree of names loops": (
        lambda: make_catalog(b"<</EmbeddedFiles 4 0 R>>", b"<</Kids[4 0 R 4 0 R]>>"),
        NotACredential,
        "plain_pdf",
    ),
    "PDF whose objects refer to each other": (
        lambda: make_catalog(b"4 0 R", b"5 0 R", b"4 0 R"),
        NotACredential,
        "damaged",
    ),
    "PDF whose pages loop": (
        lambda: make_pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9>>"),
        NotACredential,
        "damaged",
    ),
    "PDF whose tables loop": (
        lambda: _loop_tables(make_pdf(b"<</Type/Catalog/Pages 2 0 R>>", *PAGES, trailer=b"/Prev 0000000")),
        NotACredential,
        "plain_pdf",
    ),
    "PDF of arrays without end": (lambda: make_catalog(b"[" * 1_000_000), NotACredential, "damaged"),
    "PDF of dictionaries without end": (lambda: make_catalog(b"<</a" * 500_000), NotACredential, "damaged"),
    "PDF without an end": (lambda: b"%PDF-1.4\n" + b"1 0 obj " * 1_000_000, NotACredential, "damaged"),
    "PDF of ends": (lambda: b"%PDF-1.4\n" + b"startxref\n5\n" * 500_000, NotACredential, "damaged"),
    "PDF of nothing": (lambda: b"%PDF-1.4\nstartxref\n0\n%%EOF", NotACredential, "damaged"),
    "ZIP bomb": (lambda: pack_zip({"a.json": bytes(BIG)}), NotGenuine, "unpacks_too_large"),
    "ZIP of many bombs": (
        lambda: pack_zip({f"{number}.json": bytes(MOST_BYTES) for number in range(3)}),
        NotGenuine,
        "unpacks_too_large",
    ),
    "ZIP that says it is small": (lambda: _belittle(pack_zip({"a.json": bytes(BIG)})), NotACredential, "damaged"),
    "ZIP of 100,000 entries": (
        lambda: _multiply(pack_zip({"a": b""}), 100_000),
        NotACredential,
        "too_many_parts",
    ),
    "ZIP within a ZIP within a ZIP": (
        lambda: pack_zip({"a.zip": pack_zip({"b.zip": pack_zip({"c.json": CREDENTIAL})})}),
        Unsupported,
        "nested_zip",
    ),
    "ZIP cut": (lambda: pack_zip({"a.json": CREDENTIAL})[:-30], NotACredential, "damaged"),
    "ZIP altered": (lambda: _alter_entry(pack_zip({"a.json": CREDENTIAL})), NotACredential, "damaged"),
    "wrapped without end": (
        lambda: write(reduce(_present, range(20), make_credential())),
        NotGenuine,
        "too_deeply_wrapped",
    ),
    "JWTs in JWTs without end": (lambda: _nest_tokens(), NotGenuine, "too_deeply_wrapped"),
}


def _loop_tables(document: bytes) -> bytes:
    return document.replace(b"/Prev 0000000", b"/Prev %07d" % document.index(b"xref\n"))


def _belittle(archive: bytes) -> bytes:
    """Write sizes of 10 into an entry of a ZIP file."""
    changed = bytearray(archive)
    at = archive.index(b"PK\x01\x02")
    changed[at + 24 : at + 28] = changed[22:26] = (10).to_bytes(4, "little")
    return bytes(changed)


def _multiply(archive: bytes, times: int) -> bytes:
    """Name the only entry of a ZIP file many times in its directory."""
    start, end = archive.index(b"PK\x01\x02"), archive.index(b"PK\x05\x06")
    return archive[:start] + archive[start:end] * times + archive[end:]


def _alter_entry(archive: bytes) -> bytes:
    changed = bytearray(archive)
    changed[60] ^= 1
    return bytes(changed)


def _present(inside: Any, _: int) -> dict[str, Any]:
    return {"type": "VerifiablePresentation", "verifiableCredential": inside}


def _nest_tokens() -> bytes:
    inside = make_token(make_credential()).decode()
    for _ in range(6):
        inside = make_token(_present(inside, 0)).decode()
    return inside.encode()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_has_a_clear_outcome_and_takes_little_memory(name: str) -> None:
    build, error, code = HOSTILE[name]
    data = build()
    tracemalloc.start()
    try:
        with pytest.raises(error) as refusal:
            read(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (refusal.value.code, type(refusal.value)) == (code, error), refusal.value.message
    assert len(refusal.value.message) < 500
    assert peak < 6 * MOST_BYTES


@pytest.mark.parametrize(
    "name", ["../degree.json", "a/../../degree.json", "/etc/passwd", "C:/degree.json", "..\\degree.json", "\\\\host\\a"]
)
def test_a_zip_whose_names_lead_outside_is_refused(name: str) -> None:
    with pytest.raises(NotGenuine) as refusal:
        read(pack_zip({"degree.json": CREDENTIAL, name: CREDENTIAL}))
    assert refusal.value.code == "hostile_name"


def test_a_pdf_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "SECONDS", -1)
    with pytest.raises(NotACredential) as refusal:
        read(attach_pdf({"a.json": CREDENTIAL}))
    assert refusal.value.code == "too_complex"


AMBIGUOUS: dict[str, tuple[bytes, str]] = {
    "nesting of depth 10,000": (b"[" * 10_000 + b"]" * 10_000, "too_deep"),
    "objects of depth 10,000": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "too_deep"),
    "one level too deep": (b"[" * DEEPEST + b"]" * DEEPEST, "too_deep"),
    "millions of values": (b"[" + b"{}," * MOST_VALUES + b"1]", "too_many_values"),
    "a name twice": (b'{"a":1,"a":2}', "name_twice"),
    "a name twice, spelt differently": (b'{"a":1,"\\u0061":2}', "name_twice"),
    "NaN": (b"NaN", "not_a_number"),
    "infinity": (b"[-Infinity]", "not_a_number"),
    "half a surrogate pair": (b'"\\ud800"', "surrogate"),
    "half a surrogate pair as a name": (b'{"\\udfff":1}', "surrogate"),
    "a surrogate in UTF-8": (b'"\xed\xa0\x80"', "not_utf8"),
    "Latin-1": (b'"\xfc"', "not_utf8"),
    "a huge integer": (b"9" * 100_000, "number_too_large"),
    "an integer that is not the same everywhere": (b"9007199254740993", "number_too_large"),
    "a huge exponent": (b"1e400", "number_too_large"),
    "digits without end": (b"0." + b"1" * 100_000, "number_too_large"),
    "NUL, escaped": (b'"\\u0000"', "nul"),
    "NUL": (b'"\x00"', "not_json"),
    "NUL between": (b"1\x00", "not_json"),
    "a byte order mark inside": (b"\xef\xbb\xbf1", "not_json"),
    "a comment": (b"1 /* two */", "not_json"),
    "a trailing comma": (b"[1,]", "not_json"),
}


def insert(value: bytes) -> bytes:
    """Return a credential's text with a value in it as it is written."""
    return CREDENTIAL[:-1] + b',"more":' + value + b"}"


def insert_payload(value: bytes) -> bytes:
    """Return the text of a European credential's payload with a value in it."""
    return write(make_european())[:-1] + b',"more":' + value + b"}"


def test_the_texts_of_these_tests_are_read_when_they_are_honest() -> None:
    for value in (b"1", b'"\\ud83d\\ude00"', b"-9007199254740991", b"0.5", b'"\\\\u0000"', b"[" * 30 + b"]" * 30):
        for data in (insert(value), make_token(insert(value)), write(seal(encode(insert_payload(value))))):
            assert len(read(data)) == 1


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_a_text_that_two_readers_could_read_differently_is_not_genuine(name: str) -> None:
    value, code = AMBIGUOUS[name]
    wrapped = [insert(value), make_token(insert(value)), write(seal(encode(insert_payload(value))))]
    wrapped += [
        bake_png(itxt(insert(value))),
        pack_zip({"a.json": insert(value)}),
        attach_pdf({"a.json": insert(value)}),
    ]
    for data in wrapped:
        with pytest.raises(NotGenuine) as refusal:
            read(data)
        assert refusal.value.code == code, refusal.value.message
        assert len(refusal.value.message) < 400


def test_texts_full_of_brackets_and_quotes_are_no_nesting() -> None:
    (found,) = read(write(make_credential(name="[{" * 500_000 + '\\"[')))
    assert found.document["name"] == "[{" * 500_000 + '\\"['


def test_nothing_is_written_to_disk_and_nothing_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    samples = [CREDENTIAL, bake_png(itxt(CREDENTIAL)), bake_svg(cdata(CREDENTIAL)), pack_zip({"a.json": CREDENTIAL})]
    samples += [attach_pdf({"a.json": CREDENTIAL}), attach_pdf({"a.json": CREDENTIAL})[:-40] + b"startxref\n7\n%%EOF"]
    monkeypatch.setattr(builtins, "open", lambda *_, **__: pytest.fail("a file was opened"))
    monkeypatch.setattr(tempfile, "_get_default_tempdir", lambda *_: pytest.fail("a temporary file was made"))
    with caplog.at_level(logging.DEBUG):
        for sample in samples[:-1]:
            read(sample)
        with pytest.raises(NotACredential):
            read(samples[-1])
    assert caplog.records == []
