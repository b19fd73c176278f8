"""The fold: each event type makes the record that the catalogue says."""

from __future__ import annotations

from typing import Any

import pytest

from register import fold
from register.errors import NotFound
from register.events import CATALOGUE, parse
from register.moments import parse_moment
from register.records import (
    Document,
    Ending,
    FormerName,
    FormerScope,
    IdentifierClaim,
    KeyRevocation,
    Period,
    Recorded,
    Suspension,
)
from register.scope import Scope
from register.state import State
from tests.ledgers import (
    ARCADIA,
    ELYSIUM,
    MATHS,
    ORIGIN,
    SOURCE,
    UTOPIA,
    WIDE,
    Ledger,
    as_agency,
    bind,
    ending,
    grant,
    make_id,
    mandate_terms,
    open_ledger,
    programme_terms,
    recognise,
    register,
)

A = make_id(101)
DAY = parse_moment("2025-01-01")


def now(ledger: Ledger) -> Recorded:
    return Recorded(ledger.last, ledger.time)


def ended(ledger: Ledger) -> Ending:
    return Ending(DAY, "quality", now(ledger), "A note", "Art. 5")


ENDED = ending(note="A note", legal_basis="Art. 5")


def test_register_opened_says_who_the_node_is() -> None:
    record = open_ledger().state.register
    assert record is not None
    assert (record.id, record.url, record.name) == (ORIGIN, SOURCE, "Register of the Netherlands")
    assert (record.territory, record.entries, record.statement_jwk["kty"]) == (("NL",), (0,), "OKP")


def test_agency_recognised_keeps_all_that_is_said() -> None:
    ledger = open_ledger()
    document = {"url": "https://agency.example/decision.pdf", "sha256": "ab" * 32, "languages": ["nl"]}
    recognise(
        ledger, A, acronym="AG", scope={"isced_f": ["061"], "activities": []}, website="https://agency.example",
        valid_until="2030-01-01", decision_document=document, demonstration=True,
    )  # fmt: skip
    record = ledger.state.agencies[A]
    assert (record.url, record.acronym, record.website) == (f"{SOURCE}/agencies/{A}", "AG", "https://agency.example")
    assert record.scope == Scope(isced_f=("061",))
    assert record.valid == Period(parse_moment("2015-01-01"), parse_moment("2030-01-01"))
    assert record.decision_document == Document("https://agency.example/decision.pdf", "ab" * 32, ("nl",))
    assert record.demonstration
    assert record.entries == (ledger.last,)


def test_agency_amended_dates_a_new_scope_and_leaves_the_rest() -> None:
    ledger = open_ledger()
    ledger.say("agency.amended", WIDE, {"scope": {"eqf_levels": [6]}, "effective_from": "2025-01-01"})
    record = ledger.state.agencies[WIDE]
    assert record.scope == Scope(eqf_levels=(6,))
    assert record.former_scopes == (FormerScope(DAY, Scope(), now(ledger)),)
    assert record.entries == (1, ledger.last)
    assert record.names == {"en": "Agency 01"}


def test_agency_withdrawn_ends_the_recognition_and_a_correction_takes_that_back() -> None:
    ledger = open_ledger()
    ledger.say("agency.withdrawn", WIDE, ENDED)
    assert ledger.state.agencies[WIDE].withdrawal == ended(ledger)
    ledger.say("agency.amended", WIDE, {"corrects": ledger.last, "reason": "appeal_upheld"})
    assert ledger.state.agencies[WIDE].withdrawal is None


def test_issuer_registered_brings_identifiers_to_their_canonical_spelling_and_keeps_the_original() -> None:
    ledger = open_ledger()
    register(ledger, A, provider_type=2, sites=["Delft"], identifiers=[{"scheme": "ror", "value": "0abcdef12"}])
    record = ledger.state.issuers[A]
    assert record.identifiers == (IdentifierClaim("ror", "https://ror.org/0abcdef12", original="0abcdef12"),)
    assert (record.provider_type, record.sites, record.country) == (2, ("Delft",), "NL")


