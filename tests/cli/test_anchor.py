"""`assay anchor` posts a batch once, whatever interrupts it, loses no receipt, and tells nobody about a credential."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.cli import main
from deploy.cli.anchoring import handing_out, registration, sealing
from ledger.tlog.note import COSIGNATURE, Signer
from register.credentials import reading
from register.credentials.commitments import commit, digest
from register.credentials.reading.parts import RECEIPT_ENDING
from register.credentials.receipts import Anchor, check_receipt, parse_receipt
from tests import ledgers
from tests.anchored import KNOWN
from tests.anchoring_node import TOKEN, AnchoringNode, serve
from tests.ledgers import ARCADIA, UTOPIA

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "fixtures" / "demo" / "credentials"
BALTIC = Signer.generate("witness.baltic.example/w", bytes(32), COSIGNATURE)


@pytest.fixture
def node() -> AnchoringNode:
    return AnchoringNode()


@pytest.fixture
def url(node: AnchoringNode) -> Iterator[str]:
    with serve(node) as address:
        yield address


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory of five credentials, one of them further down, and a file that is none."""
    place = tmp_path / "issued"
    shutil.copytree(SAMPLES, place)
    (place / "2026").mkdir()
    (place / "micro-credential.json").rename(place / "2026" / "micro-credential.json")
    (place / "notes.txt").write_text("Issued in May.\n")
    return place


def anchor(url: str, *argv: object, token: str = TOKEN, issuer: str = UTOPIA) -> int:
    words = [str(word) for word in argv]
    return main(["anchor", "--wait", "0", *words, "--issuer", issuer, "--node", url, "--token", token])


def find_receipts(folder: Path) -> dict[str, Path]:
    return {path.name.removesuffix(RECEIPT_ENDING): path for path in folder.rglob(f"*{RECEIPT_ENDING}")}


def check(receipt: Path, credential: Path) -> Anchor:
    (presented,) = reading.read(credential.read_bytes())
    return check_receipt(parse_receipt(receipt.read_bytes()), digest(presented), lambda origin: KNOWN)


def check_all(folder: Path) -> list[Anchor]:
    """Check that each credential of the directory has the receipt beside it that proves it."""
    credentials = [
        path for path in folder.rglob("*.json") if not path.name.endswith((".receipt.json", ".anchored.json"))
    ]
    return [check(path.with_name(path.name + RECEIPT_ENDING), path) for path in credentials]


def test_each_credential_gets_a_receipt_beside_it(node: AnchoringNode, url: str, folder: Path) -> None:
    assert anchor(url, folder) == 0
    anchors = check_all(folder)
    assert sorted(found.position for found in anchors) == [0, 1, 2, 3, 4]
    assert {(found.count, found.trusted, found.index) for found in anchors} == {(5, True, node.batches[0][0])}


def test_root_and_count_are_all_that_leaves(node: AnchoringNode, url: str, folder: Path) -> None:
    asked: list[str] = []
    node.before = asked.append
    assert anchor(url, folder) == 0
    (said,) = node.posted
    assert set(said) == {"issuer", "root", "count", "tree_algorithm"}
    batch = sealing.open_batch(folder / "assay-batches" / "0001.batch")
    secrets = [*(salt.hex() for salt in batch.salts), *(one.hex() for one in batch.digests), *batch.names]
    secrets += [commit(one, salt).hex() for one, salt in zip(batch.digests, batch.salts, strict=True)]
    assert not [secret for secret in secrets if secret in json.dumps(node.posted) + "".join(asked)]


def test_what_the_issuer_wants_said_stands_in_the_entry(node: AnchoringNode, url: str, folder: Path) -> None:
    options = ("--type", "micro-credential", "--issued-from", "2026-05-01", "--issued-until", "2026-05-31")
    assert anchor(url, folder, *options, "--demonstration") == 0
    data = node.batches[0][1].data
    assert (data.issued_from.day, data.issued_until.day, data.demonstration) == (1, 31, True)
    assert data.credential_type.endswith("micro-credential")
    assert all(found.demonstration for found in check_all(folder))


