"""A bundle that its own node signed is still believed no further than its entries prove."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.tlog.note import Signer
from register.credentials.bundle.checking import check_whole
from register.credentials.bundle.opening import open_bytes
from register.credentials.bundle.registers import BundleRegisters
from register.credentials.bundle.writing import Filed
from register.credentials.errors import BadBundle
from tests import bundles, ledgers
from tests.bundles import NOW, Source, draft, make
from tests.ledgers import UTOPIA, WIDE, Ledger, as_agency, ending, grant, make_id
from tests.register.credentials.bundle.surgery import cut_out

GRANTED = make_id(50)
QUESTION = {"issuer": UTOPIA, "at": "2026-01-01"}


def revoked() -> Ledger:
    ledger = bundles.open_ledger()
    grant(ledger, GRANTED)
    ledger.say("accreditation.revoked", GRANTED, ending("2025-06-01", actor=as_agency(WIDE)))
    return ledger


def open_(source: Source) -> BundleRegisters:
    return open_bytes(make(draft(source)), now=NOW)


def check(registers: BundleRegisters) -> list[int]:
    told: list[int] = []
    (checked,) = check_whole(registers, told.append)
    assert checked.whole
    return told


def test_an_honest_bundle_is_checked_from_end_to_end() -> None:
    ledger = revoked()
    registers = open_(Source(ledger))
    assert sum(check(registers)) == len(ledger.entries)
    assert registers.decide(QUESTION)["decision"] == "not_trusted"


def test_an_entry_that_is_not_the_ledgers_is_refused() -> None:
    ledger = revoked()

    def forge(filed: Filed) -> Filed:
        return replace(filed, data=filed.data.replace(b"2025-06-01", b"2027-06-01"))

    registers = open_(Source(ledger, rewrite=forge))
    for ask in (lambda: registers.decide(QUESTION), lambda: check(registers)):
        with pytest.raises(BadBundle, match="not the one that stands in") as refused:
            ask()
        assert refused.value.code == "unproven"


def test_an_entry_offered_in_anothers_place_is_refused() -> None:
    ledger = revoked()

    def swap(filed: Filed) -> Filed:
        return replace(filed, data=ledger.entries[1]) if filed.index == ledger.last else filed

    with pytest.raises(BadBundle):
        check(open_(Source(ledger, rewrite=swap)))


def test_an_entry_that_the_index_names_and_the_bundle_leaves_out_is_missed() -> None:
    """Whoever only cuts the entry out leaves it in the index: the answer is refused, not given without it."""
    ledger = revoked()
    whole = make(draft(Source(ledger)))
    registers = open_bytes(cut_out(whole, ledger.last), now=NOW)
    with pytest.raises(BadBundle, match=f"leaves out entry {ledger.last}") as refused:
        registers.decide(QUESTION)
    assert refused.value.code == "incomplete"
    with pytest.raises(BadBundle):
        check(registers)


def test_a_revocation_kept_out_of_entries_and_index_is_seen_as_a_part_of_the_ledger() -> None:
    """What rests on the node's word alone is said: this bundle is not the whole ledger."""
    ledger = revoked()
    registers = open_(Source(ledger, rewrite=lambda filed: None if filed.index == ledger.last else filed))
    (checked,) = check_whole(registers, lambda count: None)
    assert not checked.whole
    assert any("word of" in word for word in registers.words)
    assert not any("word of" in word for word in open_(Source(ledger)).words)


def test_an_index_that_hides_an_entry_of_the_bundle_is_found_when_it_is_checked() -> None:
    ledger = revoked()

    def hide(filed: Filed) -> Filed:
        return replace(filed, set_aside="malformed") if filed.index == ledger.last else filed

    registers = open_(Source(ledger, rewrite=hide))
    with pytest.raises(BadBundle, match="index") as refused:
        check(registers)
    assert refused.value.code == "incomplete"


def test_an_own_entry_cannot_be_passed_off_as_set_aside() -> None:
    ledger = revoked()

    def mark(filed: Filed) -> Filed:
        return replace(filed, set_aside="outside_territory") if b"issuer.registered" in filed.data else filed

    with pytest.raises(BadBundle):
        check(open_(Source(ledger, rewrite=mark)))


def test_a_bundle_without_entry_0_is_refused() -> None:
    with pytest.raises(BadBundle, match="entry 0"):
        open_(Source(revoked(), rewrite=lambda filed: filed if filed.index else None))


def test_a_ledger_that_the_nodes_own_does_not_name_is_refused() -> None:
    stranger = replace(
        Source(ledgers.open_ledger(opening=bundles.OPENING)), origin="elsewhere.example/ledger",
        log=Signer.generate("elsewhere.example/ledger", bytes(32)),
    )  # fmt: skip
    with pytest.raises(BadBundle, match="does not name elsewhere"):
        open_bytes(make(draft(Source(revoked()), stranger)), now=NOW)