def test_issuer_amended_remembers_names_given_up_unless_they_were_wrong() -> None:
    ledger = open_ledger()
    ledger.say("issuer.amended", UTOPIA, {"names": {"nl": "Utopia"}, "effective_from": "2025-01-01"})
    former = (FormerName("en", "College 0b", DAY),)
    assert ledger.state.issuers[UTOPIA].former_names == former
    ledger.say("issuer.amended", UTOPIA, {"names": {"nl": "Utopía"}, "corrects": ledger.last})
    assert ledger.state.issuers[UTOPIA].former_names == former
    assert ledger.state.issuers[UTOPIA].names == {"nl": "Utopía"}


def test_a_null_empties_what_may_be_empty() -> None:
    ledger = open_ledger()
    ledger.say("issuer.amended", UTOPIA, {"acronym": "U", "website": "https://u.example"})
    ledger.say("issuer.amended", UTOPIA, {"acronym": None, "names": None, "sites": ["Delft"]})
    record = ledger.state.issuers[UTOPIA]
    assert (record.acronym, record.website, record.names) == (None, "https://u.example", {"en": "College 0b"})


def test_issuer_closed_ends_it() -> None:
    ledger = open_ledger()
    ledger.say("issuer.closed", ARCADIA, ENDED)
    assert ledger.state.issuers[ARCADIA].closure == ended(ledger)


@pytest.mark.parametrize(
    ("relation", "said", "passes_on"),
    [("merged_into", None, True), ("alliance", None, False), ("alliance", True, True), ("absorbed", False, False)],
)
def test_issuer_related_passes_accreditations_on_as_said_or_as_usual(
    relation: str, said: bool | None, passes_on: bool
) -> None:
    ledger = open_ledger()
    data = {"relation": relation, "other": ARCADIA, "valid_from": "2025-01-01", "accreditations_pass_on": said}
    step = ledger.say("issuer.related", UTOPIA, data, event_id=A)
    record = ledger.state.relations[A]
    assert (record.issuer, record.other, record.relation) == (UTOPIA, ARCADIA, relation)
    assert (record.accreditations_pass_on, record.valid, record.recorded) == (passes_on, Period(DAY), now(ledger))
    assert step.changes[0].id == A


def test_programme_registered_amended_and_closed() -> None:
    ledger = open_ledger()
    outcome = {"text": {"en": "Can prove"}, "esco": ["http://data.europa.eu/esco/skill/x"]}
    more: dict[str, Any] = {"ects": "180", "eqf_level": 6, "isced_f": ["0541"], "learning_outcomes": [outcome]}
    ledger.say("programme.registered", A, programme_terms(**more))
    record = ledger.state.programmes[A]
    assert (record.ects, record.eqf_level, record.isced_f) == ("180", 6, ("0541",))
    assert record.learning_outcomes == (outcome,)
    ledger.say("programme.amended", A, {"ects": None, "valid_until": "2030-01-01", "titles": None})
    amended = ledger.state.programmes[A]
    assert (amended.ects, amended.valid.valid_until) == (None, parse_moment("2030-01-01"))
    assert (amended.titles, amended.isced_f) == ({"en": "Mathematics"}, ("0541",))
    assert amended.learning_outcomes == (outcome,)
    ledger.say("programme.closed", A, ENDED)
    assert ledger.state.programmes[A].closure == ended(ledger)


def test_key_bound_keeps_the_value_in_canonical_spelling() -> None:
    ledger = open_ledger()
    bind(ledger, A, value="did:web:utopia.example#key-1", proof="well-known")
    record = ledger.state.keys[A]
    assert (record.value, record.proof) == ("did:web:utopia.example", "well-known")
    assert record.url == f"{SOURCE}/issuers/{UTOPIA}/keys/{A}"


def test_key_revoked_says_when_it_ends_and_a_later_compromise_does_not_lengthen_its_life() -> None:
    ledger = open_ledger()
    bind(ledger, A)
    ledger.say("key.revoked", A, {"reason": "superseded", "effective_from": "2025-01-01"})
    assert ledger.state.keys[A].revocation == KeyRevocation("superseded", DAY, now(ledger))
    since = parse_moment("2026-01-01")
    ledger.say("key.revoked", A, {"reason": "compromised", "since": "2026-01-01"})
    assert ledger.state.keys[A].revocation == KeyRevocation("compromised", DAY, now(ledger), since)