def test_run_again_it_posts_nothing_and_writes_nothing(node: AnchoringNode, url: str, folder: Path) -> None:
    assert anchor(url, folder) == 0
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}
    assert anchor(url, folder) == 0
    after = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}
    assert {path: row for path, row in after.items() if path.name != ".lock"} == {
        path: row for path, row in before.items() if path.name != ".lock"
    }
    assert (len(node.posted), len(node.batches)) == (1, 1)


def test_receipts_that_are_missing_are_written_again(node: AnchoringNode, url: str, folder: Path) -> None:
    assert anchor(url, folder) == 0
    kept = {name: path.read_bytes() for name, path in find_receipts(folder).items()}
    for path in find_receipts(folder).values():
        path.unlink()
    assert anchor(url, folder) == 0
    assert {name: path.read_bytes() for name, path in find_receipts(folder).items()} == kept
    assert len(node.posted) == 1


def test_further_credentials_go_into_a_further_batch(node: AnchoringNode, url: str, folder: Path) -> None:
    late = folder / "2026" / "micro-credential.json"
    content = late.read_bytes()
    late.unlink()
    assert anchor(url, folder) == 0
    late.write_bytes(content)
    assert anchor(url, folder) == 0
    assert [body["count"] for body in node.posted] == [4, 1]
    assert sorted(found.count for found in check_all(folder)) == [1, 4, 4, 4, 4]


def test_a_credential_that_was_replaced_gets_a_receipt_of_its_own(node: AnchoringNode, url: str, folder: Path) -> None:
    assert anchor(url, folder) == 0
    late = folder / "2026" / "micro-credential.json"
    document = json.loads(late.read_bytes())
    late.write_text(json.dumps(document | {"id": "urn:assay:demonstration:corrected"}))
    assert anchor(url, folder) == 0
    assert [body["count"] for body in node.posted] == [5, 1]
    assert sorted(found.count for found in check_all(folder)) == [1, 5, 5, 5, 5]
    assert check(late.with_name(late.name + RECEIPT_ENDING), late).count == 1


def test_one_credential_under_two_names_is_one_leaf_and_two_receipts(
    node: AnchoringNode, url: str, folder: Path
) -> None:
    shutil.copy(folder / "stolen-key-anchored.json", folder / "again.json")
    assert anchor(url, folder) == 0
    assert node.posted[0]["count"] == 5
    assert len(check_all(folder)) == 6
    assert anchor(url, folder, "--lines") == 0
    rows = [json.loads(row) for row in (folder / "0001.receipts.jsonl").read_text().splitlines()]
    assert [len([row for row in rows if name in row]) for name in ("format", "above", "name")] == [1, 1, 6]


def test_without_its_batches_a_receipt_still_tells_that_a_credential_is_anchored(
    node: AnchoringNode, url: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert anchor(url, folder) == 0
    shutil.rmtree(folder / "assay-batches")
    assert anchor(url, folder) == 0
    assert len(node.posted) == 1
    assert "Nothing was left to anchor" in capsys.readouterr().out


def test_batch_files_are_for_their_owner_only(url: str, folder: Path) -> None:
    assert anchor(url, folder) == 0
    place = folder / "assay-batches"
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE((place / "0001.batch").stat().st_mode) == 0o600


# Stopped on the way


def run_and_stop(url: str, folder: Path, *argv: str) -> subprocess.Popen[bytes]:
    words = ["anchor", str(folder), "--issuer", UTOPIA, "--node", url, "--token", TOKEN, "--wait", "0", *argv]
    code = f"import sys; from deploy.cli import main; sys.exit(main({words!r}))"
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)


def stop_at(beginning: str, stop: Callable[[str], None]) -> Callable[[str], None]:
    def see(at: str) -> None:
        if at.startswith(beginning):
            stop(at)

    return see


