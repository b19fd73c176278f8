"""Introduction: all that a node says of itself follows from the key whose fingerprint people compare."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OKPKey
from mnemonic import Mnemonic

from federation.errors import PeerRefused, TooSlow, TransportError, UnexpectedAnswer, Unreachable
from federation.fingerprint import compute_fingerprint, read_fingerprint
from federation.introduction import LIMIT, PATH, introduce, read_base, verify_document
from ledger.signer import node_signers
from ledger.tlog.note import COSIGNATURE, Signer
from register import sentences
from tests.federation import cast
from tests.federation.strangers import Said, Stranger, Wire, meet_stranger, wire

URL = "https://register.de.example"


def refuse(stranger: Stranger, words: str, **changes: Any) -> str:
    """Insist that a description is refused with these words; return the sentence."""
    with pytest.raises(PeerRefused, match=words) as refused:
        verify_document(json.dumps(stranger.document(**changes)).encode(), stranger.url)
    return str(refused.value)


@pytest.mark.django_db
def test_a_node_is_met_with_its_name_territory_keys_and_fingerprint() -> None:
    stranger = meet_stranger("de")
    met = introduce(URL + "/", wire(stranger))
    assert (met.url, met.origin, met.name) == (URL, "register.de.example/ledger", "Register of DE")
    assert (met.operator, met.territory) == ("Ministry", ("DE",))
    assert (met.vkey, met.witness_vkey) == (stranger.vkey, str(stranger.peer.witness.verifier))
    assert met.fingerprint.hex == sha256(stranger.vkey.encode()).hexdigest()
    assert len(met.fingerprint.words) == 24
    assert len(met.fingerprint.grouped.split()) == 16
    assert met.signed.checkpoint.size == len(stranger.peer.entries)


@pytest.mark.django_db
def test_what_the_operator_was_told_is_compared() -> None:
    stranger = meet_stranger("de")
    fingerprint = compute_fingerprint(stranger.vkey)
    for told in (stranger.vkey, fingerprint.hex, fingerprint.grouped.upper(), " ".join(fingerprint.words)):
        assert introduce(URL, wire(stranger), expected=told).vkey == stranger.vkey
    other = str(cast.signer_of("register.de.example/ledger", number=2).verifier)
    for told in (other, compute_fingerprint(other).hex, " ".join(compute_fingerprint(other).words)):
        with pytest.raises(PeerRefused, match="do not go on while they differ"):
            introduce(URL, wire(stranger), expected=told)


def test_an_address_that_is_not_a_nodes_is_refused_before_anybody_is_asked() -> None:
    for text in ("", "register.de.example", "ftp://register.de.example", "https://", "https://a@b.example",
                 "https://b.example?x=1", "https://b.example#x", "https://[::1", "https://" + "a" * 2000):  # fmt: skip
        with pytest.raises(PeerRefused, match="expected a node's address"):
            read_base(text)
    assert read_base(f" {URL}{PATH} ") == read_base(f"{URL}/") == URL


def test_a_node_that_names_another_address_is_refused_and_the_address_told() -> None:
    sentence = refuse(meet_stranger("de"), "give that one", url="https://register.fr.example")
    assert "https://register.fr.example" in sentence
    refuse(meet_stranger("de"), "expected its ledger at", ledger_url="https://elsewhere.example/ledger")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "Another name"}, "says name"),
        ({"territory": ["DE", "FR"]}, "says territory"),
        ({"demonstration": True}, "says demonstration"),
        ({"origin": "register.fr.example/ledger"}, "its key belongs to"),
        ({"vkey": "nonsense"}, "keys cannot be read"),
        ({"vkey": str(cast.signer_of("register.de.example/ledger", number=2).verifier)}, "receipt"),
        ({"witness_vkey": str(cast.signer_of("x.example/witness", COSIGNATURE).verifier)}, "cosigned by its witness"),
        ({"witness_vkey": str(cast.signer_of("register.de.example/ledger").verifier)}, "keys of other types"),
        ({"opened": {"index": 1, "data": "{}", "receipt": "x"}}, "receipt of its entry 1 does not hold"),
    ],
)
def test_a_description_that_does_not_follow_from_its_key_is_refused(changes: Said, words: str) -> None:
    refuse(meet_stranger("de"), words, **changes)


def test_an_entry_that_was_altered_or_stands_elsewhere_is_refused() -> None:
    stranger = meet_stranger("de")
    told = stranger.document()
    altered = {**told["opened"], "data": told["opened"]["data"].replace("Ministry", "Nobody")}
    refuse(stranger, "receipt of its entry 0 does not hold", opened=altered)
    second = {"index": 1, "data": stranger.peer.entries[1].decode(), "receipt": stranger.peer.receipt(1)}
    refuse(stranger, "expected entry 0 to be register.opened", opened=second)
    refuse(stranger, "one for another entry", opened={**second, "index": 0})
    refuse(stranger, "expected entry 0 to be register.opened", handover=[second])


def test_a_description_signed_by_another_key_or_changed_after_signing_is_refused() -> None:
    stranger = meet_stranger("de")
    told = {**stranger.document(), "software_version": "2"}
    with pytest.raises(PeerRefused, match="not signed by the key that its ledger names"):
        verify_document(json.dumps(told).encode(), URL)
    stranger.statement = OKPKey.generate_key("Ed25519", private=True)
    refuse(stranger, "not signed by the key that its ledger names")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"name": 1}', b"\xff", b"[" * 30 + b"]" * 30, b" " * (LIMIT + 1)]
)
def test_what_is_no_description_is_refused(body: bytes) -> None:
    with pytest.raises(PeerRefused):
        verify_document(body, URL)


@given(
    st.sampled_from(["name", "origin", "vkey", "territory", "opened", "handover", "signature", "witness_vkey"]),
    st.data(),
)
def test_no_value_in_any_place_is_believed_or_breaks_anything(name: str, data: Any) -> None:
    stranger = meet_stranger("de")
    told = stranger.document()
    value = data.draw(
        st.one_of(st.none(), st.integers(-1, 9), st.text(max_size=20), st.lists(st.text(max_size=5), max_size=3))
    )
    if value == told[name]:
        return
    with pytest.raises(PeerRefused):
        verify_document(json.dumps({**told, name: value}).encode(), URL)


@pytest.mark.django_db
def test_this_node_itself_is_no_peer() -> None:
    own = meet_stranger("nl")
    with pytest.raises(PeerRefused, match="this node itself"):
        introduce(own.url, wire(own))


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["log", "witness"])
def test_a_key_of_ours_under_another_name_is_refused(kind: str) -> None:
    stranger = meet_stranger("de")
    seed = getattr(node_signers(), kind).seed
    stranger.peer.signer = Signer.generate(stranger.peer.origin, seed)
    entry = json.loads(stranger.peer.entries[0])
    entry["data"]["vkey"] = stranger.vkey
    stranger.peer.entries[0] = json.dumps(entry, separators=(",", ":"), sort_keys=True).encode()
    with pytest.raises(PeerRefused, match="uses a key of this node"):
        introduce(URL, wire(stranger))


@pytest.mark.django_db
def test_a_key_of_a_known_peer_under_another_name_is_refused() -> None:
    stranger = meet_stranger("de")
    other = cast.open_country("fr")
    same = Signer.generate(other.origin, stranger.peer.signer.seed)
    row = cast.recognise(other, "http://127.0.0.1:1", vkeys=[str(same.verifier)])
    with pytest.raises(PeerRefused, match=r"uses a key of the peer register\.fr\.example/ledger"):
        introduce(URL, wire(stranger))
    row.delete()
    row = cast.recognise(other, URL)
    with pytest.raises(PeerRefused, match="was recognised there"):
        introduce(URL, wire(stranger))
    row.delete()
    assert introduce(URL, wire(stranger)).vkey == stranger.vkey


def test_what_cannot_be_fetched_says_so() -> None:
    with pytest.raises(UnexpectedAnswer, match=f"answers at {URL}, but not as a node does .*404") as refused:
        introduce(URL, Wire())
    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Unreachable(sentences.say("the connection to {host} failed: {fault}", host="x", fault="refused")), "refused"),
        (
            Unreachable(sentences.say("expected an address for {host}, got none", host="x")),
            "expected an address for x, got none",
        ),
        (Unreachable("it broke"), "it broke"),
        (TooSlow(sentences.say("expected {address} to answer", address=f"{URL}{PATH}")), "no answer in time"),
    ],
)
def test_an_address_where_nobody_answers_is_told_as_it_was_typed(error: TransportError, words: str) -> None:
    def fail() -> bytes:
        raise error

    with pytest.raises(type(error)) as refused:
        introduce(URL, Wire({URL + PATH: fail}))
    told = "see whether the address is right and its node runs"
    assert str(refused.value) == f"nobody answers at {URL} ({words}); {told}"
    assert isinstance(refused.value.args[0], sentences.Said)


def test_changed_keys_are_shown_with_their_history() -> None:
    stranger = meet_stranger("de")
    first = stranger.vkey
    stranger.hand_over(2, witness=True)
    stranger.hand_over(3)
    met = verify_document(json.dumps(stranger.document()).encode(), URL)
    assert next(key.vkey for key in met.keys if key.use == "log") == first
    assert met.vkey == stranger.vkey != first
    assert len(met.handover) == 2


def test_a_key_that_its_own_ledger_does_not_name_or_calls_stolen_is_refused() -> None:
    stranger = meet_stranger("de")
    first = stranger.peer.signer
    stranger.peer.signer = cast.signer_of(stranger.peer.origin, number=2)
    refuse(stranger, "does not name .* as its log key")
    stranger.peer.signer = first
    stranger.hand_over(2, reason="compromised")
    stranger.peer.signer = first
    refuse(stranger, "in other hands")


def test_fingerprints_are_those_that_anybody_computes() -> None:
    fingerprint = compute_fingerprint("register.nl.example/ledger+c4fe0157+AQIDBA==")
    assert fingerprint.grouped == ("2d2b b4d3 7ef5 cb8e 7594 2807 7bcc de4b 506e 3304 c75b 8e6b 4ec6 2e1b e3bb 6dea")
    assert " ".join(fingerprint.words) == (
        "coffee frozen crumble worth frequent shrimp stone lunar alter taxi daring note "
        "alone book basic twin mobile foil ranch found sail tank response drill"
    )
    bits = int(fingerprint.hex, 16) << 8 | sha256(bytes.fromhex(fingerprint.hex)).digest()[0]
    english = Mnemonic("english").wordlist
    assert fingerprint.words == tuple(english[bits >> shift & 2047] for shift in range(253, -1, -11))


@given(st.text(max_size=60))
def test_a_fingerprint_reads_back_from_digits_and_words(vkey: str) -> None:
    fingerprint = compute_fingerprint(vkey)
    assert read_fingerprint(fingerprint.grouped) == read_fingerprint("  ".join(fingerprint.words)) == fingerprint.hex


@pytest.mark.parametrize("spoil", ["drop", "swap", "exchange", "short", "empty"])
def test_a_fingerprint_misheard_is_noticed(spoil: str) -> None:
    words = list(compute_fingerprint("example").words)
    match spoil:
        case "drop":
            words.pop()
        case "swap":
            words[0], words[1] = words[1], words[0]
        case "exchange":
            words[5] = "zoo" if words[5] != "zoo" else "abandon"
        case "short":
            words = [compute_fingerprint("example").hex[:40]]
        case "empty":
            words = []
    with pytest.raises(PeerRefused, match="compare all of it"):
        read_fingerprint(" ".join(words))


def test_the_list_of_words_is_fit_for_the_telephone() -> None:
    words = Mnemonic("english").wordlist
    assert len(words) == 2048
    assert len({word[:4] for word in words}) == 2048