def test_a_key_revoked_without_a_date_ends_when_that_is_recorded() -> None:
    ledger = open_ledger()
    bind(ledger, A)
    ledger.say("key.revoked", A, {"reason": "unspecified"})
    assert ledger.state.keys[A].revocation == KeyRevocation("unspecified", ledger.time, now(ledger))


def test_mandate_granted_and_revoked() -> None:
    ledger = open_ledger()
    ledger.say("mandate.granted", A, mandate_terms(scope={"eqf_levels": [6]}))
    record = ledger.state.mandates[A]
    assert (record.awarding_body, record.sealer, record.scope) == (ARCADIA, ELYSIUM, Scope(eqf_levels=(6,)))
    ledger.say("mandate.revoked", A, ENDED)
    assert ledger.state.mandates[A].revocation == ended(ledger)


def test_accreditation_granted_keeps_all_that_is_said() -> None:
    ledger = open_ledger()
    said = {"kind": "programme", "standard": "ESG", "status": "voluntary", "summary": "Fine", "local_identifier": "L1"}
    report = {"url": "https://agency.example/r.pdf"}
    grant(ledger, A, scope={"programmes": [MATHS]}, decision="positive_with_conditions", report=report, **said)
    record = ledger.state.accreditations[A]
    assert {name: getattr(record, name) for name in said} == said
    assert (record.issuer, record.agency, record.decision) == (UTOPIA, WIDE, "positive_with_conditions")
    assert (record.report, record.scope.programmes) == (Document("https://agency.example/r.pdf"), (MATHS,))
    assert (record.granted, record.on_behalf) == (now(ledger), False)
    assert ledger.state.belonging("accreditation", UTOPIA) == [record]


def test_accreditation_amended_replaces_what_is_given() -> None:
    ledger = open_ledger()
    grant(ledger, A, summary="Fine")
    report = {"url": "https://agency.example/new.pdf", "sha256": "cd" * 32}
    ledger.say("accreditation.amended", A, {"report": report, "valid_until": "2030-01-01", "actor": as_agency(WIDE)})
    record = ledger.state.accreditations[A]
    assert record.report == Document("https://agency.example/new.pdf", "cd" * 32)
    assert (record.summary, record.valid.valid_until) == ("Fine", parse_moment("2030-01-01"))
    assert record.entries == (7, 8)


def test_accreditation_suspended_reinstated_and_revoked() -> None:
    ledger = open_ledger()
    grant(ledger, A)
    ledger.say("accreditation.suspended", A, ENDED)
    suspended = now(ledger)
    assert ledger.state.accreditations[A].suspensions == (Suspension(DAY, "quality", suspended, note="A note"),)
    ledger.say("accreditation.reinstated", A, {"effective_from": "2025-05-01"})
    lifted = Suspension(DAY, "quality", suspended, parse_moment("2025-05-01"), now(ledger), "A note")
    assert ledger.state.accreditations[A].suspensions == (lifted,)
    ledger.say("accreditation.revoked", A, ENDED)
    assert ledger.state.accreditations[A].revocation == ended(ledger)


def test_every_event_type_has_a_fold_that_notices_what_is_missing() -> None:
    ledger = open_ledger()
    bind(ledger, A)
    for event_type, subject, data in (
        ("agency.withdrawn", WIDE, ENDED),
        ("issuer.closed", UTOPIA, ENDED),
        ("programme.amended", MATHS, {"ects": "1"}),
        ("key.revoked", A, {"reason": "unspecified"}),
    ):
        event = parse(ledger.draft(event_type, subject, data))
        with pytest.raises(NotFound, match="no earlier entry"):
            fold.changes_of(event, Recorded(9, ledger.time), State(ORIGIN))


def test_folds_and_catalogue_name_the_same_types() -> None:
    assert fold._FOLDS.keys() == CATALOGUE.keys()