POINTS: dict[str, Callable[[AnchoringNode, Callable[[str], None]], None]] = {
    "before it is recorded": lambda node, stop: setattr(node, "before", stop_at("POST", stop)),
    "once it is recorded": lambda node, stop: setattr(node, "after", stop),
    "before its receipt is read": lambda node, stop: setattr(node, "before", stop_at("GET /ledger/receipt", stop)),
}


@pytest.mark.parametrize("point", POINTS)
def test_killed_while_it_posts_nothing_is_posted_twice_and_no_receipt_lost(
    point: str, node: AnchoringNode, url: str, folder: Path
) -> None:
    running: list[subprocess.Popen[bytes]] = []

    def stop(at: str) -> None:
        running[0].send_signal(signal.SIGKILL)
        running[0].wait()

    POINTS[point](node, stop)
    running.append(run_and_stop(url, folder))
    assert running[0].wait(timeout=60) == -signal.SIGKILL
    sealed = (folder / "assay-batches" / "0001.batch").read_bytes()
    assert find_receipts(folder) == {}
    node.before = node.after = lambda at: None
    assert anchor(url, folder) == 0
    assert (folder / "assay-batches" / "0001.batch").read_bytes() == sealed
    assert len(node.batches) == 1
    assert len(check_all(folder)) == 5


def break_at(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, call: int) -> None:
    """Stop at the n-th call of a function, as a full disk or a signal would."""
    whole, calls = getattr(module, name), iter(range(1, 1_000_000))

    def stop(*args: Any, **options: Any) -> Any:
        if next(calls) == call:
            raise OSError(28, "No space left on device")
        return whole(*args, **options)

    monkeypatch.setattr(module, name, stop)


@pytest.mark.parametrize(
    ("module", "call"), [(sealing, 1), (registration, 1), *((handing_out, number) for number in range(1, 6))]
)
def test_a_disk_that_is_full_leaves_nothing_half_and_is_made_good(
    monkeypatch: pytest.MonkeyPatch, node: AnchoringNode, url: str, folder: Path, module: Any, call: int
) -> None:
    with monkeypatch.context() as patch:
        break_at(patch, module, "write_whole", call)
        assert anchor(url, folder) == 2
    assert not list(folder.rglob("*.part"))
    assert len(node.batches) == (0 if module is sealing else 1)
    assert anchor(url, folder) == 0
    assert len(node.batches) == 1
    assert len(check_all(folder)) == 5


def test_what_a_killed_process_left_unfinished_is_written_anew(node: AnchoringNode, url: str, folder: Path) -> None:
    place = folder / "assay-batches"
    place.mkdir(mode=0o700)
    (place / "0001.batch.part").write_text('{"format":"assay/batch@v1"')
    assert anchor(url, folder) == 0
    assert len(check_all(folder)) == 5
    assert not list(folder.rglob("*.part"))


