"""`assay verify` against a real node's API: what it prints and returns, and that it believes nothing without proof."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client

from deploy.cli import main
from ledger.reader import read_evidence
from ledger.signer import node_signers
from register import commands
from register.credentials import commitments, reading
from register.credentials.batch_paths import ALGORITHM
from register.credentials.batch_tree import build_tree
from register.credentials.receipts import Receipt, format_receipt
from tests import factories
from tests.anchored import make_digests, make_salt
from tests.credential_forge import CANARY, PEN, badge, seal, sign_jwt

URL = "https://register.tests.example"
Rewrite = Callable[[str, dict[str, Any]], dict[str, Any]]


@dataclass
class Shell:
    """The command line with a node at the other end, and a directory of credentials."""

    directory: Path
    monkeypatch: pytest.MonkeyPatch
    asked: list[str] = field(default_factory=list)
    rewrite: Rewrite = field(default=lambda path, answer: answer)

    def write(self, name: str, data: bytes) -> str:
        path = self.directory / name
        path.write_bytes(data)
        return str(path)

    def run(self, *argv: str) -> int:
        """Run `assay verify` against the node."""
        client, real = Client(), httpx.Client

        def answer(request: httpx.Request) -> httpx.Response:
            path = request.url.raw_path.decode()
            self.asked.append(path)
            found = client.get(path, headers={"Accept": request.headers["Accept"]})
            if found.headers["Content-Type"] != "application/json":
                return httpx.Response(found.status_code, content=found.content)
            return httpx.Response(found.status_code, json=self.rewrite(path, json.loads(found.content)))

        transport = httpx.MockTransport(answer)
        with self.monkeypatch.context() as patched:
            patched.setattr(httpx, "Client", lambda **options: real(**{**options, "transport": transport}))
            return main(["verify", *argv, "--register", URL])


@pytest.fixture
def college(transactional_db: None) -> str:
    """An issuer with a key and an accreditation for EQF 6, in an open register."""
    factories.open_register()
    issuer = factories.make_issuer(names={"en": "College of Tests"})
    factories.make_key(issuer, value=PEN.did)
    factories.make_accreditation(issuer, factories.make_agency(), scope={"eqf_levels": [6]})
    return issuer


@pytest.fixture
def shell(college: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


def anchor(issuer: str, data: bytes) -> tuple[bytes, str]:
    """Anchor a credential in the node's ledger; return its receipt and its commitment."""
    digest = commitments.digest(reading.read(data)[0])
    digests = [*make_digests(2), digest]
    tree = build_tree([commitments.commit(one, make_salt(one)) for one in digests])
    factories.make_batch(issuer, root=tree.root.hex(), count=tree.count, tree_algorithm=ALGORITHM)
    from django.conf import settings

    from register.queries.credentials import list_batches
    from register.queries.hearing import hear_peers

    (batch,) = list_batches(hear_peers(), issuer).items
    proven = read_evidence(settings.ASSAY_ORIGIN, [batch.recorded.index])[batch.recorded.index]
    target = commitments.commit(digest, make_salt(digest))
    receipt = Receipt(
        make_salt(digest), target, tree.root, tree.find_path(2), batch.url, proven.data, proven.receipt.encode()
    )
    return format_receipt(receipt), target.hex()


def pin() -> tuple[str, str]:
    """Name the node's log key, as somebody does who compared it."""
    return "--vkey", str(node_signers().log.verifier)


