"""Containers: a credential in a picture, a PDF, a ZIP or a presentation is the one that went in."""

from __future__ import annotations

import zipfile
import zlib
from typing import Any

import pytest
from pypdf import PdfWriter
from pypdf.annotations import FreeText
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from register.credentials.errors import CredentialError, NotACredential, NotGenuine, Unsupported
from register.credentials.reading import read
from register.credentials.reading.limits import MOST_CREDENTIALS
from tests.wrapping import (
    array,
    attach_pdf,
    bake_png,
    bake_svg,
    cdata,
    chunk,
    file_specification,
    itxt,
    make_credential,
    make_european,
    make_token,
    pack_zip,
    save_pdf,
    seal,
    without,
    write,
)

CREDENTIAL = write(make_credential(name="Straße, naïve 学位"))
ASCII = write(make_credential())
TOKEN = make_token(without(make_credential(), "proof"))
BADGE_2 = write({"@context": "https://w3id.org/openbadges/v2", "type": "Assertion"})
RECEIPT = b'{"version":1}'
SVG_2 = (
    b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:o="http://openbadges.org">'
    b'<o:assertion verify="https://x.example/1.json">%s</o:assertion></svg>'
)


def refuse(data: bytes, error: type[CredentialError], code: str) -> str:
    with pytest.raises(error) as refusal:
        read(data)
    assert refusal.value.code == code, refusal.value.message
    return refusal.value.message


def list_found(data: bytes) -> list[tuple[bytes, tuple[str, ...]]]:
    return [(one.raw, one.container) for one in read(data)]


PNGS = {
    "iTXt": bake_png(itxt(CREDENTIAL)),
    "iTXt, packed": bake_png(itxt(CREDENTIAL, packed=True)),
    "iTXt with language and translated keyword": bake_png(
        chunk(b"iTXt", b"openbadgecredential\0\0\0de\0Abzeichen\0" + CREDENTIAL)
    ),
    "tEXt": bake_png(chunk(b"tEXt", b"openbadgecredential\0" + CREDENTIAL)),
    "zTXt": bake_png(chunk(b"zTXt", b"openbadgecredential\0\0" + zlib.compress(CREDENTIAL))),
    "after other texts": bake_png(chunk(b"tEXt", b"Software\0Paint"), itxt(CREDENTIAL)),
    "twice the same": bake_png(itxt(CREDENTIAL), itxt(CREDENTIAL, packed=True)),
    "beside one of version 2": bake_png(itxt(BADGE_2, b"openbadges"), itxt(CREDENTIAL)),
}


@pytest.mark.parametrize("picture", PNGS.values(), ids=PNGS.keys())
def test_a_badge_is_read_from_a_png(picture: bytes) -> None:
    assert list_found(picture) == [(CREDENTIAL, ("png",))]


def test_a_badge_in_latin_1_is_read_from_a_png() -> None:
    text = '{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"name":"Straße",'
    text += '"issuer":"did:a:b","credentialSubject":{"a":"b"}}'
    (found,) = read(bake_png(chunk(b"tEXt", b"openbadgecredential\0" + text.encode("latin-1"))))
    assert found.document["name"] == "Straße"


def test_a_jwt_is_read_from_a_png() -> None:
    assert list_found(bake_png(itxt(TOKEN))) == [(TOKEN, ("png",))]


def test_pictures_without_a_badge_or_with_one_of_version_2_are_named() -> None:
    refuse(bake_png(), NotACredential, "plain_picture")
    refuse(bake_png(itxt(CREDENTIAL, b"comment")), NotACredential, "plain_picture")
    refuse(bake_png(itxt(BADGE_2, b"openbadges")), Unsupported, "open_badges_2")
    refuse(bake_png(itxt(b"https://x.example/1.json", b"openbadges")), Unsupported, "open_badges_2")
    refuse(SVG_2 % b"", Unsupported, "open_badges_2")
    refuse(SVG_2 % BADGE_2, Unsupported, "open_badges_2")
    refuse(b'<svg xmlns="http://www.w3.org/2000/svg"/>', NotACredential, "plain_picture")


SVGS = {
    "CDATA": (bake_svg(cdata(ASCII)), ASCII),
    "escaped": (bake_svg(ASCII.decode().replace('"', "&quot;")), ASCII),
    "characters by number": (bake_svg(cdata(ASCII).replace("<![CDATA[{", "&#123;<![CDATA[", 1)), ASCII),
    "attribute": (bake_svg("", f'verify="{TOKEN.decode()}"'), TOKEN),
    "both the same": (bake_svg(TOKEN.decode(), f'verify="{TOKEN.decode()}"'), TOKEN),
    "declaration and document type": (
        bake_svg(
            cdata(ASCII),
            prolog='<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://127.0.0.1:9/svg.dtd">',
        ),
        ASCII,
    ),
    "byte order mark": (b"\xef\xbb\xbf" + bake_svg(cdata(ASCII)), ASCII),
}


