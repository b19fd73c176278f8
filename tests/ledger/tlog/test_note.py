"""Signed notes are read strictly, verified as the specification says, and written so that they read back."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog import note
from ledger.tlog.errors import NoteMalformed, SignatureInvalid, TlogError, UnknownKey
from ledger.tlog.note import (
    COSIGNATURE,
    ECDSA,
    ED25519,
    ML_DSA_44,
    PRIVATE_TYPE,
    TREE_HEAD,
    Note,
    Signature,
    Signer,
    VerifierKey,
)
from tests.ledger.tlog.cast import LOG, OTHER_LOG, TIME, WITNESS, make_signer

TEXT = "first line\n\nlast line: é\n"
SIGNED = note.format_note(TEXT, [LOG.sign(TEXT)])

# C2SP signed-note.md at 5ba5ee8, section "Verifier keys", example.
SPECIFIED_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPECIFIED_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXs"
    "YjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n")).map(lambda text: text + "\n")


def test_the_example_of_the_specification_verifies() -> None:
    opened = note.open_note(SPECIFIED_NOTE, [note.parse_vkey(SPECIFIED_KEY)])
    assert opened.text == "This is an example message.\n"
    assert str(opened.verified[0].key) == SPECIFIED_KEY


@given(texts)
def test_notes_read_back_and_verify(text: str) -> None:
    data = note.format_note(text, [LOG.sign(text), OTHER_LOG.sign(text)])
    parsed = note.parse_note(data)
    assert parsed.text == text
    assert note.format_note(parsed.text, parsed.signatures) == data
    opened = note.open_note(data, [LOG.verifier])
    assert [item.key for item in opened.verified] == [LOG.verifier]
    assert [item.name for item in opened.others] == [OTHER_LOG.name]


@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 255))
def test_a_note_with_any_byte_changed_is_refused(at: int, change: int) -> None:
    altered = SIGNED[:at] + bytes([SIGNED[at] ^ change]) + SIGNED[at + 1 :]
    with pytest.raises((NoteMalformed, SignatureInvalid, UnknownKey)):
        note.open_note(altered, [LOG.verifier])


@given(st.integers(0, len(SIGNED) - 1))
def test_a_note_cut_short_is_refused(at: int) -> None:
    with pytest.raises((NoteMalformed, SignatureInvalid, UnknownKey)):
        note.open_note(SIGNED[:at], [LOG.verifier])


LINE = LOG.sign("a\n").line


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\n\n",
        b"a\n",
        b"a\n\n",
        b"a\n\n\n",
        f"a\n{LINE}".encode(),
        f"a\n\n{LINE[:-1]}".encode(),
        f"a\r\n\n{LINE}".encode(),
        f"a\x00\n\n{LINE}".encode(),
        f"a\tb\n\n{LINE}".encode(),
        b"\xff\n\n" + LINE.encode(),
        f"a\n\n{LINE}{LINE[2:]}".encode(),
        f"a\n\n{LINE}not a line\n".encode(),
        "a\n\n— name\n".encode(),
        "a\n\n— name \n".encode(),
        "a\n\n— name AAAA\n".encode(),
        "a\n\n— na+me AAAAAAA=\n".encode(),
        "a\n\n— na\u00a0me AAAAAAA=\n".encode(),
        "a\n\n—  AAAAAAA=\n".encode(),
        b"a\n\n- name AAAAAAA=\n",
        "a\n\n— name AAAAAAA\n".encode(),
        "a\n\n— name AAAAAAB=\n".encode(),
        "a\n\n— name AAAA_AA=\n".encode(),
        "a\n\n— name AAAAAAA= \n".encode(),
        "\ufeff".encode("utf-16"),
        b"\xed\xa0\x80\n\n" + LINE.encode(),
    ],
)
def test_malformed_notes_are_refused(data: bytes) -> None:
    with pytest.raises(NoteMalformed):
        note.parse_note(data)


def test_the_text_ends_at_the_last_blank_line() -> None:
    inner = SIGNED.decode()
    data = note.format_note(inner, [OTHER_LOG.sign(inner)])
    assert note.parse_note(data).text == inner
    with pytest.raises(UnknownKey):
        note.open_note(data, [LOG.verifier])


def test_a_note_by_unknown_keys_only_is_refused() -> None:
    with pytest.raises(UnknownKey, match=LOG.name):
        note.open_note(SIGNED, [OTHER_LOG.verifier])
    with pytest.raises(UnknownKey):
        note.open_note(SIGNED, [])


@pytest.mark.parametrize("other", [make_signer(LOG.name, label="rotated"), make_signer("another.example/log")])
def test_lines_that_share_only_the_name_or_only_the_id_are_ignored(other: Signer) -> None:
    same_name_or_id = [
        Signature(LOG.name, other.verifier.key_id, bytes(64)),
        Signature(other.name + ".x", LOG.verifier.key_id, bytes(64)),
    ]
    data = note.format_note(TEXT, [*same_name_or_id, LOG.sign(TEXT)])
    assert len(note.open_note(data, [LOG.verifier]).verified) == 1


def test_a_known_line_that_fails_refuses_the_note_though_another_key_verifies() -> None:
    forged = Signature(LOG.name, LOG.verifier.key_id, bytes(64))
    data = note.format_note(TEXT, [OTHER_LOG.sign(TEXT), forged])
    with pytest.raises(SignatureInvalid):
        note.open_note(data, [LOG.verifier, OTHER_LOG.verifier])


@pytest.mark.parametrize("first", [True, False])
def test_pitfall_12_a_bad_duplicate_line_refuses_the_note_wherever_it_stands(first: bool) -> None:
    good, bad = LOG.sign(TEXT), Signature(LOG.name, LOG.verifier.key_id, bytes(64))
    data = note.format_note(TEXT, [bad, good] if first else [good, bad])
    with pytest.raises(SignatureInvalid):
        note.open_note(data, [LOG.verifier])


def test_pitfall_12_an_identical_duplicate_line_counts_once() -> None:
    data = SIGNED + LOG.sign(TEXT).line.encode()
    opened = note.open_note(data, [LOG.verifier])
    assert len(opened.verified) == 1
    assert note.format_note(TEXT, [LOG.sign(TEXT), LOG.sign(TEXT)]) == SIGNED


def test_sixteen_signatures_are_accepted_and_64_is_the_end() -> None:
    signers = [make_signer(f"signer.example/{i}") for i in range(65)]
    lines = [signer.sign(TEXT) for signer in signers]
    for count in (16, 64):
        opened = note.open_note(note.format_note(TEXT, lines[:count]), [signer.verifier for signer in signers])
        assert len(opened.verified) == count
    with pytest.raises(NoteMalformed, match="at most 64"):
        note.format_note(TEXT, lines)


def test_pitfall_14_oversized_notes_are_refused_unread() -> None:
    with pytest.raises(NoteMalformed, match="at most"):
        note.parse_note(b"a" * note.MAX_NOTE_BYTES + SIGNED)


def test_two_keys_for_one_name_and_id_are_a_mistake_of_the_caller() -> None:
    twin = VerifierKey(LOG.name, LOG.verifier.key_id, ED25519, OTHER_LOG.verifier.public_key)
    with pytest.raises(TlogError, match="got two"):
        note.open_note(SIGNED, [LOG.verifier, twin])
    assert note.open_note(SIGNED, [LOG.verifier, LOG.verifier]).verified


@pytest.mark.parametrize("signer", [LOG, WITNESS])
def test_keys_survive_their_text(signer: Signer) -> None:
    assert Signer.from_text(signer.to_text()) == signer
    assert note.parse_vkey(str(signer.verifier)) == signer.verifier


def test_a_vkey_whose_base64_holds_plus_signs_is_read() -> None:
    signers = (make_signer(f"plus.example/{i}") for i in range(200))
    signer = next(s for s in signers if str(s.verifier).count("+") > 2)
    assert note.parse_vkey(str(signer.verifier)) == signer.verifier


def vkey(name: str, key_type: int, public: bytes, key_id: bytes | None = None) -> str:
    known = note.compute_key_id(name, key_type, public) if key_id is None else key_id
    return str(VerifierKey(name, known, key_type, public))


@pytest.mark.parametrize("key_type", [ECDSA, TREE_HEAD, PRIVATE_TYPE, 0xFA, 0x00])
def test_types_that_cannot_be_verified_are_read_and_their_lines_ignored(key_type: int) -> None:
    key = note.parse_vkey(vkey(LOG.name, key_type, b"some public key", b"abcd"))
    assert not key.verifiable
    foreign = Signature(LOG.name, b"abcd", bytes(64))
    opened = note.open_note(note.format_note(TEXT, [foreign, LOG.sign(TEXT)]), [key, LOG.verifier])
    assert [item.key for item in opened.verified] == [LOG.verifier]
    with pytest.raises(UnknownKey):
        note.open_note(note.format_note(TEXT, [foreign]), [key])


def test_an_ml_dsa_key_is_read_and_cannot_be_verified() -> None:
    assert not note.parse_vkey(vkey("witness.example/pq", ML_DSA_44, bytes(1312))).verifiable


GOOD = LOG.verifier


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000",
        "name+00000000+",
        str(GOOD)[:-4],
        str(GOOD) + "AAAA",
        str(GOOD) + "\n",
        f"+{GOOD.key_id.hex()}+" + str(GOOD).split("+", 2)[2],
        str(GOOD).replace(GOOD.name, "other.example"),
        str(GOOD).replace(GOOD.key_id.hex(), GOOD.key_id.hex().upper() + " "),
        vkey(GOOD.name, ED25519, bytes(31)),
        vkey(GOOD.name, ED25519, GOOD.public_key, b"aaaa"),
        vkey(GOOD.name, COSIGNATURE, GOOD.public_key, GOOD.key_id),
        vkey("with space", ED25519, GOOD.public_key),
        vkey(GOOD.name, ECDSA, b"", b"aaaa"),
        "a+\ud800+b",
        f"{GOOD.name}+0x5_0000+" + base64.b64encode(b"\x02key").decode(),
    ],
)
def test_malformed_vkeys_are_refused(text: str) -> None:
    with pytest.raises(NoteMalformed):
        note.parse_vkey(text)


@pytest.mark.parametrize(
    "change",
    [("PRIVATE", "PUBLIC"), (LOG.name, "other.example"), (LOG.verifier.key_id.hex(), "00000000"), ("PRIVATE+", "")],
)
def test_a_damaged_private_key_is_refused_without_being_shown(change: tuple[str, str]) -> None:
    damaged = LOG.to_text().replace(*change)
    with pytest.raises(NoteMalformed) as caught:
        Signer.from_text(damaged)
    assert LOG.to_text()[-20:-4] not in str(caught.value)


@pytest.mark.parametrize("end", ["", "AAAA", "=", "\n", " "])
def test_a_private_key_with_another_end_is_refused_without_being_shown(end: str) -> None:
    with pytest.raises(NoteMalformed) as caught:
        Signer.from_text(LOG.to_text()[:-4] + end + ("" if end in ("", "AAAA") else LOG.to_text()[-4:]))
    assert LOG.to_text()[-20:-4] not in str(caught.value)


def test_pitfall_8_a_key_is_of_one_type_and_never_signs_for_another() -> None:
    with pytest.raises(TlogError, match="never reuse"):
        LOG.cosign(TEXT, TIME)
    with pytest.raises(TlogError, match="witness key"):
        WITNESS.sign(TEXT)
    same_seed = Signer(WITNESS.name, ED25519, WITNESS.seed)
    assert same_seed.verifier.key_id != WITNESS.verifier.key_id
    blob = WITNESS.cosign(TEXT, TIME).blob
    with pytest.raises(SignatureInvalid):
        same_seed.verifier.check(TEXT, Signature(WITNESS.name, b"", blob[8:]))


def test_a_signer_never_shows_its_seed() -> None:
    assert repr(LOG.seed) not in repr(LOG)
    assert LOG.seed.hex() not in repr(LOG)


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33)])
def test_a_seed_has_32_bytes(seed: bytes) -> None:
    with pytest.raises(TlogError):
        Signer.generate("log.example", seed)


@pytest.mark.parametrize("time", [0, -1, 2**63])
def test_cosignatures_have_a_time_from_1_to_the_largest(time: int) -> None:
    with pytest.raises(TlogError, match="POSIX seconds"):
        WITNESS.cosign(TEXT, time)


@pytest.mark.parametrize("blob", [b"", bytes(63), bytes(64), bytes(71), bytes(72), bytes(73), b"\xff" * 72])
def test_cosignature_blobs_of_another_form_do_not_verify(blob: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        WITNESS.verifier.check(TEXT, Signature(WITNESS.name, WITNESS.verifier.key_id, blob))


@pytest.mark.parametrize("text", ["", "no newline", "a\tb\n", "\ud800\n"])
def test_texts_no_reader_would_accept_are_not_written(text: str) -> None:
    with pytest.raises(NoteMalformed):
        note.format_note(text, [LOG.sign("a\n")])
    with pytest.raises(NoteMalformed):
        note.format_note("a\n", [])


def test_a_parsed_note_can_be_opened() -> None:
    assert note.open_note(Note(TEXT, (LOG.sign(TEXT),)), [LOG.verifier]).text == TEXT
