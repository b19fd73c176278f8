"""Replacing this node's keys: the log goes on, whoever knows an old key finds the new one, old receipts hold."""

from __future__ import annotations

import importlib
import itertools
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from deploy.keys import ensure_keys
from federation import rotation
from federation.introduction import verify_document
from federation.rotation import Plan, RotationRefused, end_overlap, rotate
from ledger import fsck, guard, key_files, publish
from ledger.errors import KeyUnusable
from ledger.key_files import LOG, WITNESS
from ledger.logs import get_log
from ledger.reader import latest_checkpoint, read_entries, read_receipts
from ledger.signer import node_signers, read_verifiers
from ledger.tlog.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.tlog.errors import UnknownKey
from ledger.tlog.note import VerifierKey, parse_vkey
from ledger.tlog.proof import check_proof, parse_proof
from register.key_chain import ChainBroken, Handover, follow_log_key
from register.projection import replaying
from register.queries.peers import find_register
from tests import factories

BOTH = (LOG, WITNESS)


@pytest.fixture(autouse=True)
def keys(transactional_db: None, tmp_path: Path, settings: Any) -> Path:
    """An open register with keys that a test may replace."""
    directory = tmp_path / "keys"
    shutil.copytree(settings.ASSAY_KEYS_DIR, directory)
    settings.ASSAY_KEYS_DIR = directory
    factories.open_register()
    return directory


def origin() -> str:
    return str(settings.ASSAY_ORIGIN)


def log_key() -> VerifierKey:
    return node_signers().log.verifier


def newest(*known: VerifierKey) -> SignedCheckpoint:
    return open_checkpoint(latest_checkpoint(origin()).note, known or read_verifiers(), origin())


def sign_later() -> None:
    """Sign again as the node does every few minutes, a second after the last time."""
    publish.refresh(origin(), timedelta(0), latest_checkpoint(origin()).time + timedelta(seconds=1))


def describe() -> dict[str, Any]:
    response = Client().get("/.well-known/assay.json")
    assert response.status_code == 200, response.content
    document: dict[str, Any] = json.loads(response.content)
    return document


def handovers() -> list[Handover]:
    return [Handover.model_validate(item) for item in describe()["handover"]]


def test_both_keys_sign_while_they_overlap_and_the_new_one_alone_afterwards() -> None:
    before = node_signers()
    rotate(Plan(BOTH))
    after = node_signers()
    assert after.log != before.log
    assert after.witness != before.witness
    assert after.retiring == (before.log, before.witness)
    signed = newest()
    assert {line.key for line in signed.log_signatures} == {before.log.verifier, after.log.verifier}
    assert {line.key for line in signed.cosignatures} == {before.witness.verifier, after.witness.verifier}
    for known in (before.log.verifier, after.log.verifier):
        assert newest(known).checkpoint == signed.checkpoint
    assert end_overlap() == []
    ended = end_overlap(now=datetime.now(UTC) + timedelta(days=31))
    assert ended == [str(before.log.verifier), str(before.witness.verifier)]
    sign_later()
    assert newest(after.log.verifier).checkpoint.size == signed.checkpoint.size
    with pytest.raises(UnknownKey):
        newest(before.log.verifier)


def test_a_key_whose_time_is_up_signs_no_more_although_nobody_put_it_away(keys: Path) -> None:
    rotate(Plan((LOG,), overlap=timedelta(days=1)))
    path = key_files.retiring_path(keys, LOG)
    lines = path.read_text().splitlines()
    key_files.write_key(path, f"{lines[0]}\nuntil {datetime.now(UTC) - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}\n")
    assert node_signers().retiring == ()


def test_the_ledger_announces_the_keys_and_names_them_from_then_on() -> None:
    before, moment = node_signers(), datetime.now(UTC).replace(microsecond=0)
    rotate(Plan(BOTH, overlap=timedelta(days=10)), now=moment)
    register = find_register(origin())
    assert register is not None
    assert (register.vkey, register.witness_vkey) == tuple(map(str, node_signers().verifiers[:2]))
    former = {key.use: key for key in register.keys if key.valid_until}
    assert former["log"].vkey == str(before.log.verifier)
    assert former["log"].valid_until == moment + timedelta(days=10)
    assert (former["witness"].reason, get_log(origin()).size) == ("scheduled", 2)
    assert replaying.check() is None


def test_old_receipts_and_checkpoints_stay_verifiable() -> None:
    old = log_key()
    factories.make_agency()
    receipts, entries = read_receipts(origin(), [0, 1]), stored()
    note = latest_checkpoint(origin()).note
    for _ in range(2):
        rotate(Plan((LOG,), overlap=timedelta(0)))
    for index, receipt in receipts.items():
        assert check_proof(parse_proof(receipt), entries[index], [old]).checkpoint.size == 2
    assert open_checkpoint(note, read_verifiers(), origin()).checkpoint.size == 2
    assert guard.read(origin()) == latest_checkpoint(origin()).note
    report = fsck.check_log(origin(), read_verifiers())
    assert (report.entries, report.unsigned) == (4, 0)
    factories.make_agency()
    assert fsck.check_log(origin(), read_verifiers()).entries == 5


