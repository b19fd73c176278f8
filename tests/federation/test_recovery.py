"""A node lost for good is rebuilt from its mirrors; what cannot be brought back is said, and nothing is made up."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command

from deploy import prepare
from deploy.keys import ensure_keys, read_signer
from federation.errors import RecoveryRefused
from federation.recovery import Forked, Recovered, Request, is_under_way, recover
from federation.sync import restoring
from federation.sync.bundles import Batch
from federation.transport import open_client
from ledger import fsck, guard, publish, reader
from ledger.errors import RolledBack
from ledger.key_files import FORMER_VKEYS
from ledger.signer import node_signers, read_verifiers
from ledger.tlog.fork import check_fork, parse_fork
from ledger.tlog.merkle import Frontier, hash_leaves
from ledger.tlog.proof import check_proof, parse_proof
from ledger.tlog.tiles import ENTRIES, Tile
from ledger.tlog.trusted import accept_entries, advance, resume
from register.projection import replaying
from tests import factories, ledgers, reference
from tests.federation import cast
from tests.peers import Peer, serve

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, settings: Any) -> Path:
    """Keys of this node, which a test may lose."""
    settings.ASSAY_KEYS_DIR = tmp_path / "keys"
    settings.ASSAY_DATA_DIR = tmp_path
    settings.ASSAY_TERRITORY = ["NL"]
    ensure_keys(settings.ASSAY_KEYS_DIR, settings.ASSAY_ORIGIN)
    return tmp_path / "keys"


@pytest.fixture
def lost(keys: Path, settings: Any) -> Peer:
    """This node as it was before it was lost: 705 entries, signed with its keys."""
    return write_log(700)


def write_log(issuers: int) -> Peer:
    log, witness = (read_signer(Path(configured.ASSAY_KEYS_DIR) / f"{name}.key") for name in ("log", "witness"))
    opening = {**ledgers.OPENING, "vkey": str(log.verifier), "witness_vkey": str(witness.verifier)}
    ledger = ledgers.Ledger(source=configured.ASSAY_BASE_URL, opening=opening)
    ledgers.recognise(ledger, ledgers.WIDE, country="NL")
    peer = Peer(ledger, signer=log, witness=witness, origin=configured.ASSAY_ORIGIN)
    grow(peer, issuers)
    return peer


def grow(peer: Peer, issuers: int, first: int = 0) -> None:
    start = len(peer.entries) + first
    for number in range(start, start + issuers):
        ledgers.register(peer.ledger, ledgers.make_id(0xA00000 + number), country="NL")


def cut(peer: Peer, size: int, **fields: Any) -> Peer:
    """The same log as somebody holds it who copied only its beginning."""
    ledger = ledgers.Ledger.__new__(ledgers.Ledger)
    ledger.__dict__.update(peer.ledger.__dict__)
    ledger.entries = peer.entries[:size]
    return replace(peer, ledger=ledger, asked=[], **fields)


@contextmanager
def mirroring(*copies: Peer) -> Iterator[list[str]]:
    """Nodes that each mirror what they hold of our log; yields their addresses."""
    with ExitStack() as stack:
        holders = [cast.open_country(code, mirrors=[copy]) for code, copy in zip(("de", "fr"), copies, strict=False)]
        yield [stack.enter_context(serve(holder)) for holder in holders]


def run(urls: Sequence[str], *vkeys: str, **options: Any) -> Recovered:
    with open_client() as client:
        return recover(Request(urls, vkeys, **options), client)


def insist_on_all(peer: Peer) -> None:
    """Check that the log is back as it was, ours, proven, applied, and that the node may sign on."""
    assert reader.read_entries(peer.origin, 0, len(peer.entries)) == peer.entries
    assert reader.get_log(peer.origin).own
    assert fsck.check_log(peer.origin, read_verifiers()).entries == len(peer.entries)
    assert replaying.check() is None
    assert not is_under_way()


def test_a_node_with_real_entries_is_rebuilt_and_goes_on_without_anybody_seeing_a_fork(settings: Any) -> None:
    factories.open_register()
    agency, issuer = factories.make_agency(), factories.make_issuer()
    factories.make_accreditation(issuer, agency)
    origin, size = settings.ASSAY_ORIGIN, reader.get_log(settings.ASSAY_ORIGIN).size
    entries, receipt = reader.read_entries(origin, 0, size), reader.read_receipts(origin, [2])[2]
    held = reader.latest_checkpoint(origin).note
    verifiers = node_signers().verifiers
    follower = resume(origin, verifiers, held, Frontier().append(hash_leaves(entries)))

    call_command("flush", interactive=False, verbosity=0)
    shutil.rmtree(settings.ASSAY_GUARD_DIR)
    copy = Peer(ledgers.Ledger(), signer=node_signers().log, witness=node_signers().witness, origin=origin)
    copy.ledger.entries = entries
    copy.respond = {f"{copy.mirror_path}checkpoint": lambda: httpx.Response(200, content=held, headers=TEXT)}
    holders = [cast.open_country(code, mirrors=[copy], respond=copy.respond) for code in ("de", "fr")]
    with serve(holders[0]) as one, serve(holders[1]) as other:
        said = StringIO()
        call_command("recover", one, other, "--vkey", str(node_signers().log.verifier), stdout=said)
    assert f"{size} entries are back, {size} of them by this run" in said.getvalue()
    assert reader.read_entries(origin, 0, size) == entries
    assert fsck.check_log(origin, read_verifiers()).entries == size
    assert replaying.check() is None
    check_proof(parse_proof(receipt), entries[2], verifiers)

    factories.make_accreditation(factories.make_issuer(), agency)
    head = reader.latest_checkpoint(origin)
    grown = reader.read_entries(origin, 0, head.size)
    assert head.size == size + 2
    state = advance(follower, head.note, reference.proof(size, grown))
    assert accept_entries(state, size, grown[size:]).frontier.root() == head.root
    with pytest.raises(Exception, match=r"says the same already|twice"):
        restoring.append_own(Batch(head.size, [entries[2]]))


TEXT = {"Content-Type": "text/plain; charset=utf-8"}


def test_a_long_log_comes_back_in_proven_batches_from_two_mirrors(lost: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("federation.sync.bundles.BATCH", 256)
    with mirroring(lost, cut(lost, 600)) as urls:
        found = run(urls)
    assert (found.before, found.size, found.lost, found.hindrances) == (0, 702, 0, ())
    insist_on_all(lost)
    assert publish.cover(lost.origin).size == 702


def test_a_mirror_that_serves_garbage_is_left_for_the_next(lost: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("federation.sync.bundles.BATCH", 256)

    def spoil(tile: Tile, data: bytes) -> bytes:
        return data.replace(b"NL", b"BE") if tile.level == ENTRIES and tile.index == 1 else data

    with mirroring(cut(lost, 702, alter_tile=spoil), lost) as urls:
        run(urls)
    insist_on_all(lost)


def test_nothing_of_what_was_not_signed_is_ever_stored(lost: Peer) -> None:
    altered = list(lost.entries)
    altered[300] = altered[300].replace(b"NL", b"BE")
    with mirroring(cut(lost, 702, served=altered)) as urls, pytest.raises(RecoveryRefused, match="0 of 702 entries"):
        run(urls)
    assert reader.get_log(lost.origin).size == 0


def test_an_interrupted_recovery_writes_nothing_and_goes_on_where_it_was(
    lost: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("federation.sync.bundles.BATCH", 256)
    append = restoring.append_own

    def crash(batch: Batch) -> None:
        if batch.start >= 256:
            raise KeyboardInterrupt
        append(batch)

    with mirroring(lost) as urls:
        with monkeypatch.context() as patch:
            patch.setattr(restoring, "append_own", crash)
            with pytest.raises(KeyboardInterrupt):
                run(urls)
        assert reader.get_log(lost.origin).size == 256
        assert is_under_way()
        restoring.project_own(lambda done: None)
        with pytest.raises(RolledBack, match="702 entries this machine signed"):
            factories.make_agency()
        with pytest.raises(RolledBack):
            publish.publish(lost.origin)
        assert run(urls).before == 256
        insist_on_all(lost)
        assert run(urls).before == 702, "once more changes nothing"
    insist_on_all(lost)


def test_entries_that_a_witness_has_seen_and_nobody_holds_are_not_lost_in_silence(lost: Peer) -> None:
    path = f"/witness/{sha256(lost.origin.encode()).hexdigest()}/checkpoint"
    holder = cast.open_country("de", mirrors=[cut(lost, 700)])
    holder.respond = {path: lambda: httpx.Response(200, content=lost.checkpoint(), headers=TEXT)}
    with serve(holder) as url:
        with pytest.raises(RecoveryRefused, match=r"2 are missing.*--accept-loss"):
            run([url])
        assert restoring.read_own().size == 0
        assert guard.read(lost.origin) is None
        found = run([url], accept_loss=True)
    assert (found.size, found.lost) == (700, 2)
    insist_on_all(cut(lost, 700))


def test_what_this_machines_guard_remembers_counts_as_seen(lost: Peer) -> None:
    guard.accept(lost.origin, lost.checkpoint())
    with mirroring(cut(lost, 650)) as urls:
        with pytest.raises(RecoveryRefused, match=r"rollback guard knows a checkpoint of 702 entries.*52 are missing"):
            run(urls)
        assert run(urls, accept_loss=True).lost == 52
    insist_on_all(cut(lost, 650))
    assert list(guard.guard_path(lost.origin).parent.glob("*.abandoned-*")), "what it knew is kept as evidence"


@pytest.mark.parametrize("size", [702, 705])
def test_mirrors_that_contradict_each_other_stop_it_with_evidence(lost: Peer, size: int, tmp_path: Path) -> None:
    other = cut(lost, 690)
    other.ledger.entries = list(other.entries)
    for number in range(690, size):
        other.entries.append(lost.entries[number % 600])
    with mirroring(lost, other) as urls, pytest.raises(Forked, match="two histories"):
        run(urls)
    proof = parse_fork((tmp_path / "recovered-fork-proof").read_bytes())
    assert check_fork(proof, [lost.signer.verifier]).kind == ("same_size" if size == 702 else "inconsistent")
    assert restoring.read_own().size == 0
    assert guard.read(lost.origin) is None


def test_what_is_stored_has_to_be_a_beginning_of_what_comes_back(lost: Peer) -> None:
    other = write_log(20)
    other.entries[-1] = lost.entries[-1]
    restoring.open_own()
    restoring.append_own(Batch(0, other.entries))
    with mirroring(lost) as urls, pytest.raises(RecoveryRefused, match="no beginning"):
        run(urls)
    assert restoring.read_own().size == 22


def test_a_node_that_has_more_than_its_mirrors_is_left_alone(lost: Peer) -> None:
    restoring.open_own()
    restoring.append_own(Batch(0, lost.entries))
    with mirroring(cut(lost, 500)) as urls, pytest.raises(RecoveryRefused, match="nothing to bring back"):
        run(urls)


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("ASSAY_BASE_URL", "https://other.example", "set ASSAY_BASE_URL"),
        ("ASSAY_TERRITORY", ["NL", "BE"], "set ASSAY_TERRITORY"),
        ("ASSAY_ORIGIN", "register.other.example/ledger", "check ASSAY_ORIGIN"),
    ],
)
def test_another_nodes_settings_are_refused(lost: Peer, setting: str, value: Any, said: str, settings: Any) -> None:
    with mirroring(lost) as urls:
        setattr(settings, setting, value)
        with pytest.raises(RecoveryRefused, match=said):
            run(urls, str(lost.signer.verifier))
    assert restoring.read_own().size == 0


def test_up_recovers_before_anybody_can_write_and_only_once(lost: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    with mirroring(lost) as urls:
        prepare.recover(urls)
    insist_on_all(lost)
    assert "702 entries are back" in capsys.readouterr().out
    prepare.recover(["http://127.0.0.1:9"])
    assert capsys.readouterr().out == ""


def test_a_start_that_cannot_recover_stops(lost: Peer) -> None:
    with serve(cast.open_country("de")) as url, pytest.raises(SystemExit, match="found none"):
        prepare.recover([url])


def test_a_checkpoint_that_no_known_key_signed_is_not_believed(lost: Peer) -> None:
    stranger = cut(lost, 702, signer=cast.signer_of(lost.origin, number=7))
    with mirroring(lost, stranger) as urls, pytest.raises(RecoveryRefused, match="under a key that is known"):
        run(urls)
    assert restoring.read_own().size == 0


def test_without_a_mirror_nothing_happens(lost: Peer) -> None:
    with serve(cast.open_country("de")) as url, pytest.raises(CommandError, match="found none") as refused:
        call_command("recover", url)
    assert refused.value.returncode == 1


def test_without_its_keys_the_log_is_back_and_the_operator_hears_what_to_do(lost: Peer, keys: Path) -> None:
    vkey = str(lost.signer.verifier)
    shutil.rmtree(keys)
    ensure_keys(keys, configured.ASSAY_ORIGIN)
    with mirroring(lost) as urls, pytest.raises(CommandError, match=r"rotate_key .*--compromised") as said:
        call_command("recover", *urls, "--vkey", vkey, stdout=StringIO())
    assert said.value.returncode == 3
    insist_on_all(lost)
    assert vkey in (keys / FORMER_VKEYS).read_text()


def test_an_older_key_leads_to_the_newest_checkpoint_by_the_announcement_under_it(lost: Peer) -> None:
    """The key was replaced; whoever knows the first one needs nobody's word for the second."""
    first, second = lost.signer, cast.signer_of(lost.origin, number=2)
    index, receipt = announce(lost, second.verifier)
    renewed = replace(lost, signer=second)
    holder = cast.open_country("de", mirrors=[renewed])
    holder.respond = {
        f"{lost.mirror_path}first-receipt/{index}": lambda: httpx.Response(200, text=receipt, headers=TEXT)
    }
    with serve(holder) as url:
        found = run([url], str(first.verifier))
    assert found.size == len(renewed.entries)
    assert found.hindrances, "the key in place is the old one"
    insist_on_all(renewed)


def test_an_announcement_that_the_key_before_did_not_sign_leads_nowhere(lost: Peer) -> None:
    first, thief = lost.signer, cast.signer_of(lost.origin, number=3)
    index, _ = announce(lost, thief.verifier)
    stolen = replace(lost, signer=thief)
    receipt = stolen.receipt(index)
    holder = cast.open_country("de", mirrors=[stolen])
    holder.respond = {
        f"{lost.mirror_path}first-receipt/{index}": lambda: httpx.Response(200, text=receipt, headers=TEXT)
    }
    with serve(holder) as url, pytest.raises(RecoveryRefused, match="under a key that is known"):
        run([url], str(first.verifier))


def announce(peer: Peer, vkey: Any) -> tuple[int, str]:
    """Announce another log key; return where, and the receipt under the key before."""
    index = len(peer.entries)
    terms = {
        "log": {"vkey": str(vkey), "former_vkey": str(peer.signer.verifier)},
        "reason": "scheduled",
        "effective_from": peer.ledger.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "actor": {"role": "node"},
    }
    peer.ledger.say("register.key_rotated", "", terms)
    return index, peer.receipt(index)