def test_a_valid_credential_prints_its_verdict_first_and_what_was_sent(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shell.run(shell.write("badge.jwt", sign_jwt(badge())), *pin()) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("VALID  ")
    assert f"a question about the issuer {PEN.did}" in shown
    assert "On the node's word: " in shown
    assert CANARY not in shown


def test_that_nobody_confirmed_the_nodes_key_is_told_and_spoils_no_verdict(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shell.run(shell.write("badge.jwt", sign_jwt(badge()))) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("VALID ")
    assert f"This rests on the key {pin()[1]}, which was taken from the register itself" in shown


def test_the_node_is_told_of_the_issuer_alone(shell: Shell) -> None:
    document = badge()
    assert shell.run(shell.write("badge.jwt", sign_jwt(document))) == 0
    told = "".join(shell.asked)
    for secret in (CANARY, CANARY.split()[0], document["id"], "Applied"):
        assert secret not in told


@pytest.mark.parametrize(
    ("fields", "code"),
    [({}, 0), ({"validUntil": "2025-01-01T00:00:00Z"}, 1), ({"issuer": {"id": "https://ror.org/04dkp9463"}}, 3)],
)
def test_the_exit_code_is_the_verdicts(shell: Shell, fields: dict[str, Any], code: int) -> None:
    assert shell.run(shell.write("badge.json", seal(badge(**fields)))) == code


def test_at_is_when_expiry_is_judged(shell: Shell) -> None:
    name = shell.write("badge.json", seal(badge(validUntil="2025-01-01T00:00:00Z")))
    assert (shell.run(name), shell.run(name, "--at", "2024-12-01")) == (1, 0)


def test_the_worst_of_several_files_wins(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    good = shell.write("good.json", seal(badge()))
    expired = shell.write("expired.json", seal(badge(validUntil="2025-01-01T00:00:00Z")))
    unknown = shell.write("unknown.json", seal(badge(issuer={"id": "did:web:nobody.example"}, proof=None)))
    nothing = shell.write("nothing.txt", b"hello")
    assert shell.run(good, expired, nothing) == 1
    assert shell.run(good, nothing) == 2
    assert shell.run(nothing) == 2
    assert shell.run(good, unknown) in (1, 3)
    capsys.readouterr()
    assert shell.run(good, good, good, good, good, expired, *pin()) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[5].startswith("NOT VALID")
    assert lines[6] == "6 files: 1 not valid, 5 valid"


def test_json_is_the_report_of_the_interface(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    assert shell.run(shell.write("badge.json", seal(badge())), "--json", *pin()) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["verdict"], report["decision"]["decision"]) == ("valid", "trusted")
    assert report["rests_on"]


def test_a_receipt_is_believed_under_keys_that_the_nodes_own_entries_name(
    shell: Shell, college: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = seal(badge())
    receipt, commitment = anchor(college, data)
    name, beside = shell.write("badge.json", data), shell.write("badge.receipt.json", receipt)
    assert shell.run(name, "--receipt", beside) == 0
    assert "the register's ledger proves it" in capsys.readouterr().out
    assert shell.run(name) == 0
    assert "the register's ledger proves it" in capsys.readouterr().out, "it lies beside the file"
    assert shell.run(shell.write("lonely.json", data)) == 0
    assert capsys.readouterr().out.startswith("VALID, WITH REMARKS")
    assert shell.run(name, beside) == 0
    assert "NO CREDENTIAL" not in capsys.readouterr().out
    commands.revoke_credentials(factories.withdrawal(college, commitment), actor=factories.as_issuer(college))
    shell.asked.clear()
    assert shell.run(name, "--receipt", beside) == 1
    assert "The issuer revoked it" in capsys.readouterr().out
    assert commitment not in "".join(shell.asked)


def test_a_receipt_that_no_node_can_be_asked_about_is_not_checked(
    shell: Shell, college: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = seal(badge())
    receipt, _ = anchor(college, data)
    name, beside = shell.write("badge.json", data), shell.write("badge.receipt.json", receipt)
    assert main(["verify", name, "--receipt", beside, "--register", "http://127.0.0.1:9"]) == 3
    shown = capsys.readouterr()
    assert shown.out.startswith("CANNOT BE CONFIRMED")
    assert "could not be asked" in shown.out.partition("Is it anchored?")[2]
    assert "Traceback" not in shown.err


def test_a_node_that_says_what_its_entries_do_not_show_is_not_believed(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    def lie(path: str, answer: dict[str, Any]) -> dict[str, Any]:
        return answer | {"decision": "trusted"} if path.startswith("/api/v1/trust") else answer

    shell.rewrite = lie
    document = badge(
        credentialSubject={"achievement": {"alignment": [{"targetUrl": "http://data.europa.eu/snb/eqf/8"}]}}
    )
    assert shell.run(shell.write("badge.json", seal(document))) == 3
    assert "could not be confirmed" in capsys.readouterr().out


def test_what_cannot_be_used_is_said(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    name = shell.write("badge.json", seal(badge()))
    assert shell.run(name, name, "--receipt", name) == 2
    assert shell.run(name, "--at", "tomorrow") == 2
    assert shell.run(str(shell.directory / "absent.json")) == 2
    shown = capsys.readouterr()
    assert "expected one file with --receipt" in shown.err
    assert "cannot be read" in shown.out
