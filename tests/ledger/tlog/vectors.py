"""Makes the test vectors in `fixtures/vectors/tlog` from the naive reference and the fixed cast.

`python -m tests.ledger.tlog.vectors` writes them; a test holds the committed files against what this makes. Each case
has a name and says whether it is `valid`; hashes and bytes are hex, notes and proofs are text. Trees are built by
`tests.reference`, never by the code under test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ledger.tlog.checkpoint import Checkpoint, format_checkpoint
from ledger.tlog.lines import encode_base64
from ledger.tlog.note import Signature
from tests import reference
from tests.ledger.tlog.cast import (
    LOG,
    ORIGIN,
    OTHER_LOG,
    SECOND_WITNESS,
    TIME,
    WITNESS,
    SmallLog,
    make_entries,
)

FOLDER = Path(__file__).parents[3] / "fixtures" / "vectors" / "tlog"
OWN = "made by tests/ledger/tlog/vectors.py from the recursive definitions of RFC 9162 section 2.1"
SIGNED = "made by tests/ledger/tlog/vectors.py with the test keys of tests/ledger/tlog/cast.py"
LARGE = SmallLog(make_entries(300))
FORKED = SmallLog([*make_entries(4), *make_entries(16, "forged")])
Case = dict[str, Any]


def flip(value: bytes) -> bytes:
    """Change one bit."""
    return bytes([value[0] ^ 1]) + value[1:]


def mutate_proof(proof: list[bytes], foreign: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Yield the ways to spoil a proof, each with its name."""
    for at, value in enumerate(proof):
        yield f"bit flipped in hash {at}", [*proof[:at], flip(value), *proof[at + 1 :]]
        yield f"hash {at} cut to 16 bytes", [*proof[:at], value[:16], *proof[at + 1 :]]
        yield f"hash {at} missing", [*proof[:at], *proof[at + 1 :]]
    yield "a hash too many at the end", [*proof, foreign]
    yield "a hash too many at the start", [foreign, *proof]
    if len(set(proof)) > 1:
        yield "hashes in the opposite order", proof[::-1]


def make_inclusion() -> Iterator[Case]:
    """Inclusion proofs over trees of `entry 0`, `entry 1`, …"""
    for index, size in [
        (0, 1),
        (0, 2),
        (1, 2),
        (2, 3),
        (4, 5),
        (5, 7),
        (0, 8),
        (5, 8),
        (6, 7),
        (0, 300),
        (256, 300),
        (299, 300),
    ]:
        proof, leaf, root = LARGE.inclusion(index, size), reference.mth([LARGE.entries[index]]), LARGE.root(size)
        good: Case = {
            "index": index,
            "size": size,
            "leaf_hash": leaf.hex(),
            "root": root.hex(),
            "proof": [p.hex() for p in proof],
        }
        where = f"{index} in {size}"
        yield {"name": f"{where}: happy", "valid": True, **good}
        for name, altered in mutate_proof(proof, root):
            yield {"name": f"{where}: {name}", "valid": False, **good, "proof": [p.hex() for p in altered]}
        yield {"name": f"{where}: bit flipped in root", "valid": False, **good, "root": flip(root).hex()}
        yield {"name": f"{where}: bit flipped in leaf", "valid": False, **good, "leaf_hash": flip(leaf).hex()}
        yield {"name": f"{where}: index is the size", "valid": False, **good, "index": size}
        yield {"name": f"{where}: index before", "valid": False, **good, "index": index - 1}
        yield {"name": f"{where}: index after", "valid": False, **good, "index": index + 1}
        if index % 2 == 0 and index + 1 < size:
            inner = reference.mth(LARGE.entries[index : index + 2]).hex()
            yield {
                "name": f"{where}: inner node as leaf",
                "valid": False,
                **good,
                "leaf_hash": inner,
                "proof": good["proof"][1:],
            }