def stored() -> list[bytes]:
    return read_entries(origin(), 0, get_log(origin()).size)


def test_whoever_knows_any_earlier_key_is_led_to_the_present_one() -> None:
    known = [log_key()]
    for overlap in (timedelta(days=1), timedelta(0), timedelta(0)):
        end_overlap(force=True)
        rotate(Plan((LOG,), overlap=overlap))
        known.append(log_key())
        factories.make_agency()
    rotate(Plan((WITNESS,)))
    offered = handovers()
    assert len(offered) == 4
    for at, key in enumerate(known):
        found = follow_log_key(key, offered)
        assert list(found.keys) == known[at:]
        assert all(signed.checkpoint.origin == origin() for signed in found.signed)
    document = describe()
    assert [one["vkey"] for one in document["former_vkeys"]] == [str(key) for key in known[:-1]]
    assert [one["reason"] for one in document["former_vkeys"]] == ["scheduled"] * 3
    assert len(document["former_witness_vkeys"]) == 1
    met = verify_document(json.dumps(document).encode(), settings.ASSAY_BASE_URL)
    assert met.vkey == str(known[-1])


def test_a_chain_that_is_not_proven_leads_nowhere() -> None:
    old = log_key()
    rotate(Plan((LOG,)))
    new = log_key()
    (handover,) = handovers()
    receipt = handover.former_receipt
    assert receipt is not None
    broken: list[dict[str, Any]] = [
        {"former_receipt": None},
        {"former_receipt": receipt.replace("index 1", "index 0")},
        {"former_receipt": "nonsense"},
        {"data": handover.data.replace(str(new), str(old))},
        {"data": "{}"},
        {"index": 0},
    ]
    for change in broken:
        with pytest.raises(ChainBroken):
            follow_log_key(old, [handover.model_copy(update=change)])
    assert follow_log_key(new, [handover]).keys == (new,)
    assert follow_log_key(old, []).keys == (old,)
    with pytest.raises(ChainBroken, match="got one of type register"):
        follow_log_key(old, [handover.model_copy(update={"data": describe()["opened"]["data"]})])


def test_a_stolen_key_is_replaced_at_once_and_hands_over_to_nobody() -> None:
    old = log_key()
    rotate(Plan((LOG,), compromised=True))
    new = log_key()
    assert new != old
    assert node_signers().retiring == ()
    with pytest.raises(UnknownKey):
        newest(old)
    assert newest(new).checkpoint.size == 2
    (handover,) = handovers()
    assert handover.former_receipt is None
    with pytest.raises(ChainBroken, match="in other hands"):
        follow_log_key(old, [handover])
    assert verify_document(json.dumps(describe()).encode(), settings.ASSAY_BASE_URL).vkey == str(new)
    assert fsck.check_log(origin(), read_verifiers()).unsigned == 0
    assert replaying.check() is None


def test_a_key_stolen_during_an_overlap_ends_it() -> None:
    first = log_key()
    rotate(Plan((LOG,)))
    rotate(Plan((LOG,), compromised=True))
    assert node_signers().retiring == ()
    with pytest.raises(UnknownKey):
        newest(first)
    assert newest(log_key()).checkpoint.size == 3


def test_a_stolen_log_key_leaves_the_witness_to_its_own_overlap() -> None:
    before = node_signers()
    rotate(Plan(BOTH))
    rotate(Plan((LOG,), compromised=True))
    assert node_signers().retiring == (before.witness,)


def test_nobody_has_to_listen_for_a_rotation_to_be_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed:
        def write(self, text: str) -> None:
            raise BrokenPipeError

    old = log_key()
    with pytest.raises(BrokenPipeError):
        call_command("rotate_key", stdout=Closed())
    assert newest(log_key()).checkpoint.size == 2
    assert log_key() != old


def test_a_second_rotation_waits_for_the_end_of_the_overlap(keys: Path) -> None:
    rotate(Plan((LOG,)))
    files = snapshot(keys)
    with pytest.raises(RotationRefused, match="--end-overlap"):
        rotate(Plan((LOG,)))
    assert (snapshot(keys), get_log(origin()).size) == (files, 2)
    rotate(Plan((WITNESS,)))
    end_overlap(force=True)
    rotate(Plan((LOG,)))
    assert len(read_verifiers()) == 2 + 2 + 1


