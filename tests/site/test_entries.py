"""Entries as pages list them: what replaces them, and the thing they are about."""

from __future__ import annotations

import re

from register import commands
from register.payloads import AccreditationChanges, AgencyChanges, ProgrammeChanges
from tests import factories
from tests.site.conftest import Register
from tests.site.test_pages import commands_index, read, words


def tell_item(page: str, index: int) -> str:
    """Return the words of the item of a history that stands for an entry."""
    place = f'<a class="small nowrap" href="/ledger/entries/{index}">'
    (item,) = [one for one in re.findall(r"<li>.*?</li>", page, re.S) if place in one]
    return words(item)


def correct(register: Register, entry: int, level: int) -> int:
    """Correct the levels that an entry of the accreditation stated; return the index of the correction."""
    said = {"corrects": entry, "scope": {"eqf_levels": [level]}, "reason": "administrative_error"}
    terms = AccreditationChanges.model_validate(said)
    commands.amend_accreditation(register.accreditation, terms, actor=factories.as_agency(register.agency))
    return commands_index(register, "accreditation.amended")


def find_grant(register: Register) -> int:
    """Return the index of the entry that granted the accreditation of the register's issuer."""
    page = read(register, f"/ledger?subject={register.accreditation}&type=accreditation.granted")
    return int(re.findall(r'href="/ledger/entries/(\d+)">entry', page)[0])


def test_a_replaced_entry_says_so_wherever_it_is_shown(register: Register) -> None:
    grant = find_grant(register)
    correct(register, grant, 5)
    newest = correct(register, grant, 4)
    told = f"Replaced by entry {newest} ."
    for path in (f"/issuers/{register.issuer}", f"/accreditations/{register.accreditation}", "/ledger"):
        page = read(register, path)
        assert told in tell_item(page, grant), path
        assert "Replaced by" not in tell_item(page, newest), path
    assert told in tell_item(read(register, f"/ledger?subject={register.issuer}&before={grant + 1}"), grant)
    assert told in words(read(register, f"/ledger/entries/{grant}"))
    assert "Replaced by" not in read(register, f"/ledger/entries/{newest}")


def test_what_another_thing_corrects_is_not_taken_for_replaced(register: Register) -> None:
    grant = find_grant(register)
    said = {"website": "https://www.agency.example"}
    commands.amend_agency(register.agency, AgencyChanges.model_validate(said), actor=factories.OPERATOR)
    for index in range(grant + 1):
        assert "Replaced by" not in read(register, f"/ledger/entries/{index}")


def test_an_earlier_knowledge_of_the_register_does_not_know_the_correction_yet(register: Register) -> None:
    grant = find_grant(register)
    correction = correct(register, grant, 5)
    page = read(register, f"/accreditations/{register.accreditation}?known_at=register.nl.example/ledger@{correction}")
    assert "Replaced by" not in page


def test_an_amendment_is_told_of_the_thing_that_was_amended_on_every_page(register: Register) -> None:
    scope = {"eqf_levels": [6], "programmes": [register.programme]}
    factories.make_accreditation(register.issuer, register.agency, kind="programme", scope=scope)
    changes = ProgrammeChanges.model_validate({"ects": "10"})
    commands.amend_programme(register.programme, changes, actor=factories.as_issuer(register.issuer))
    amended = commands_index(register, "programme.amended")
    told = [tell_item(read(register, path), amended) for path in (f"/issuers/{register.issuer}", "/ledger")]
    assert told[0] == told[1]
    assert f'About <a href="/programmes/{register.programme}">' in read(register, f"/issuers/{register.issuer}")