@pytest.mark.parametrize(("picture", "inside"), SVGS.values(), ids=SVGS.keys())
def test_a_badge_is_read_from_an_svg(picture: bytes, inside: bytes) -> None:
    assert list_found(picture) == [(inside, ("svg",))]


def test_files_are_read_from_a_pdf() -> None:
    pdf = attach_pdf({"logo.txt": b"University", "degree.json": CREDENTIAL, "badge.jwt": TOKEN})
    assert sorted(list_found(pdf)) == sorted([(CREDENTIAL, ("pdf",)), (TOKEN, ("pdf",))])


def attach_elsewhere(place: str) -> bytes:
    writer = PdfWriter()
    page = writer.add_blank_page(100, 100)
    specification = file_specification(writer, "degree.json", CREDENTIAL)
    reference = writer._add_object(specification)
    if place == "associated with the catalog":
        writer.root_object[NameObject("/AF")] = array(reference)
    elif place == "associated with a page":
        page[NameObject("/AF")] = array(reference)
    elif place == "annotation":
        note = DictionaryObject({NameObject("/Subtype"): NameObject("/FileAttachment"), NameObject("/FS"): reference})
        page[NameObject("/Annots")] = array(writer._add_object(note))
    elif place == "branch":
        leaf = DictionaryObject({NameObject("/Names"): array(TextStringObject("degree.json"), reference)})
        middle = DictionaryObject({NameObject("/Kids"): array(writer._add_object(leaf))})
        tree = DictionaryObject({NameObject("/Kids"): array(writer._add_object(middle))})
        writer.root_object[NameObject("/Names")] = DictionaryObject({NameObject("/EmbeddedFiles"): tree})
    return save_pdf(writer)


@pytest.mark.parametrize("place", ["associated with the catalog", "associated with a page", "annotation", "branch"])
def test_files_are_found_wherever_a_pdf_holds_them(place: str) -> None:
    assert list_found(attach_elsewhere(place)) == [(CREDENTIAL, ("pdf",))]


def test_a_file_that_a_pdf_names_twice_is_read_once() -> None:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    reference = writer._add_object(file_specification(writer, "degree.json", CREDENTIAL))
    writer.root_object[NameObject("/AF")] = array(reference, reference)
    assert list_found(save_pdf(writer)) == [(CREDENTIAL, ("pdf",))]


def test_pdf_files_without_a_credential_are_told_apart() -> None:
    writer = PdfWriter()
    page = writer.add_blank_page(100, 100)
    refuse(save_pdf(writer), NotACredential, "plain_pdf")
    refuse(attach_pdf({"logo.txt": b"University"}), NotACredential, "plain_pdf")
    refuse(attach_pdf({"degree.json": CREDENTIAL}, password="secret"), Unsupported, "pdf_encrypted")
    page[NameObject("/Annots")] = array(FreeText(text="x", rect=(0, 0, 1, 1)))
    signature = DictionaryObject({NameObject("/Type"): NameObject("/Sig"), NameObject("/ByteRange"): array()})
    writer.root_object[NameObject("/Perms")] = DictionaryObject({NameObject("/DocMDP"): writer._add_object(signature)})
    refuse(save_pdf(writer), Unsupported, "pdf_signature")


def test_files_are_read_from_a_zip() -> None:
    entries = {"a/degree.json": CREDENTIAL, "badge.png": PNGS["iTXt"], "readme.txt": b"Hello", "empty/": b""}
    expected = [(CREDENTIAL, ("zip",)), (CREDENTIAL, ("zip", "png"))]
    assert list_found(pack_zip(entries)) == expected
    assert list_found(pack_zip(entries, zipfile.ZIP_STORED)) == expected
    assert list_found(pack_zip({"all.pdf": attach_pdf({"badge.jwt": TOKEN})})) == [(TOKEN, ("zip", "pdf"))]


def test_a_zip_of_other_things_is_told_to_be_one() -> None:
    refuse(pack_zip({}), NotACredential, "not_a_credential")
    refuse(pack_zip({"readme.txt": b"Hello"}), NotACredential, "not_a_credential")
    refuse(pack_zip({"readme.txt": b"Hello", "META-INF/signatures.p7s": b"0"}), Unsupported, "asic")
    refuse(pack_zip({"a": CREDENTIAL}, zipfile.ZIP_BZIP2), Unsupported, "zip_method")
    refuse(pack_zip({"inner.zip": pack_zip({"a": CREDENTIAL})}), Unsupported, "nested_zip")


def test_a_zip_with_a_password_is_named() -> None:
    locked = bytearray(pack_zip({"a.json": CREDENTIAL}))
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    refuse(bytes(locked), Unsupported, "zip_encrypted")


@pytest.mark.parametrize(
    "names",
    [
        ("degree.json", "degree.receipt.json"),
        ("degree.json", "degree.json.receipt.json"),
        ("a/Degree.json", "a/degree.RECEIPT.json"),
        ("degree.json", "of-somebody.receipt.json"),
    ],
)
def test_a_receipt_beside_a_credential_is_its(names: tuple[str, str]) -> None:
    entries = dict(zip(names, (CREDENTIAL, RECEIPT), strict=True))
    for container in (pack_zip(entries), attach_pdf(entries)):
        (found,) = read(container)
        assert (found.raw, found.receipt) == (CREDENTIAL, RECEIPT)


