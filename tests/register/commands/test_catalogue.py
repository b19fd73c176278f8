"""Every event of the catalogue, said by command: after each one the live rows are those a replay makes."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from ledger import reader
from register import commands, events, payloads, records
from register.errors import Refused
from register.models import VERSIONS, Happening, IdentifierClaim
from register.projection import replaying
from register.queries.credentials import find_withdrawn
from register.queries.cuts import resolve_cut
from register.queries.peers import find_register, list_peers
from register.queries.single import find_record
from register.records import StatusPosition
from tests import factories
from tests.factories import OPERATOR, as_agency, as_issuer, ending, verify_command
from tests.register import refusals_of_peers as peers


@pytest.fixture
def cast(db: None) -> dict[str, str]:
    """An open register with an agency and two issuers."""
    verify_command(factories.open_register)
    return {
        "agency": verify_command(factories.make_agency),
        "college": verify_command(lambda: factories.make_issuer(identifiers=[{"scheme": "ror", "value": "04dkp9463"}])),
        "academy": verify_command(factories.make_issuer),
    }


def known(kind: str, record_id: str) -> Any:
    return find_record(kind, record_id, resolve_cut())


def test_agencies(cast: dict[str, str]) -> None:
    changes = payloads.AgencyChanges.model_validate({"scope": {"eqf_levels": [6]}, "effective_from": "2021-01-01"})
    verify_command(lambda: commands.amend_agency(cast["agency"], changes, actor=OPERATOR))
    verify_command(lambda: commands.withdraw_agency(cast["agency"], ending("2024-01-01"), actor=OPERATOR))
    agency = known("agency", cast["agency"])
    assert agency.scope.eqf_levels == (6,)
    assert agency.withdrawal.reason == "quality"
    assert agency.entries == (1, 4, 5)


def test_issuers(cast: dict[str, str]) -> None:
    changes = payloads.IssuerChanges.model_validate({"names": {"en": "New College"}, "website": None})
    verify_command(lambda: commands.amend_issuer(cast["college"], changes, actor=as_agency(cast["agency"])))
    merger = payloads.RelationTerms.model_validate(
        {"relation": "merged_into", "other": cast["academy"], "valid_from": "2025-07-01"}
    )
    verify_command(lambda: commands.relate_issuer(cast["college"], merger, actor=OPERATOR))
    verify_command(lambda: commands.close_issuer(cast["college"], ending("2025-07-01", "merged"), actor=OPERATOR))
    college = known("issuer", cast["college"])
    assert [former.name for former in college.former_names] != []
    assert college.closure.reason == "merged"
    assert VERSIONS["relation"].objects.count() == 1


def test_programmes_and_keys_and_mandates(cast: dict[str, str]) -> None:
    college, academy = cast["college"], cast["academy"]
    programme = verify_command(lambda: factories.make_programme(college, eqf_level=6, isced_f=["0613"]))
    changes = payloads.ProgrammeChanges.model_validate({"ects": "180", "eqf_level": None})
    verify_command(lambda: commands.amend_programme(programme, changes, actor=as_issuer(college)))
    verify_command(lambda: commands.close_programme(programme, ending("2025-01-01"), actor=OPERATOR))
    assert (known("programme", programme).ects, known("programme", programme).eqf_level) == ("180", None)
    key = verify_command(lambda: factories.make_key(college))
    theft = payloads.KeyRevocationTerms.model_validate({"reason": "compromised", "since": "2025-02-01"})
    verify_command(lambda: commands.revoke_key(college, key, theft, actor=as_issuer(college)))
    assert known("key", key).revocation.since is not None
    mandate = verify_command(lambda: factories.make_mandate(college, academy))
    verify_command(lambda: commands.revoke_mandate(mandate, ending("2025-01-01"), actor=as_issuer(college)))
    assert known("mandate", mandate).revocation.reason == "quality"


def test_accreditations(cast: dict[str, str]) -> None:
    agency = as_agency(cast["agency"])
    granted = verify_command(lambda: factories.make_accreditation(cast["college"], cast["agency"]))
    changes = payloads.AccreditationChanges.model_validate({"scope": {"eqf_levels": [6, 7]}, "corrects": 4})
    verify_command(lambda: commands.amend_accreditation(granted, changes, actor=agency))
    verify_command(lambda: commands.suspend_accreditation(granted, ending("2025-03-01"), actor=agency))
    lifting = payloads.ReinstatementTerms.model_validate({"effective_from": "2025-05-01"})
    verify_command(lambda: commands.reinstate_accreditation(granted, lifting, actor=agency))
    verify_command(lambda: commands.revoke_accreditation(granted, ending("2026-06-01"), actor=agency))
    record = known("accreditation", granted)
    assert record.entries == (4, 5, 6, 7, 8)
    assert (record.corrected, len(record.suspensions), record.revocation.reason) == ((4,), 1, "quality")
    row = VERSIONS["accreditation"].objects.get(uid=granted, recorded_until=None)
    assert (row.recorded_from, row.eqf_levels, row.suspended[0].lower.isoformat()[:10]) == (8, [6, 7], "2025-03-01")


def test_batches_and_credentials(cast: dict[str, str]) -> None:
    college, actor = cast["college"], as_issuer(cast["college"])
    batch = verify_command(lambda: factories.make_batch(college, issued_from="2026-06-01", issued_until="2026-06-01"))
    assert (known("batch", batch).count, known("batch", batch).recorded.index) == (1000, 4)
    one, two = factories.make_digest(), factories.make_digest()
    said = factories.withdrawal(college, one, two, batch=batch, status=[{"list": 0, "index": n} for n in (7, 9)])
    act = verify_command(lambda: commands.suspend_credentials(said, actor=actor))
    lifted = factories.withdrawal(college, two, reason="review_closed", effective_from="2099-01-01")
    verify_command(lambda: commands.reinstate_credentials(lifted, actor=actor))
    revoked = factories.withdrawal(college, one, effective_from="2026-01-01")
    verify_command(lambda: commands.revoke_credentials(revoked, actor=actor))
    assert act.url == f"{settings.ASSAY_BASE_URL}/withdrawals/{act.id}"
    assert known("withdrawal", act.id).commitments == (one, two)
    found = find_withdrawn(resolve_cut(), college, [one, two, factories.make_digest()])
    assert [change.state for change in found[one].changes] == ["suspended", "revoked"]
    assert [change.state for change in found[two].changes] == ["suspended", "reinstated"]
    assert (found[one].batch, found[one].status, found[one].entries) == (batch, StatusPosition(0, 7), (5, 7))
    row = VERSIONS["credential"].objects.get(uid=found[one].id, recorded_until=None)
    assert (row.recorded_from, row.revoked[0].upper, row.suspended) == (7, None, None)


def test_peers_and_forks(cast: dict[str, str]) -> None:
    terms = payloads.PeerTerms.model_validate(peers.terms(remit=["BE"]))
    peer = verify_command(lambda: commands.recognise_peer(terms, actor=OPERATOR))
    assert peer.url == f"{settings.ASSAY_BASE_URL}/peers/{peer.id}"
    changes = payloads.PeerChanges.model_validate({"vkeys": [str(peers.NEXT.verifier)], "remit": None})
    verify_command(lambda: commands.amend_peer(peer.id, changes, actor=OPERATOR))
    fork = peers.fork_terms(peers.sign(5), peers.sign(5, leaf="other", by=peers.NEXT))
    report = verify_command(lambda: commands.report_fork(payloads.ForkTerms.model_validate(without_actor(fork))))
    ending = payloads.PeerEnding.model_validate({"reason": "forked"})
    verify_command(lambda: commands.withdraw_peer(peer.id, ending, actor=OPERATOR))
    (known_peer,), known_fork = list_peers(), known("fork", report.id)
    assert (known_peer.remit, known_peer.vkeys) == (None, (str(peers.NEXT.verifier),))
    assert known_peer.former_vkeys == (str(peers.LOG.verifier),)
    assert known_peer.withdrawal is not None
    assert (known_fork.origin, known_fork.newer) == (peers.PEER_ORIGIN, fork["newer"])
    verify_command(lambda: commands.recognise_peer(terms, actor=OPERATOR))
    assert [one.withdrawal is None for one in list_peers()] == [False, True]


def without_actor(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != "actor"}


def test_a_withdrawn_peer_stays_withdrawn_in_a_later_write(cast: dict[str, str]) -> None:
    terms = payloads.PeerTerms.model_validate(peers.terms())
    peer = commands.recognise_peer(terms, actor=OPERATOR)
    with pytest.raises(Refused, match="peer already"):
        commands.recognise_peer(terms, actor=OPERATOR)
    commands.withdraw_peer(peer.id, payloads.PeerEnding(reason="closed"), actor=OPERATOR)
    with pytest.raises(Refused, match="withdrawn already"):
        commands.amend_peer(peer.id, payloads.PeerChanges(name="X"), actor=OPERATOR)


def test_the_registers_own_key_is_replaced(cast: dict[str, str]) -> None:
    before = find_register(settings.ASSAY_ORIGIN)
    assert before is not None
    new = peers.signer(settings.ASSAY_ORIGIN, "new")
    change = {"vkey": str(new.verifier), "former_vkey": before.vkey}
    terms = payloads.KeyRotationTerms.model_validate(
        {"log": change, "reason": "scheduled", "effective_from": "2099-01-01", "overlap_until": "2099-02-01"}
    )
    written = verify_command(lambda: commands.announce_key(terms))
    after = find_register(settings.ASSAY_ORIGIN)
    assert after is not None
    assert (after.vkey, after.entries) == (str(new.verifier), (0, written.index))
    assert [key.vkey for key in after.keys] == [before.vkey, before.witness_vkey, after.vkey]
    assert written.url == settings.ASSAY_BASE_URL
    assert find_register("nobody.example/ledger") is None


def test_many_at_once_are_one_write(cast: dict[str, str]) -> None:
    terms = [factories.accreditation_terms(cast["college"], cast["agency"]) for _ in range(30)]
    written = verify_command(lambda: commands.grant_accreditations(terms, actor=OPERATOR))
    assert [place.index for place in written] == list(range(4, 34))
    assert [place.id for place in written] == sorted(place.id for place in written)
    receipts = commands.receipts_for(written)
    assert receipts.keys() == set(range(4, 34))
    assert all(receipt.startswith("c2sp.org/tlog-proof@") for receipt in receipts.values())


def test_several_versions_of_one_record_in_one_write_are_a_chain(cast: dict[str, str]) -> None:
    changes = [payloads.IssuerChanges.model_validate({"acronym": text}) for text in ("A", "B", "C")]
    intents = [commands.intend("issuer.amended", change, cast["college"]) for change in changes]
    verify_command(lambda: commands.record(intents, actor=OPERATOR))
    rows = VERSIONS["issuer"].objects.filter(uid=cast["college"]).order_by("recorded_from")
    assert [(row.recorded_from, row.recorded_until) for row in rows] == [(2, 4), (4, 5), (5, 6), (6, None)]


def test_an_entry_says_what_was_set_and_nothing_else(cast: dict[str, str]) -> None:
    changes = payloads.IssuerChanges.model_validate({"website": None, "names": {"nl": "Hogeschool"}})
    written = commands.amend_issuer(cast["college"], changes, actor=as_agency(cast["agency"]))
    entry = reader.read_entry(settings.ASSAY_ORIGIN, written.index)
    event = events.parse(entry)
    assert event.subject == f"{settings.ASSAY_BASE_URL}/issuers/{cast['college']}" == written.url
    actor = f'"actor":{{"organisation":"{cast["agency"]}","role":"agency"}}'.encode()
    assert b'"data":{' + actor + b',"names":{"nl":"Hogeschool"},"website":null}' in entry


def test_defaults_that_say_nothing_are_left_out(cast: dict[str, str]) -> None:
    index = commands.grant_accreditation(
        factories.accreditation_terms(cast["college"], cast["agency"], scope={"eqf_levels": [6]}), actor=OPERATOR
    ).index
    entry = reader.read_entry(settings.ASSAY_ORIGIN, index)
    assert b"null" not in entry
    assert b'"scope":{"eqf_levels":[6]}' in entry


def test_each_entry_is_a_happening_of_the_things_it_concerns(cast: dict[str, str]) -> None:
    granted = factories.make_accreditation(cast["college"], cast["agency"])
    happening = Happening.objects.get(index=4)
    assert (happening.type, str(happening.uid)) == ("accreditation.granted", granted)
    assert (str(happening.issuer), str(happening.agency)) == (cast["college"], cast["agency"])
    assert Happening.objects.filter(quarantine__isnull=False).count() == 0


def test_claims_end_with_the_version_that_makes_them(cast: dict[str, str]) -> None:
    changes = payloads.IssuerChanges.model_validate({"identifiers": [{"scheme": "pic", "value": "999974456"}]})
    verify_command(lambda: commands.amend_issuer(cast["college"], changes, actor=OPERATOR))
    rows = IdentifierClaim.objects.order_by("recorded_from").values_list("scheme", "recorded_from", "recorded_until")
    assert list(rows) == [("ror", 2, 4), ("pic", 4, None)]


def test_a_whole_register_is_rebuilt_equal(cast: dict[str, str]) -> None:
    granted = factories.make_accreditation(cast["college"], cast["agency"])
    commands.revoke_accreditation(granted, ending("2026-06-01"), actor=OPERATOR)
    before = [list(model._default_manager.order_by("pk").values()) for model in VERSIONS.values()]
    assert replaying.rebuild() is None
    assert [list(model._default_manager.order_by("pk").values()) for model in VERSIONS.values()] == before


def test_all_kinds_of_records_have_a_table() -> None:
    assert VERSIONS.keys() == records.KINDS.keys()
