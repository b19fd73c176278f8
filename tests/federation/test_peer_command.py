"""`manage.py peer`: what an operator types, and what is answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from federation.alerts import raise_alert
from federation.fingerprint import compute_fingerprint
from federation.models import Following
from federation.sync import follow
from ledger.logs import get_log
from register.access.models import AuditRecord
from tests import factories
from tests.federation.strangers import Stranger, listening


@pytest.fixture(autouse=True)
def open_node(transactional_db: None) -> None:
    factories.open_register()


@pytest.fixture
def german() -> Iterator[Stranger]:
    with listening("de", territory=("DE", "LU")) as stranger:
        yield stranger


@pytest.fixture
def type_in(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the operator type this when asked."""

    def answer(text: str) -> None:
        def read(prompt: str) -> str:
            if text:
                return text
            raise EOFError

        monkeypatch.setattr("builtins.input", read)

    return answer


def size() -> int:
    return get_log(settings.ASSAY_ORIGIN).size


def run(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    call_command("peer", *words)
    return capsys.readouterr().out


def test_a_node_is_added_after_its_fingerprint_was_compared(
    german: Stranger, type_in: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    type_in("yes")
    said = run(capsys, "add", german.url, "--remit", "de", "--max-age", "3600")
    fingerprint = compute_fingerprint(german.vkey)
    assert "name         Register of DE" in said
    assert "territory    DE, LU" in said
    assert f"fingerprint  {fingerprint.grouped}" in said
    assert " ".join(re.findall(r"^ {13}(.+)$", said, re.MULTILINE)) == " ".join(fingerprint.words)
    assert f"following {german.peer.origin}" in said
    assert re.search(r"entry 1 of \S+: peer\.recognised", said)
    row = Following.objects.get()
    assert (row.remit, row.max_age_seconds, row.vkeys) == (["DE"], 3600, [german.vkey])


@pytest.mark.parametrize("answer", ["no", "y", ""])
def test_whatever_is_not_a_yes_changes_nothing(
    german: Stranger, type_in: Any, answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    type_in(answer)
    with pytest.raises(CommandError, match="compare the fingerprint"):
        run(capsys, "add", german.url)
    assert (size(), Following.objects.count()) == (1, 0)


def test_what_was_told_beforehand_needs_no_question(german: Stranger, capsys: pytest.CaptureFixture[str]) -> None:
    words = " ".join(compute_fingerprint(german.vkey).words)
    with pytest.raises(CommandError, match="do not go on while they differ"):
        run(capsys, "add", german.url, "--fingerprint", compute_fingerprint("another").hex)
    assert size() == 1
    run(capsys, "add", german.url, "--fingerprint", words)
    row = Following.objects.get()
    run(capsys, "withdraw", str(row.peer), "--reason", "closed", "--note", "merged")
    run(capsys, "add", german.url, "--vkey", german.vkey)
    run(capsys, "withdraw", german.peer.origin)
    run(capsys, "add", german.url, "--yes")
    assert Following.objects.get().status == "following"


def test_peers_are_listed_and_shown(german: Stranger, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "list") == ""
    run(capsys, "add", german.url, "--yes")
    assert "0 entries, nothing verified yet" in run(capsys, "list")
    follow(german.peer.origin)
    line = run(capsys, "list")
    assert re.match(rf"[0-9a-f-]{{36}}  following  {german.peer.origin}  3 entries, signed \d+ s ago\n", line)
    Following.objects.update(seen_size=9, error_code="unreachable", error_message="the connection failed")
    raise_alert(german.peer.origin, "unreachable", "Call them.")
    shown = run(capsys, "show", german.peer.origin)
    assert "3 entries, 6 to come" in shown
    assert "unreachable: the connection failed" in shown
    assert "DE, LU; heard for all of its territory" in shown
    assert f"log key      {german.vkey}" in shown
    assert "alert        Call them." in shown


def test_a_peer_is_amended_paused_resumed_thawed(german: Stranger, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "add", german.url, "--yes")
    peer = german.peer.origin
    run(capsys, "amend", peer, "--remit", "LU", "--max-age", "600")
    row = Following.objects.get()
    assert (row.remit, row.max_age_seconds) == (["LU"], 600)
    run(capsys, "amend", peer, "--remit", "", "--max-age", "0", "--url", "https://new.example")
    row = Following.objects.get()
    assert (row.remit, row.max_age_seconds, row.url) == (None, None, "https://new.example")
    with pytest.raises(CommandError, match="expected at least one field"):
        run(capsys, "amend", peer)
    assert "paused" in run(capsys, "pause", peer, "--reason", "holidays")
    assert "holidays" in run(capsys, "show", peer)
    assert "following" in run(capsys, "resume", peer)
    with pytest.raises(CommandError, match="expected a peer that is frozen"):
        run(capsys, "unfreeze", peer, "--reason", "x")
    Following.objects.update(status="frozen")
    with pytest.raises(CommandError):
        run(capsys, "unfreeze", peer)
    assert "evidence of its fork stays" in run(capsys, "unfreeze", peer, "--reason", "they restored a backup")
    noted = AuditRecord.objects.order_by("id").values_list("code", "email", "facts__how")
    assert list(noted) == [(code, "", "console") for code in ("peer_paused", "peer_resumed", "peer_unfrozen")]


def test_another_key_is_confirmed(german: Stranger, type_in: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "add", german.url, "--yes")
    with pytest.raises(CommandError, match="nothing to confirm"):
        run(capsys, "confirm-key", german.peer.origin, "--yes")
    german.hand_over(2, reason="compromised")
    type_in("yes")
    assert "by its new key" in run(capsys, "confirm-key", german.peer.origin)
    assert Following.objects.get().vkeys == [german.vkey]


@pytest.mark.parametrize(
    "words",
    [
        ("add", "nonsense", "--yes"),
        ("add", "http://127.0.0.1:1024", "--yes"),
        ("show", "nobody"),
        ("pause", str(UUID(int=1))),
        ("withdraw", "nobody"),
        ("confirm-key", "nobody", "--yes"),
        ("fly", "nobody"),
        (),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError) as refused:
        run(capsys, *words)
    assert "Traceback" not in str(refused.value)
    assert size() == 1


@pytest.mark.parametrize(
    ("options", "words"), [(("--remit", "FR"), "FR"), (("--remit", "XX"), "remit"), (("--max-age", "5"), "max_age")]
)
def test_terms_that_cannot_be_are_refused(
    german: Stranger, options: tuple[str, str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match=words):
        run(capsys, "add", german.url, "--yes", *options)
    assert (size(), Following.objects.count()) == (1, 0)


def test_a_reason_that_is_no_reason_is_refused(german: Stranger, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "add", german.url, "--yes")
    with pytest.raises(CommandError, match="reason"):
        run(capsys, "withdraw", german.peer.origin, "--reason", "boredom")
    assert Following.objects.get().status == "following"