def make_consistency() -> Iterator[Case]:
    """Consistency proofs over the same trees, and over a history rewritten from entry 4."""
    for old, new in [
        (0, 0),
        (0, 7),
        (1, 1),
        (1, 2),
        (1, 8),
        (2, 3),
        (3, 7),
        (4, 7),
        (6, 8),
        (8, 8),
        (7, 300),
        (256, 300),
    ]:
        proof, roots = LARGE.consistency(old, new), (LARGE.root(old), LARGE.root(new))
        good: Case = {"old": old, "new": new, "old_root": roots[0].hex(), "new_root": roots[1].hex()}
        good["proof"] = [p.hex() for p in proof]
        where = f"{old} to {new}"
        yield {"name": f"{where}: happy", "valid": True, **good}
        for name, altered in mutate_proof(proof, roots[1]):
            yield {"name": f"{where}: {name}", "valid": False, **good, "proof": [p.hex() for p in altered]}
        yield {
            "name": f"{where}: old root before the proof",
            "valid": False,
            **good,
            "proof": [roots[0].hex(), *good["proof"]],
        }
        yield {"name": f"{where}: bit flipped in old root", "valid": False, **good, "old_root": flip(roots[0]).hex()}
        if old:
            yield {
                "name": f"{where}: bit flipped in new root",
                "valid": False,
                **good,
                "new_root": flip(roots[1]).hex(),
            }
        if old < new:
            yield {"name": f"{where}: sizes swapped", "valid": False, **good, "old": new, "new": old}
    rewritten = FORKED.consistency(8, 20)
    yield {
        "name": "8 to 20: history rewritten from entry 4",
        "valid": False,
        "old": 8,
        "new": 20,
        "old_root": LARGE.root(8).hex(),
        "new_root": FORKED.root().hex(),
        "proof": [p.hex() for p in rewritten],
    }


def make_roots() -> Iterator[Case]:
    """Roots of the eight leaves that Certificate Transparency's own tests have used since 2012."""
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    for size in range(9):
        entries = [bytes.fromhex(leaf) for leaf in leaves[:size]]
        yield {"name": f"{size} leaves", "valid": True, "leaves": leaves[:size], "root": reference.mth(entries).hex()}


def make_checkpoints() -> Iterator[Case]:
    """Checkpoints of the log key, cosigned by the first witness; `vkeys` are what the reader trusts."""
    head = Checkpoint(ORIGIN, 20, LARGE.root(20))
    text, vkeys = format_checkpoint(head), [str(LOG.verifier), str(WITNESS.verifier)]
    log_line, witness_line = LOG.sign(text).line, WITNESS.cosign(text, TIME).line
    good = f"{text}\n{log_line}{witness_line}"
    read = {"origin": ORIGIN, "size": 20, "root": head.root.hex(), "time": TIME}
    bad_log = Signature(ORIGIN, LOG.verifier.key_id, bytes(64)).line
    later = Signature(
        WITNESS.name, WITNESS.verifier.key_id, (TIME + 1).to_bytes(8, "big") + WITNESS.cosign(text, TIME).blob[8:]
    )
    extended, empty = f"{text}extension\n", f"{ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    valid = {
        "happy": (good, read),
        "no trusted cosignature: no time": (f"{text}\n{log_line}", {**read, "time": None}),
        "line of an unknown key": (f"{good}{OTHER_LOG.sign(text).line}", read),
        "unknown key with the log's name": (f"{good}{Signature(ORIGIN, b'none', bytes(64)).line}", read),
        "unknown witness": (f"{good}{SECOND_WITNESS.cosign(text, TIME + 9).line}", read),
        "same line twice": (f"{good}{log_line}", read),
        "extension line": (f"{extended}\n{LOG.sign(extended).line}{WITNESS.cosign(extended, TIME).line}", read),
        "empty tree": (
            f"{empty}\n{LOG.sign(empty).line}",
            {**read, "size": 0, "root": LARGE.root(0).hex(), "time": None},
        ),
    }
    for name, (data, fields) in valid.items():
        yield {"name": name, "valid": True, "vkeys": vkeys, "note": data, **fields}
    spoiled = {
        "size changed": good.replace("\n20\n", "\n21\n"),
        "leading zero, signed": f"{text.replace('20', '020')}\n{LOG.sign(text.replace('20', '020')).line}",
        "no signature": f"{text}\n",
        "no blank line": f"{text}{log_line}",
        "last newline missing": good[:-1],
        "signed by the witness only": f"{text}\n{witness_line}",
        "signed by another log": f"{text}\n{OTHER_LOG.sign(text).line}",
        "bad line of the log key before the good one": f"{text}\n{bad_log}{log_line}",
        "bad line of the log key after the good one": f"{text}\n{log_line}{bad_log}",
        "cosigned time changed": f"{text}\n{log_line}{later.line}",
        "extension line added after signing": good.replace(text, extended),
        "carriage returns": good.replace("\n", "\r\n"),
        "hyphen for the dash": good.replace("—", "-"),
        "root of 31 bytes, signed": sign_text(f"{ORIGIN}\n20\n{encode_base64(bytes(31))}\n"),
        "two lines only, signed": sign_text(f"{ORIGIN}\n20\n"),
    }
    for name, data in spoiled.items():
        yield {"name": name, "valid": False, "vkeys": vkeys, "note": data}