def snapshot(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def test_a_replaced_key_is_kept_where_that_is_asked_for(keys: Path) -> None:
    old = node_signers().log
    rotate(Plan((LOG,), overlap=timedelta(0), keep=True))
    kept = keys / f"log.former-{old.verifier.key_id.hex()}.key"
    assert key_files.read_key(kept, LOG) == old
    assert kept.stat().st_mode & 0o777 == 0o600
    rotate(Plan((LOG,)))
    end_overlap(keep=True, force=True)
    assert len(list(keys.glob("log.former-*.key"))) == 2


def test_keys_that_the_ledger_does_not_name_stop_a_rotation_unless_they_are_said_to_be_new(keys: Path) -> None:
    former = str(log_key())
    for path in (keys / "log.key", keys / "witness.key"):
        path.unlink()
    ensure_keys(keys, origin())
    with pytest.raises(RotationRefused, match="--compromised"):
        rotate(Plan((LOG,)))
    assert get_log(origin()).size == 1
    rotate(Plan((LOG,), compromised=True))
    register = find_register(origin())
    assert register is not None
    assert (register.vkey, register.witness_vkey) == tuple(map(str, node_signers().verifiers))
    assert register.keys[0].vkey == former
    key_files.remember_former(keys, [former])


class Crash(Exception):
    """The power went."""


STEPS = (
    "ledger.key_files.write_key",
    "ledger.key_files.stage",
    "ledger.key_files.promote",
    "ledger.key_files.remember_former",
    "register.commands.announce_key",
    "ledger.publish.cover",
    "ledger.publish.refresh",
)


@pytest.mark.parametrize("compromised", [False, True], ids=["scheduled", "compromised"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_run_cut_off_at_any_step_is_continued_by_the_next(
    keys: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: bool, compromised: bool
) -> None:
    plan, old = Plan(BOTH, compromised=compromised), node_signers()
    for times in itertools.count(1):
        with monkeypatch.context() as patch:
            crash_at(patch, step, times, after)
            try:
                rotate(plan)
            except Crash:
                assert node_signers().log.name == origin(), "a node always has its keys"
                sign_later()
                continue
            except RotationRefused:  # it was complete, and both keys sign
                break
            break
    finish(plan)
    signers, register = node_signers(), find_register(origin())
    assert register is not None
    assert {register.vkey, register.witness_vkey} == {str(signers.log.verifier), str(signers.witness.verifier)}
    assert {str(key) for key in read_verifiers()} == {key.vkey for key in register.keys}
    assert rotation.list_unfinished() == []
    # Of a stolen key's replacement nobody can tell that it was complete, so another run replaces it once more.
    assert len(register.keys) == 4 or compromised
    assert signers.retiring == (() if compromised else (old.log, old.witness))
    assert newest(signers.log.verifier).checkpoint.size == get_log(origin()).size
    assert fsck.check_log(origin(), read_verifiers()).unsigned == 0
    if not compromised:
        assert follow_log_key(old.log.verifier, handovers()).keys[-1] == signers.log.verifier


def finish(plan: Plan) -> None:
    """Run it again as the operator would where a next key still lies there."""
    if rotation.list_unfinished():
        rotate(plan)


def crash_at(patch: pytest.MonkeyPatch, step: str, times: int, after: bool) -> None:
    """Let the `times`-th call of a function from now on fail, before or after its work."""
    module, name = step.rsplit(".", 1)
    owner = importlib.import_module(module)
    real, calls = getattr(owner, name), itertools.count(1)

    def once(*args: Any, **named: Any) -> Any:
        if next(calls) != times:
            return real(*args, **named)
        if after:
            real(*args, **named)
        raise Crash(step)

    patch.setattr(owner, name, once)


def test_the_command_says_each_step_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("rotate_key", overlap=timedelta(days=3))
    said = capsys.readouterr().out
    assert "announced as entry 1 of" in said
    assert f"log key in use: {log_key()}, the one before beside it until" in said
    assert "Peers follow by themselves" in said
    assert "PRIVATE" not in said
    with pytest.raises(CommandError, match="--end-overlap"):
        call_command("rotate_key", log=True)
    call_command("rotate_key", end_overlap=True)
    assert "signs no more" in capsys.readouterr().out
    call_command("rotate_key", end_overlap=True)
    assert "nothing to do" in capsys.readouterr().out
    call_command("rotate_key", "--witness", "--compromised")
    assert "Call the operators of all peers now" in capsys.readouterr().out
    for days in ("-1", "x", "4000"):
        with pytest.raises(CommandError):
            call_command("rotate_key", "--overlap", days)


def test_a_register_that_is_not_open_has_no_keys_to_replace(keys: Path, settings: Any) -> None:
    settings.ASSAY_ORIGIN = "register.xx.example/ledger"
    with pytest.raises((RotationRefused, KeyUnusable)):
        rotate(Plan((LOG,)))


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "{key}", "{key}\nuntil yesterday", "{witness}\nuntil 2026-01-01T00:00:00Z"],
    ids=["empty", "nonsense", "no time", "odd time", "of another kind"],
)
def test_a_spoiled_file_of_a_retiring_key_is_an_error_that_shows_no_secret(keys: Path, text: str) -> None:
    signers = node_signers()
    key = signers.log.to_text()
    key_files.write_key(key_files.retiring_path(keys, LOG), text.format(key=key, witness=signers.witness.to_text()))
    with pytest.raises(KeyUnusable) as refused:
        node_signers()
    assert key.split("+", 4)[-1] not in str(refused.value)


def test_a_key_is_parsed_from_its_vkey() -> None:
    assert parse_vkey(str(log_key())) == log_key()