def test_receipts_go_with_the_credentials_whose_names_they_have() -> None:
    entries = {"a.json": CREDENTIAL, "b.jwt": TOKEN, "b.receipt.json": b"{}", "a.receipt.json": RECEIPT}
    assert [(one.raw, one.receipt) for one in read(pack_zip(entries))] == [(CREDENTIAL, RECEIPT), (TOKEN, b"{}")]
    entries = {"a.json": CREDENTIAL, "b.jwt": TOKEN, "c.receipt.json": RECEIPT}
    assert [one.receipt for one in read(pack_zip(entries))] == [None, None]


def test_one_receipt_for_several_credentials_is_refused() -> None:
    several = write([make_credential(), make_credential()])
    refuse(pack_zip({"a.json": several, "a.receipt.json": RECEIPT}), NotGenuine, "receipt_of_several")
    refuse(write({"credential": [make_credential()] * 2, "receipt": {}}), NotGenuine, "receipt_of_several")


@pytest.mark.parametrize("credential", [make_credential(), seal(make_european()), TOKEN.decode()])
@pytest.mark.parametrize("receipt", [{"version": 1}, '{"version":1}'])
def test_credential_and_receipt_are_read_from_one_wrapper(credential: Any, receipt: Any) -> None:
    (found,) = read(write({"credential": credential, "receipt": receipt}))
    (alone,) = read(credential.encode() if isinstance(credential, str) else write(credential))
    assert (found.format, found.document, found.container) == (alone.format, alone.document, ("wrapper",))
    assert found.receipt is not None
    assert found.receipt.replace(b" ", b"") == b'{"version":1}'


def present(*credentials: Any, **members: Any) -> dict[str, Any]:
    return {"type": "VerifiablePresentation", "verifiableCredential": list(credentials), **members}


ENVELOPED = {"type": "EnvelopedVerifiableCredential", "id": f"data:application/vc+jwt,{TOKEN.decode()}"}


@pytest.mark.parametrize("inside", [make_credential(), TOKEN.decode(), ENVELOPED, seal(make_european())])
def test_credentials_are_read_from_a_presentation(inside: Any) -> None:
    (found,) = read(write(present(inside)))
    (alone,) = read(write(inside))
    assert (found.format, found.document, found.container) == (alone.format, alone.document, ("presentation",))
    assert found.findings == ()


PRESENTATIONS = {
    "with a proof": write(present(make_credential(), proof={"type": "DataIntegrityProof"})),
    "as a JWT": make_token({"vp": present(make_credential())}),
    "as a JWT of model 2.0": make_token(present(make_credential())),
    "enveloped": write(
        {
            "type": "EnvelopedVerifiablePresentation",
            "id": f"data:application/vp+jwt,{make_token(present(make_credential())).decode()}",
        }
    ),
    "sealed": write(seal(present(make_credential()))),
}


@pytest.mark.parametrize("data", PRESENTATIONS.values(), ids=PRESENTATIONS.keys())
def test_that_a_presentations_own_signature_is_not_checked_is_said(data: bytes) -> None:
    (found,) = read(data)
    assert [(one.code, one.outcome) for one in found.findings] == [("presentation_not_checked", "warning")]


def test_a_presentation_of_something_else_is_not_genuine() -> None:
    refuse(write(present(make_credential(), {"a": 1})), NotGenuine, "malformed")
    refuse(write(present("hello")), NotGenuine, "malformed")
    refuse(write([make_credential(), 7]), NotGenuine, "malformed")


def test_several_credentials_are_all_read_in_their_order() -> None:
    names = [str(number) for number in range(MOST_CREDENTIALS)]
    found = read(write([make_credential(name=name) for name in names]))
    assert [one.document["name"] for one in found] == names


def test_more_credentials_than_are_read_at_once_are_refused() -> None:
    many = [make_credential()] * (MOST_CREDENTIALS + 1)
    refuse(write(many), NotACredential, "too_many_credentials")
    refuse(write(present(*many)), NotACredential, "too_many_credentials")
    refuse(pack_zip({"a.json": write(many[1:]), "b.json": write(many[:1])}), NotACredential, "too_many_credentials")


def test_one_damaged_credential_among_others_is_not_passed_over() -> None:
    message = refuse(pack_zip({"a.json": CREDENTIAL, "b.json": CREDENTIAL[:-5]}), NotGenuine, "not_json")
    assert "2 of 2" in message
    assert "b.json" not in message, "names of files are often names of people"


def test_what_lay_beside_a_credential_and_was_not_checked_is_said() -> None:
    found = read(pack_zip({"a.json": CREDENTIAL, "b.json": BADGE_2, "c.jwt": TOKEN}))
    assert [[remark.code for remark in one.findings] for one in found] == [["beside_not_checked"]] * 2
    assert "version 2" in found[0].findings[0].text