def sign_text(text: str) -> str:
    """A note by the log key over any text."""
    return f"{text}\n{LOG.sign(text).line}"


def make_notes() -> Iterator[Case]:
    """The one signed note this project did not make: the example of the specification."""
    yield {
        "name": "example",
        "valid": True,
        "origin": "C2SP/C2SP signed-note.md at 5ba5ee8, Verifier keys, Example",
        "vkeys": ["example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"],
        "note": "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONnc"
        "AlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
    }


def make_proofs() -> Iterator[Case]:
    """Receipts (`tlog-proof@v1`) of entry 5 of 20; `entry` is the entry's bytes."""
    small = SmallLog(LARGE.entries[:20])
    vkeys = [str(LOG.verifier), str(WITNESS.verifier)]
    hashes = "".join(encode_base64(value) + "\n" for value in small.inclusion(5))
    head, tail = f"c2sp.org/tlog-proof@v1\nindex 5\n{hashes}", f"\n{small.checkpoint().decode()}"
    entry = small.entries[5].hex()
    good = {"vkeys": vkeys, "entry": entry, "proof": head + tail}
    yield {"name": "happy", "valid": True, **good}
    yield {"name": "with extra data", "valid": True, **good, "proof": head.replace("index", "extra AAEC\nindex") + tail}
    yield {"name": "another entry", "valid": False, **good, "entry": small.entries[6].hex()}
    spoiled = {
        "another index": (head.replace("index 5", "index 4"), tail),
        "index with leading zero": (head.replace("index 5", "index 05"), tail),
        "another version": (head.replace("@v1", "@v2"), tail),
        "a hash missing": (head.replace(hashes[-45:], ""), tail),
        "a hash repeated": (head + hashes[-45:], tail),
        "no blank line": (head, tail[1:]),
        "a larger checkpoint": (head, f"\n{LARGE.checkpoint(21).decode()}"),
        "extra after index": (head.replace("index 5", "index 5\nextra AAEC"), tail),
        "cut off": (head, tail[:-1]),
    }
    for name, parts in spoiled.items():
        yield {"name": name, "valid": False, **good, "proof": "".join(parts)}


def make_add_checkpoint() -> Iterator[Case]:
    """Requests to a witness that last cosigned `last_size` with `last_root`, and the status of the answer."""
    small = SmallLog(LARGE.entries[:20])
    last = {"vkeys": [str(LOG.verifier)], "last_size": 8, "last_root": small.root(8).hex()}
    never = {**last, "last_size": 0, "last_root": small.root(0).hex()}
    grown, same = small.checkpoint(12, None).decode(), small.checkpoint(8, None).decode()
    forged_same, forged = FORKED.checkpoint(8, None).decode(), FORKED.checkpoint(12, None).decode()
    proof = "".join(encode_base64(value) + "\n" for value in small.consistency(8, 12))
    forged_proof = "".join(encode_base64(value) + "\n" for value in FORKED.consistency(8, 12))
    other = SmallLog(small.entries, OTHER_LOG).checkpoint(12, None).decode()
    cases = [
        ("growth", 200, last, f"old 8\n{proof}\n{grown}"),
        ("same size again", 200, last, f"old 8\n\n{same}"),
        ("first time", 200, never, f"old 0\n\n{grown}"),
        ("leading zero", 400, last, f"old 08\n{proof}\n{grown}"),
        ("64 proof lines", 400, last, f"old 8\n{proof[:45] * 64}\n{grown}"),
        ("old size above the size", 400, last, f"old 13\n{proof}\n{grown}"),
        ("key of another log", 403, last, f"old 8\n{proof}\n{other.replace(other.split(chr(10))[0], ORIGIN, 1)}"),
        ("signature of another text", 403, last, f"old 8\n{proof}\n{grown.replace(chr(10) + '12', chr(10) + '13', 1)}"),
        ("unknown origin", 404, {**last, "vkeys": []}, f"old 8\n{proof}\n{other}"),
        ("old size 0 to learn the size", 409, last, f"old 0\n\n{grown}"),
        ("first time with a proof", 422, never, f"old 0\n{proof}\n{grown}"),
        ("no proof", 422, last, f"old 8\n\n{grown}"),
        ("same size, another root", 422, last, f"old 8\n\n{forged_same}"),
        ("rewritten history", 422, last, f"old 8\n{forged_proof}\n{forged}"),
        (
            "empty tree with another root",
            422,
            never,
            f"old 0\n\n{sign_text(f'{ORIGIN}{chr(10)}0{chr(10)}{proof[:45]}')}",
        ),
    ]
    for name, status, known, body in cases:
        yield {"name": name, "valid": status == 200, "status": status, **known, "body": body}


