"""Refusals about organisations and what they offer: what went before, what is refused, and a neighbour that passes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from tests.ledgers import (
    ARCADIA,
    ELYSIUM,
    MATHS,
    NARROW,
    NOBODY,
    OPENING,
    SOURCE,
    START,
    UTOPIA,
    WIDE,
    as_agency,
    as_issuer,
    ending,
    key_terms,
    make_id,
    mandate_terms,
    programme_terms,
)

A, B, C = make_id(101), make_id(102), make_id(103)
ROR = {"scheme": "ror", "value": "https://ror.org/04dkp9463"}


class Said(NamedTuple):
    """An event to be said: type, subject, data, and what is unusual about its envelope."""

    type: str
    subject: str
    data: Mapping[str, Any]
    details: Mapping[str, Any] = {}


class Case(NamedTuple):
    """`refused` with `code` at `field`, where `neighbour` passes, after `before`."""

    code: str
    field: str
    refused: Said
    neighbour: Said
    before: tuple[Said, ...] = ()


def registering(subject: str = A, /, **fields: Any) -> Said:
    return Said("issuer.registered", subject, {"names": {"en": "New"}, "country": "NL", **fields})


def binding(subject: str = A, /, **fields: Any) -> Said:
    return Said("key.bound", subject, key_terms(**fields))


ARCADIA_CLOSED = Said("issuer.closed", ARCADIA, ending("2025-01-01", "institution_closed"))
# The cast fills entries 0 to 6, so the first entry of a case has index 7.

CASES = (
    Case("already_closed", "", ARCADIA_CLOSED, Said("issuer.closed", ELYSIUM, ending()), (ARCADIA_CLOSED,)),
    Case(
        "already_closed",
        "",
        Said("programme.closed", MATHS, ending()),
        Said("programme.closed", A, ending()),
        (Said("programme.closed", MATHS, ending()), Said("programme.registered", A, programme_terms())),
    ),
    Case(
        "already_revoked",
        "",
        Said("key.revoked", A, {"reason": "unspecified"}),
        Said("key.revoked", A, {"reason": "compromised", "since": "2022-01-01"}),
        (binding(), Said("key.revoked", A, {"reason": "superseded"})),
    ),
    Case(
        "already_revoked",
        "",
        Said("mandate.revoked", A, ending()),
        Said("mandate.revoked", B, ending()),
        (
            Said("mandate.granted", A, mandate_terms()),
            Said("mandate.granted", B, mandate_terms()),
            Said("mandate.revoked", A, ending()),
        ),
    ),
    Case(
        "already_withdrawn",
        "",
        Said("agency.withdrawn", WIDE, ending()),
        Said("agency.withdrawn", NARROW, ending()),
        (Said("agency.withdrawn", WIDE, ending()),),
    ),
    Case(
        "agency_unknown",
        "",
        Said("agency.amended", NOBODY, {"acronym": "X"}),
        Said("agency.amended", WIDE, {"acronym": "X"}),
    ),
    Case(
        "id_taken",
        "",
        Said(
            "issuer.related",
            UTOPIA,
            {"relation": "alliance", "other": ARCADIA, "valid_from": "2024-01-01"},
            {"event_id": A},
        ),
        Said(
            "issuer.related",
            UTOPIA,
            {"relation": "alliance", "other": ARCADIA, "valid_from": "2024-01-01"},
            {"event_id": B},
        ),
        (
            Said(
                "issuer.related",
                UTOPIA,
                {"relation": "alliance", "other": ELYSIUM, "valid_from": "2024-01-01"},
                {"event_id": A},
            ),
        ),
    ),
    Case("identifier_taken", "identifiers.0.value", registering(identifiers=[ROR]), registering()),
    Case(
        "identifier_taken",
        "identifiers.0.value",
        registering(B, identifiers=[{**ROR, "value": "0abcdef12", "valid_until": "2024-01-02"}]),
        registering(B, identifiers=[{**ROR, "value": "0abcdef12", "valid_until": "2024-01-01"}]),
        (registering(identifiers=[{**ROR, "value": "0abcdef12", "valid_from": "2024-01-01"}]),),
    ),
    Case(
        "identifier_taken",
        "identifiers.0.value",
        registering(B, identifiers=[{"scheme": "did", "value": "did:web:utopia.example"}]),
        registering(B, identifiers=[{"scheme": "did", "value": "did:web:utopia.example", "valid_until": "2020-01-01"}]),
        (binding(),),
    ),
    Case(
        "issuer_closed",
        "sealer",
        Said("mandate.granted", A, mandate_terms(awarding_body=UTOPIA, sealer=ARCADIA)),
        Said("mandate.granted", A, mandate_terms(awarding_body=UTOPIA)),
        (ARCADIA_CLOSED,),
    ),
    Case(
        "issuer_unknown",
        "",
        Said("issuer.amended", NOBODY, {"acronym": "X"}),
        Said("issuer.amended", UTOPIA, {"acronym": "X"}),
    ),
    Case("key_already_bound", "value", binding(B), binding(B, value="did:web:other.example"), (binding(),)),
    Case(
        "key_already_bound",
        "value",
        binding(B, valid_from="2030-01-01"),
        binding(B, valid_from="2018-01-01", valid_until="2020-01-01"),
        (binding(), Said("key.revoked", A, {"reason": "compromised", "since": "2022-01-01"})),
    ),
    Case(
        "key_taken",
        "value",
        binding(B, issuer=ARCADIA),
        binding(B, issuer=ARCADIA, value="did:web:b.example"),
        (binding(),),
    ),
    Case(
        "key_taken",
        "value",
        binding(B, issuer=ARCADIA, valid_from="2021-12-31"),
        binding(B, issuer=ARCADIA, valid_from="2022-01-01"),
        (binding(), Said("key.revoked", A, {"reason": "superseded", "effective_from": "2022-01-01"})),
    ),
    Case(
        "key_taken",
        "value",
        binding(B, issuer=ARCADIA, valid_from="2010-01-01", valid_until="2011-01-01", actor=as_issuer(ARCADIA)),
        binding(B, issuer=ARCADIA, valid_from="2010-01-01", valid_until="2011-01-01", actor=as_agency(WIDE)),
        (binding(),),
    ),
    Case(
        "key_taken",
        "value",
        binding(value="did:web:arcadia.example"),
        binding(value="did:web:arcadia.example", issuer=ARCADIA),
    ),
    Case(
        "key_unknown",
        "",
        Said("key.revoked", B, {"reason": "unspecified"}, {"subject": f"{SOURCE}/issuers/{UTOPIA}/keys/{B}"}),
        Said("key.revoked", A, {"reason": "unspecified"}),
        (binding(),),
    ),
    Case("mandate_unknown", "", Said("mandate.revoked", A, ending()), Said("mandate.granted", A, mandate_terms())),
    Case("not_entitled", "actor", registering(actor=as_issuer(UTOPIA)), registering(actor=as_agency(WIDE))),
    Case("not_entitled", "actor", registering(actor=as_agency(NOBODY)), registering(actor=as_agency(NARROW))),
    Case(
        "not_entitled",
        "actor",
        registering(actor=as_agency(WIDE)),
        registering(actor=as_agency(NARROW)),
        (Said("agency.withdrawn", WIDE, ending("2022-01-01")),),
    ),
    Case("not_entitled", "actor", binding(actor=as_issuer(ARCADIA)), binding(actor=as_issuer(UTOPIA))),
    Case("not_entitled", "actor", binding(actor=as_issuer(NOBODY)), binding(actor=as_agency(WIDE))),
    Case("outside_territory", "country", registering(country="BE"), registering(country="NL")),
    Case(
        "outside_territory",
        "country",
        Said("issuer.amended", UTOPIA, {"country": "BE"}),
        Said("issuer.amended", UTOPIA, {"country": "NL"}),
    ),
    Case(
        "period",
        "valid_until",
        Said("agency.amended", NARROW, {"valid_from": "2030-01-01"}),
        Said("agency.amended", NARROW, {"valid_from": "2029-01-01"}),
    ),
    Case(
        "reason_does_not_undo",
        "reason",
        Said("issuer.amended", ARCADIA, {"corrects": 7}),
        Said("issuer.amended", ARCADIA, {"corrects": 7, "reason": "decision_annulled"}),
        (ARCADIA_CLOSED,),
    ),
    Case("register_not_opened", "", Said("register.opened", "", OPENING), registering()),
    Case(
        "same_party",
        "other",
        Said("issuer.related", UTOPIA, {"relation": "alliance", "other": UTOPIA, "valid_from": "2024-01-01"}),
        Said("issuer.related", UTOPIA, {"relation": "alliance", "other": ARCADIA, "valid_from": "2024-01-01"}),
    ),
    Case(
        "same_party",
        "sealer",
        Said("mandate.granted", A, mandate_terms(sealer=ARCADIA)),
        Said("mandate.granted", A, mandate_terms()),
    ),
    Case("source_not_own", "source", registering()._replace(details={"source": "https://else.example"}), registering()),
    Case(
        "source_not_own",
        "subject",
        registering()._replace(details={"subject": f"{SOURCE}/agencies/{A}"}),
        registering(),
    ),
    Case("source_not_own", "subject", registering("not-an-id"), registering()),
    Case(
        "source_not_own",
        "subject",
        binding()._replace(details={"subject": f"{SOURCE}/issuers/{ARCADIA}/keys/{A}"}),
        binding(),
    ),
    Case(
        "time_before_last",
        "time",
        registering()._replace(details={"time": START}),
        registering()._replace(details={"time": START + timedelta(minutes=7)}),
    ),
    Case(
        "nothing_changes",
        "",
        Said("programme.amended", MATHS, {"titles": None}),
        Said("programme.amended", MATHS, {"eqf_level": None}),
    ),
)
