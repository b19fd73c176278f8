"""A bundle opens when it is whole, signed, proven and not from the future, and is refused in words otherwise."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog.note import COSIGNATURE, Signer
from ledger.tlog.policy import parse_policy
from register.credentials.bundle.archive import MANIFEST, Archive, Member
from register.credentials.bundle.manifest import Manifest, read_manifest
from register.credentials.bundle.opening import MAX_AGE, open_bundle, open_bytes
from register.credentials.bundle.registers import BundleRegisters
from register.credentials.errors import BadBundle
from register.key_chain import Handover
from tests import bundles, ledgers, peers
from tests.bundles import NOW, STRANGER, Source, draft, make
from tests.federation.strangers import meet_stranger
from tests.ledgers import UTOPIA, Ledger, grant, make_id
from tests.register.credentials.bundle.surgery import repack, swap

GRANTED = make_id(50)
LOG, WITNESS = str(peers.LOG.verifier), str(peers.WITNESS.verifier)
OTHER_LOG = Signer.generate(ledgers.ORIGIN, bytes(range(32)))
OTHER_WITNESS = Signer.generate("other.example/witness", bytes(range(1, 33)), COSIGNATURE)


def granted() -> Ledger:
    ledger = bundles.open_ledger()
    grant(ledger, GRANTED)
    return ledger


def open_now(data: bytes, **options: object) -> BundleRegisters:
    return open_bytes(data, **{"now": NOW, **options})  # type: ignore[arg-type]


WHOLE = make(draft(Source(granted())))


def refuse(data: bytes, code: str, **options: object) -> str:
    """Insist that a bundle is refused with a code and a sentence, and return that."""
    with pytest.raises(BadBundle) as refused:
        open_now(data, **options)
    assert refused.value.code == code, refused.value.message
    assert len(refused.value.message) > 20
    return refused.value.message


def test_a_bundle_opens_from_a_file_and_answers_with_its_age(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(WHOLE)
    registers = open_bundle(path, now=NOW + timedelta(days=2, hours=3))
    answer = registers.decide({"issuer": UTOPIA, "at": "2024-06-01"})
    assert answer["decision"] == "trusted"
    assert answer["bundle"] == {
        "node": "https://register.nl.example", "made_at": "2026-09-01T12:00:00Z", "as_of": "2026-09-01T12:00:00Z",
        "age_seconds": 183_600, "max_age_seconds": 2_592_000, "past_limit": False, "issuers": None,
        "log_key": "taken from the bundle itself",
    }  # fmt: skip
    assert "2 days and 3 hours old" in registers.words[0]
    assert registers.sent == ()


def test_the_age_is_that_of_the_checkpoint_when_it_is_older_than_the_bundle() -> None:
    registers = open_now(make(draft(replace(Source(granted()), signed_at=NOW - timedelta(days=40)))))
    assert registers.age.seconds == 40 * 86_400
    assert registers.decide({"issuer": UTOPIA, "at": "2024-06-01"})["decision"] == "unchecked"
    assert "past the limit" in registers.words[0]


@pytest.mark.parametrize(("late", "decision"), [(timedelta(0), "trusted"), (timedelta(seconds=1), "unchecked")])
def test_the_limit_is_the_verifiers_to_the_second(late: timedelta, decision: str) -> None:
    question = {"issuer": UTOPIA, "at": "2024-06-01"}
    assert open_now(WHOLE, now=NOW + MAX_AGE + late).decide(question)["decision"] == decision
    hour = timedelta(hours=1)
    assert open_now(WHOLE, now=NOW + hour + late, max_age=hour).decide(question)["decision"] == decision


def test_what_the_node_found_stale_stays_stale_however_patient_the_verifier() -> None:
    old = replace(Source(granted()), signed_at=NOW - timedelta(days=2))
    registers = open_now(make(draft(old)), max_age=timedelta(days=365))
    assert registers.decide({"issuer": UTOPIA, "at": "2024-06-01"})["decision"] == "unchecked"


def test_a_known_key_is_pinned_and_any_other_refused() -> None:
    registers = open_now(WHOLE, vkey=LOG)
    assert registers.decide({"issuer": UTOPIA})["bundle"]["log_key"] == "pinned"
    assert not any("--vkey" in word for word in registers.words)
    assert LOG in refuse(WHOLE, "other_key", vkey=str(OTHER_LOG.verifier))
    refuse(WHOLE, "other_key", vkey="no key")


@pytest.mark.parametrize(
    ("log", "witness", "code"),
    [(LOG, WITNESS, None), (str(OTHER_LOG.verifier), WITNESS, "other_key"),
     (LOG, str(OTHER_WITNESS.verifier), "quorum")],
)  # fmt: skip
def test_a_policy_pins_the_key_and_asks_for_its_quorum(log: str, witness: str, code: str | None) -> None:
    policy = parse_policy(f"log {log}\nwitness w {witness}\nquorum w\n".encode())
    if code is None:
        assert open_now(WHOLE, policy=policy).pinned
    else:
        refuse(WHOLE, code, policy=policy)


def test_the_keys_of_a_ledger_are_those_its_entries_name() -> None:
    keys = open_now(WHOLE).find_ledger(ledgers.ORIGIN)
    assert keys is not None
    assert (keys.log, keys.witnesses) == ((LOG,), (WITNESS,))
    assert open_now(WHOLE).find_ledger("elsewhere.example/ledger") is None


@pytest.mark.parametrize(
    "source",
    [Source(granted(), log=OTHER_LOG), Source(granted(), log=Signer.generate("other.example/ledger", bytes(32)))],
    ids=["another key of that name", "another name"],
)
def test_a_checkpoint_by_another_key_than_the_ledger_names_is_refused(source: Source) -> None:
    source = replace(source, origin=source.log.name)
    with pytest.raises(BadBundle):
        open_now(make(draft(source)))


def test_a_checkpoint_without_the_witness_that_the_ledger_names_has_no_time() -> None:
    refuse(make(draft(Source(granted(), witness=OTHER_WITNESS))), "undated")


def test_another_nodes_signature_is_refused() -> None:
    assert "entry 0" in refuse(make(draft(Source(granted())), key=STRANGER), "not_signed")


def test_a_manifest_whose_signature_was_altered_is_refused() -> None:
    archive = Archive(WHOLE)
    head, body, signature = archive.manifest.split(b".")
    swapped = b".".join(
        (head, body, bytes([signature[0] ^ 1 if signature[0] != ord("A") else ord("B")]) + signature[1:])
    )
    refuse(repack(WHOLE, {MANIFEST: swapped}), "not_signed")


@pytest.mark.parametrize("ahead", [timedelta(minutes=6), timedelta(days=1)])
def test_a_bundle_or_a_checkpoint_from_the_future_is_refused(ahead: timedelta) -> None:
    assert "future" in refuse(make(draft(Source(granted()), made_at=NOW + ahead)), "future")
    assert "future" in refuse(make(draft(replace(Source(granted()), signed_at=NOW + ahead))), "future")


MEMBERS = [member.name for member in read_manifest(Archive(WHOLE).manifest).members]


@pytest.mark.parametrize("name", MEMBERS)
def test_an_altered_or_missing_member_is_refused(name: str) -> None:
    content = bytes(Archive(WHOLE).view(name))
    for other in (content[:-1] + bytes([content[-1] ^ 1]), content + b"\0", b"", None):
        refuse(repack(WHOLE, {name: other}), "altered")


def test_members_that_the_manifest_does_not_list_are_refused() -> None:
    refuse(repack(WHOLE, {}, ("0/more", b"")), "altered")
    with pytest.warns(UserWarning, match="Duplicate"):
        doubled = repack(WHOLE, {}, (MEMBERS[0], b"another checkpoint"))
    refuse(doubled, "altered")


@given(st.data())
def test_a_truncated_file_is_refused_wherever_it_was_cut(data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(WHOLE) - 1))
    with pytest.raises(BadBundle):
        open_now(WHOLE[:cut])


@given(st.data())
def test_no_flipped_byte_changes_an_answer(data: st.DataObject) -> None:
    """Most are refused at once; the few in fields of the ZIP file that nobody reads change nothing."""
    at = data.draw(st.integers(0, len(WHOLE) - 1))
    flipped = WHOLE[:at] + bytes([WHOLE[at] ^ data.draw(st.integers(1, 255))]) + WHOLE[at + 1 :]
    try:
        answer = open_now(flipped).decide({"issuer": UTOPIA, "at": "2024-06-01"})
    except BadBundle:
        return
    assert answer == open_now(WHOLE).decide({"issuer": UTOPIA, "at": "2024-06-01"})


@pytest.mark.parametrize("data", [b"", b"PK", b"{}", bytes(1000), b"PK\x05\x06" + bytes(18)])
def test_what_is_no_bundle_is_refused(data: bytes) -> None:
    refuse(data, "no_bundle")


def test_a_zip_file_of_somebody_else_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("diploma.json", b"{}" * 500)
    refuse(out.getvalue(), "altered")


@pytest.mark.parametrize("manifest", [b"", b"a.b", b"a.b.c", b"e30.e30.e30", b"eyJhbGciOiJub25lIn0.e30."])
def test_a_manifest_that_is_none_is_refused(manifest: bytes) -> None:
    refuse(repack(WHOLE, {MANIFEST: manifest}), "no_bundle")


def resigned(alter: Callable[[Manifest], Manifest]) -> bytes:
    return make(draft(Source(granted())), alter=alter)


@pytest.mark.parametrize(
    ("alter", "code"),
    [
        (lambda said: said.model_copy(update={"format": 2}), "unknown_format"),
        (lambda said: said.model_copy(update={"ledgers": said.ledgers * 2}), "no_bundle"),
        (lambda said: said.model_copy(update={"members": said.members[1:]}), "altered"),
        (lambda said: said.model_copy(update={"members": (*said.members[:-1], Member("x", 1, "0" * 64))}), "altered"),
        (lambda said: said.model_copy(
            update={"ledgers": (said.own.model_copy(update={"size": said.own.size - 1}),)}), "altered"),
        (lambda said: said.model_copy(
            update={"ledgers": (said.own.model_copy(update={"folder": "7"}),)}), "incomplete"),
    ],
    ids=["later format", "ledger twice", "member unlisted", "other member", "smaller size", "other folder"],
)  # fmt: skip
def test_a_manifest_that_does_not_fit_is_refused_however_well_signed(
    alter: Callable[[Manifest], Manifest], code: str
) -> None:
    refuse(resigned(alter), code)


def test_a_member_that_swells_is_refused_before_it_fills_memory() -> None:
    """Signed by the node itself: whoever makes bundles may be hostile, too."""
    bomb = zlib.compress(bytes(64 << 20), 9, wbits=31)
    name = next(name for name in MEMBERS if "/entries/" in name)
    data = swap(WHOLE, {name: bomb})
    assert len(data) < 1 << 20
    refuse(data, "too_large")


def hand_over(**change: Any) -> tuple[str, str, bytes]:
    """A register that changed its log key: the key before, the present one, and its bundle."""
    node = meet_stranger("nl", number=1)
    node.peer.signed_at = NOW
    former = node.vkey
    node.hand_over(2, **change)
    source = Source(node.peer.ledger, log=node.peer.signer, witness=node.peer.witness, origin=node.peer.origin)
    handover = tuple(Handover.model_validate({**item, "receipt": ""}) for item in node.handover)
    return former, node.vkey, make(draft(source, handover=handover), key=node.statement)


def test_a_key_known_for_long_leads_to_the_present_one() -> None:
    former, present, data = hand_over()
    for vkey in (former, present):
        registers = open_now(data, vkey=vkey)
        assert registers.find_own_key() == present
    keys = open_now(data).find_ledger("register.nl.example/ledger")
    assert keys is not None
    assert keys.log == (present, former), "receipts of its time still count"


def test_a_key_in_other_hands_leads_nowhere_and_signs_nothing() -> None:
    former, present, data = hand_over(reason="compromised")
    assert "in other hands" in refuse(data, "other_key", vkey=former)
    keys = open_now(data, vkey=present).find_ledger("register.nl.example/ledger")
    assert keys is not None
    assert keys.log == (present,)