def make_tiles() -> Iterator[Case]:
    """Paths, and the tiles of trees as `path` lists."""
    yield {
        "name": "tree of 70000",
        "valid": True,
        "size": 70_000,
        "tiles": 277,
        "partial": ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"],
    }
    yield {"name": "tree of 256", "valid": True, "size": 256, "tiles": 2, "partial": ["tile/1/000.p/1"]}
    yield {"name": "empty tree", "valid": True, "size": 0, "tiles": 0, "partial": []}
    for path in ["tile/0/000", "tile/0/x001/000", "tile/1/x001/x234/067", "tile/entries/000.p/255", "tile/63/000"]:
        yield {"name": path, "valid": True, "path": path}
    for path in [
        "tile/64/000",
        "tile/0/1",
        "tile/0/x000/001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/00/000",
        "tile/data/000",
    ]:
        yield {"name": path, "valid": False, "path": path}


def make_canonical() -> Iterator[Case]:
    """JSON texts that are, or are not, in canonical form."""
    good = {
        "sorting example of RFC 8785, integers for texts": '{"\\r":1,"1":2,"\x80":3,"ö":4,"€":5,"😀":6,"\ufb33":7}',
        "escapes": '"\\b\\t\\n\\f\\r\\"\\\\/\\u0000\\u001f\x7f"',
        "largest integers": "[9007199254740991,-9007199254740991,0]",
        "not normalised": '["é","e\u0301"]',
        "empty": '{"":[{},[],"",null,true,false]}',
    }
    bad = {
        "keys by code point": '{"\ufb33":1,"😀":2}',
        "key twice": '{"a":1,"a":1}',
        "white space": '{"a": 1}',
        "float": "[1.0]",
        "exponent": "[1e2]",
        "minus zero": "[-0]",
        "leading zero": "[01]",
        "integer too large": "[9007199254740992]",
        "lone surrogate": '["\\ud800"]',
        "needless escape": '["\\u0061"]',
        "upper case escape": '["\\u001F"]',
        "byte order mark": "\ufeff[]",
        "trailing newline": "[]\n",
        "escaped slash": '["\\/"]',
        "65 levels": "[" * 65 + "]" * 65,
        "not a number": "[NaN]",
    }
    for valid, cases in ((True, good), (False, bad)):
        for name, text in cases.items():
            yield {"name": name, "valid": valid, "text": text}


MAKERS = {
    "roots": (make_roots, "leaves: certificate-transparency test data (transparency-dev/merkle testonly/constants.go)"),
    "inclusion": (make_inclusion, OWN),
    "consistency": (make_consistency, OWN),
    "tiles": (make_tiles, "C2SP/C2SP tlog-tiles.md at 5ba5ee8; paths of our own"),
    "notes": (make_notes, "each case names its own"),
    "checkpoints": (make_checkpoints, SIGNED),
    "proofs": (make_proofs, SIGNED),
    "add_checkpoint": (make_add_checkpoint, f"{SIGNED}, after the rules of C2SP tlog-witness.md"),
    "canonical": (make_canonical, "written by hand after RFC 8785; the sorting example is its section 3.2.3"),
}


def build(name: str) -> str:
    """Return the text of one vector file."""
    make, origin = MAKERS[name]
    return json.dumps({"origin": origin, "cases": list(make())}, indent=1) + "\n"


def read(name: str) -> list[Case]:
    """Return the cases of a committed vector file."""
    cases: list[Case] = json.loads((FOLDER / f"{name}.json").read_text())["cases"]
    return cases


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for title in MAKERS:
        (FOLDER / f"{title}.json").write_text(build(title))