def test_only_one_at_a_time_works_in_a_directory(
    node: AnchoringNode, url: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes: list[int] = []
    node.before = lambda at: codes.append(anchor(url, folder)) if at.startswith("POST") else None
    assert anchor(url, folder) == 0
    assert codes == [2]
    assert "another assay anchor works in" in capsys.readouterr().err


# What it refuses


def test_what_cannot_be_anchored_is_named_and_nothing_is_posted(
    node: AnchoringNode, url: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "cut.json").write_bytes((folder / "stolen-key-anchored.json").read_bytes()[:-40])
    unsigned = json.loads((folder / "stolen-key-anchored.json").read_bytes())
    del unsigned["proof"]
    (folder / "unsigned.json").write_text(json.dumps(unsigned))
    assert anchor(url, folder) == 1
    said = capsys.readouterr().err
    assert "REFUSED cut.json" in said
    assert "REFUSED unsigned.json: This credential is not signed" in said
    assert (node.posted, find_receipts(folder)) == ([], {})


def test_a_file_that_was_named_has_to_be_a_credential(node: AnchoringNode, url: str, folder: Path) -> None:
    assert anchor(url, folder / "notes.txt", folder / "stolen-key-anchored.json") == 1
    assert node.posted == []


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--issuer", "ror:04dkp9463"), "expected --issuer"),
        (("--node", "http://register.example"), "not encrypted"),
        (("--node", "nonsense"), "expected an address"),
        (("--vkey", "nonsense"), "keys cannot be read"),
        (("--token", ""), "expected the issuer's token"),
        (("--token", "another"), "refused the batch (401): A valid token is needed."),
        (("-o", "/dev/null/place"), "Not a directory"),
    ],
)
def test_what_is_missing_or_wrong_is_said(
    argv: tuple[str, ...], said: str, node: AnchoringNode, url: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["anchor", str(folder), "--issuer", UTOPIA, "--node", url, "--token", TOKEN, *argv]
    assert main(words) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert TOKEN not in told.err + told.out
    assert node.batches == []


def test_a_path_that_is_not_there_is_said(url: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert anchor(url, folder, folder / "nowhere.json") == 2
    assert "nowhere.json is not there" in capsys.readouterr().err


def test_where_there_is_no_credential_that_is_said(
    node: AnchoringNode, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("Issued in May.\n")
    assert anchor(url, tmp_path) == 2
    assert "no credential was found in 1 files" in capsys.readouterr().err
    assert node.posted == []


def test_a_link_is_read_under_its_own_name(node: AnchoringNode, url: str, folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "links"
    place.mkdir()
    (place / "mine.json").symlink_to(folder / "stolen-key-anchored.json")
    assert anchor(url, place / "mine.json") == 0
    check(place / "mine.json.receipt.json", folder / "stolen-key-anchored.json")


def test_the_token_may_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, node: AnchoringNode, url: str, folder: Path
) -> None:
    monkeypatch.setenv("ASSAY_TOKEN", TOKEN)
    assert main(["anchor", str(folder), "--issuer", UTOPIA, "--node", url, "--wait", "0"]) == 0
    assert len(node.batches) == 1


def test_batches_of_another_issuer_are_not_mixed_up(url: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert anchor(url, folder) == 0
    assert anchor(url, folder, issuer=ARCADIA) == 2
    assert f"holds batches of issuer {UTOPIA}" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["salt", "digest", "root", "line"])
def test_a_batch_file_that_was_altered_is_refused(
    damage: str, url: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert anchor(url, folder) == 0
    path = folder / "assay-batches" / "0001.batch"
    text = path.read_text()
    if damage == "line":
        path.write_text("".join(text.splitlines(keepends=True)[1:]))
    else:
        at = re.search(rf'"{damage}":"([0-9a-f])', text).start(1)  # type: ignore[union-attr]  # it is there
        path.write_text(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :])
    assert anchor(url, folder) == 2
    assert "restore it from a backup" in capsys.readouterr().err


def test_a_receipt_that_a_loss_of_power_emptied_is_written_again(node: AnchoringNode, url: str, folder: Path) -> None:
    assert anchor(url, folder) == 0
    (folder / "stolen-key-anchored.json.receipt.json").write_bytes(b"")
    assert anchor(url, folder) == 0
    assert len(check_all(folder)) == 5
    assert len(node.posted) == 1


def test_a_file_where_a_receipt_belongs_is_not_written_over(
    node: AnchoringNode, url: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = folder / "stolen-key-anchored.json.receipt.json"
    other.write_text("my notes")
    assert anchor(url, folder) == 2
    assert other.read_text() == "my notes"
    assert "is no receipt" in capsys.readouterr().err


def test_a_batch_that_is_refused_leaves_nothing_behind(node: AnchoringNode, url: str, folder: Path) -> None:
    assert anchor(url, folder, token="another") == 2
    assert not list((folder / "assay-batches").glob("*.batch"))
    assert anchor(url, folder, issuer=ARCADIA, token="another") == 2
    assert anchor(url, folder) == 0
    assert len(check_all(folder)) == 5


@pytest.mark.parametrize("token", [TOKEN, "expired"])
def test_a_batch_that_may_have_been_posted_is_kept_whatever_is_answered_later(
    token: str, node: AnchoringNode, url: str, folder: Path
) -> None:
    node.answers = {"/ledger/receipt/7": (503, {"detail": "The ledger accepts nothing at the moment."})}
    assert anchor(url, folder) == 2
    sealed = (folder / "assay-batches" / "0001.batch").read_bytes()
    assert anchor(url, folder, token=token) == 2
    assert (folder / "assay-batches" / "0001.batch").read_bytes() == sealed
    node.answers = {}
    assert anchor(url, folder) == 0
    assert len(node.batches) == 1
    assert len(check_all(folder)) == 5


# A node that errs or lies


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/api/v1/batches", (503, {"code": "ledger_stopped", "detail": "The ledger accepts nothing at the moment."})),
        ("/api/v1/batches", (200, "no JSON")),
        ("/api/v1/batches", (200, [])),
        ("/api/v1/batches", (201, {"items": []})),
        ("/api/v1/batches", (201, {"items": [{"url": "x"}]})),
        ("/api/v1/batches", (429, {"code": "throttled", "detail": "Too many requests."})),
        ("/api/v1/peers", (200, {"items": None})),
        ("/ledger/receipt/7", (200, "c2sp.org/tlog-proof@v1\n")),
        ("/ledger/receipt/7", (404, "not there")),
    ],
)
def test_a_node_that_errs_gets_another_try(
    path: str, answer: tuple[int, Any], node: AnchoringNode, url: str, folder: Path
) -> None:
    node.answers = {path: answer}
    assert anchor(url, folder) == 2
    assert find_receipts(folder) == {}
    node.answers = {}
    assert anchor(url, folder) == 0
    assert len(node.batches) == 1
    assert len(check_all(folder)) == 5


def test_a_node_that_shows_another_batch_is_not_believed(
    node: AnchoringNode, url: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = {"issuer": UTOPIA, "root": "ab" * 32, "count": 5, "tree_algorithm": "merkletools-sha256-v1"}
    actor = ledgers.as_issuer(UTOPIA)
    other = node.peer.ledger.say("credentials.anchored", f"/batches/{ledgers.make_id(1)}", {**body, "actor": actor})
    node.before = lambda at: node.answers.update(
        {} if at.startswith("POST") else {"/api/v1/events/8": (200, node.peer.evidence(other.index))}
    )
    assert anchor(url, folder) == 2
    assert "does not hold" in capsys.readouterr().err
    node.before = lambda at: node.answers.update(
        {} if at.startswith("POST") else {"/ledger/receipt/8": (200, node.peer.receipt(other.index))}
    )
    assert anchor(url, folder) == 2
    assert "another entry than the batch" in capsys.readouterr().err
    assert find_receipts(folder) == {}


# Countersignatures


def test_it_says_who_countersigned_and_who_did_not(
    node: AnchoringNode, url: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node.peers = [{"witness_vkeys": [str(BALTIC.verifier)]}]
    assert anchor(url, folder) == 0
    said = capsys.readouterr().out
    assert "Countersigned by register.nl.example/witness." in said
    assert f"Not (yet) by {BALTIC.name}" in said


def test_it_waits_for_those_who_may_countersign(
    node: AnchoringNode, url: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = iter(range(100))
    node.peers = [{"witness_vkeys": [str(BALTIC.verifier)]}]

    def sign_late(at: str) -> None:
        if at.startswith("GET /ledger/receipt") and next(asked) == 2:
            node.peer.cosigners = [BALTIC]

    node.before = sign_late
    assert anchor(url, folder, "--wait", "60") == 0
    said = capsys.readouterr().out
    assert f"Countersigned by register.nl.example/witness, {BALTIC.name}." in said
    receipt = parse_receipt(next(iter(find_receipts(folder).values())).read_bytes())
    assert str(BALTIC.verifier) in receipt.keys


# Very many


def test_receipts_in_one_file_are_taken_out_whole(node: AnchoringNode, url: str, folder: Path, tmp_path: Path) -> None:
    assert anchor(url, folder, "--lines", "--output", tmp_path / "receipts") == 0
    assert find_receipts(folder) == {}
    lines = tmp_path / "receipts" / "0001.receipts.jsonl"
    out = tmp_path / "handed out"
    assert (
        main(
            [
                "anchor",
                "2026/micro-credential.json",
                "stolen-key-anchored.json",
                "--extract",
                str(lines),
                "-o",
                str(out),
            ]
        )
        == 0
    )
    assert set(find_receipts(out)) == {"micro-credential.json", "stolen-key-anchored.json"}
    check(find_receipts(out)["micro-credential.json"], folder / "2026" / "micro-credential.json")
    check(find_receipts(out)["stolen-key-anchored.json"], folder / "stolen-key-anchored.json")
    assert anchor(url, folder, "--lines", "--output", tmp_path / "receipts") == 0
    assert len(node.posted) == 1


@pytest.mark.parametrize("content", ["", "{}\n", "prose\n", '{"format":"assay/receipt@v1"}\n'])
def test_taking_out_what_is_not_there_is_an_error(content: str, url: str, folder: Path, tmp_path: Path) -> None:
    assert anchor(url, folder, "--lines") == 0
    assert main(["anchor", "nobody.json", "--extract", str(folder / "0001.receipts.jsonl"), "-o", str(tmp_path)]) == 2
    other = tmp_path / "other.jsonl"
    other.write_text(content)
    assert main(["anchor", "nobody.json", "--extract", str(other), "-o", str(tmp_path)]) == 2


def test_names_with_quotation_marks_and_letters_of_all_kinds_are_found_again(
    url: str, folder: Path, tmp_path: Path
) -> None:
    name = 'Ünsal ","salt":"x" \\ é.json'
    (folder / "stolen-key-anchored.json").rename(folder / name)
    assert anchor(url, folder, "--lines") == 0
    assert main(["anchor", name, "--extract", str(folder / "0001.receipts.jsonl"), "-o", str(tmp_path)]) == 0
    check(tmp_path / (name + RECEIPT_ENDING), folder / name)


def test_a_file_of_lines_holds_a_credential_in_each(node: AnchoringNode, url: str, tmp_path: Path) -> None:
    texts = [json.dumps(json.loads(path.read_bytes())) for path in sorted(SAMPLES.glob("*.json"))]
    (tmp_path / "all.jsonl").write_text("\n".join([*texts, ""]) + "\n")
    assert anchor(url, tmp_path) == 0
    assert node.posted[0]["count"] == len(texts)
    for number, text in enumerate(texts, start=1):
        one = tmp_path / "one"
        one.write_text(text)
        check(tmp_path / f"all.jsonl.{number}.receipt.json", one)


def test_a_thousand_receipts_all_hold(node: AnchoringNode, url: str, tmp_path: Path) -> None:
    document = json.loads((SAMPLES / "micro-credential.json").read_bytes())
    rows = [json.dumps(document | {"id": f"urn:assay:demonstration:{number}"}) for number in range(1_000)]
    (tmp_path / "all.ndjson").write_text("\n".join(rows))
    assert anchor(url, tmp_path, "--lines") == 0
    names = [f"all.ndjson.{number}" for number in range(1, 1_001)]
    found = dict(handing_out.extract(tmp_path / "0001.receipts.jsonl", names))
    positions = set[int]()
    for name, row in zip(names, rows, strict=True):
        (presented,) = reading.read(row.encode())
        positions.add(check_receipt(found[name], digest(presented), lambda origin: KNOWN).position)
    assert positions == set(range(1_000))
    assert os.path.getsize(tmp_path / "0001.receipts.jsonl") < 1_200 * 1_000
