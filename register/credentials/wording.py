"""Wording: the closed list of what judging can find, with its outcome and its plain sentence.

Sentences are for an admissions officer: they say what was found and what to do about it. What the steps before found
(a damaged file, a signature that fails) brings its own code and sentence, see `report_error`. Each is a `Said`, so that
pages tell it in the reader's language (register/sentences.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from register import vocabularies
from register.credentials.errors import CredentialError
from register.credentials.report import Finding, Outcome
from register.sentences import Minute, Said, Term, Value

_CHOICES: Final[Mapping[str, Mapping[str, str]]] = {
    "why": {"": "", "reason": " (reason: {reason})"},
    "state": {"revoked": "revoked", "suspended": "suspended"},
    "purpose": {"": "otherwise", "revocation": "that it was revoked", "suspension": "that it is suspended"},
}
"""Places of a sentence that one of a few wordings takes, each making a template of its own: translators get whole ones.

`why` is there where a `reason` is given.
"""


class Kind(NamedTuple):
    """What a code means: its outcome, and its sentence with named values and places of _CHOICES."""

    outcome: Outcome
    text: str


GENUINE: Final[Mapping[str, Kind]] = {
    "signature_holds": Kind("pass", "Nothing was changed since it was signed; it is signed in the name of {signer}."),
    "signature_unnamed": Kind("pass", "Nothing was changed since it was signed; the signature does not say by whom."),
    "key_bound": Kind("pass", "The register says that the key which signed belongs to {holder}."),
    "unsigned": Kind("fail", "The credential carries no signature, so anybody could have written it."),
}

ENTITLED: Final[Mapping[str, Kind]] = {
    "no_issuer": Kind("not_checked", "The credential names no issuer that a register could be asked about."),
    "issuer_unknown": Kind(
        "not_checked",
        "No register that was asked knows the issuer {issuer}. That proves nothing against it; ask the quality "
        "assurance agency of its country.",
    ),
    "register_unchecked": Kind("not_checked", "The register could not be consulted freshly enough: {text}"),
    "register_unreachable": Kind("not_checked", "The register could not be asked: {text}"),
    "question_not_understood": Kind("not_checked", "The register does not understand what the credential says: {text}"),
    "key_not_proven": Kind(
        "not_checked",
        "A register trusts the issuer that the credential names, but nothing proves that this issuer signed it.",
    ),
    "known_by_did": Kind(
        "warning", "The register knows the issuer by the DID that signed, but has not recorded it as a signing key."
    ),
    "found_by_key": Kind(
        "warning",
        "No register knows the identifier by which the credential names its issuer; the key that signed belongs to "
        "{holder}.",
    ),
    "signed_by_another": Kind(
        "not_checked",
        "The credential names {issuer} as its issuer, which no register knows; the key that signed belongs to "
        "{holder}. Ask {holder} whether it issued this.",
    ),
    "answered_by": Kind(
        "warning", "The credential names {asked} as its issuer; at that time {holder} answered for it in the register."
    ),
    "stated_date_only": Kind(
        "warning",
        "On {stated}, the date written in the credential, the issuer was entitled; but nothing proves that the "
        "credential existed before {at}.",
    ),
    "date_unproven": Kind(
        "warning", "The credential states no date of issue; the issuer's right was judged as of today, {at}."
    ),
    "names_differ": Kind(
        "warning", "The credential calls its issuer “{said}”; the register knows this issuer as “{known}”."
    ),
    "name_imitates": Kind(
        "warning",
        "The issuer's name, “{said}”, mixes letters of different alphabets that look alike; read closely who issued "
        "this.",
    ),
    "name_looks_like": Kind(
        "warning",
        "The credential calls its issuer “{said}”, in letters that only look like those of “{known}”, as the register "
        "writes it.",
    ),
    "key_unconfirmed": Kind(
        "pass",
        "This rests on the key {key}, which was taken from the register itself: nobody has confirmed that it is the "
        "register's. Compare it with one you know, and name that with --vkey.",
    ),
    "demonstration_data": Kind("pass", "This rests on demonstration data: no real decision about a real institution."),
    "since_revoked": Kind(
        "warning",
        "The accreditation was revoked later, with effect from {when}{why}. What was issued before stays valid.",
    ),
    "since_suspended": Kind(
        "warning", "The accreditation was suspended later, from {when} on{why}. What was issued before stays valid."
    ),
    "since_reinstated": Kind("pass", "A suspension of the accreditation was lifted later, from {when} on."),
    "since_amended": Kind("pass", "The terms of the accreditation were changed later, from {when} on."),
    "since_agency_withdrawn": Kind(
        "warning",
        "The agency that accredited the issuer lost its recognition later, with effect from {when}{why}. What was "
        "issued before stays valid.",
    ),
    "since_issuer_closed": Kind(
        "warning", "The issuer closed later, with effect from {when}{why}. What it issued before stays valid."
    ),
    "since_key_revoked": Kind(
        "warning", "The key that signed was withdrawn later, with effect from {when}{why}; it was good at the time."
    ),
    "since_mandate_revoked": Kind(
        "warning", "The mandate to sign for the issuer ended later, with effect from {when}{why}; it held at the time."
    ),
    "since_succession": Kind(
        "warning", "The issuer went into another institution later, from {when} on; ask the successor for records."
    ),
    "authority_unknown": Kind(
        "not_checked",
        "The seal bears the identifier {organisation}, which the register binds to this issuer; but who issued its "
        "certificate is nobody that is believed here, and anybody can write a name into one.",
    ),
    "not_stated": Kind(
        "warning", "The accreditation is limited by {field}; the credential does not state it, so it was not compared."
    ),
    "country_not_stated": Kind(
        "pass",
        "The credential does not state in which country it was awarded, as most do not; the accreditation covers the "
        "places that the register names.",
    ),
    "not_comparable": Kind(
        "warning",
        "The accreditation is limited by {field}; the credential states it in words of no known list, so it was not "
        "compared.",
    ),
}

STILL_VALID: Final[Mapping[str, Kind]] = {
    "not_expired": Kind("pass", "It is valid until {valid_until}."),
    "no_expiry": Kind("pass", "It has no expiry date, and names no list of revocations."),
    "expired": Kind("fail", "It expired on {valid_until}."),
    "not_yet_valid": Kind("fail", "It is valid only from {valid_from} on."),
    "dates_contradict": Kind("fail", "It ends on {valid_until}, before it begins on {valid_from}."),
    "not_on_list": Kind("pass", "The status list that it names was read: it does not say {purpose}."),
    "revoked_by_list": Kind("fail", "The status list that it names says that it was revoked."),
    "suspended_by_list": Kind("fail", "The status list that it names says that it is suspended."),
    "status_unreachable": Kind("not_checked", "The issuer's status list could not be read: {text}"),
    "status_unsupported": Kind("not_checked", "The place where the issuer keeps the status cannot be read: {text}"),
    "status_not_genuine": Kind(
        "not_checked", "The issuer's status list is not genuine, so it says nothing either way: {text}"
    ),
    "status_of_another": Kind("warning", "The status list is signed by {signer}, not by the issuer of the credential."),
    "acquitted_by_another": Kind(
        "not_checked",
        "The status list is signed by {signer}, not by the issuer of the credential, and no register says that this "
        "signer speaks for the issuer; that it holds nothing against the credential proves nothing.",
    ),
    "list_named_otherwise": Kind(
        "warning",
        "The status list calls itself {said}, which is not the address at which the credential names it; it may be "
        "another list.",
    ),
    "revoked": Kind("fail", "The issuer revoked it with effect from {when} (reason: {reason})."),
    "suspended": Kind("fail", "The issuer suspended it with effect from {when} (reason: {reason})."),
    "withdrawn_later": Kind("warning", "The register says that it is to be {state} from {when} on (reason: {reason})."),
    "not_withdrawn": Kind("pass", "The register holds no revocation or suspension of it."),
    "withdrawals_unchecked": Kind("not_checked", "Whether it was revoked in the register could not be read: {text}"),
    "withdrawals_stale": Kind("not_checked", "Whether it was revoked in the register is not known freshly enough."),
    "withdrawals_hidden": Kind(
        "not_checked",
        "This issuer revoked credentials in the register; whether this one is among them can be told by its receipt "
        "only. Ask the holder for it.",
    ),
    "withdrawals_unseen": Kind(
        "warning",
        "This issuer records revocations in the register; without the credential's receipt none of them can be found.",
    ),
}

ANCHORED: Final[Mapping[str, Kind]] = {
    "anchored": Kind("pass", "It existed on {anchored_at}: the register's ledger proves it."),
    "anchored_unwitnessed": Kind(
        "warning",
        "It stands in the register's ledger, which dates it {anchored_at}; no witness has countersigned that yet, so "
        "this time proves nothing.",
    ),
    "register_unreachable": Kind("not_checked", "The register could not be asked: {text}"),
    "anchored_alone": Kind(
        "pass",
        "Only the register's own witness has countersigned it: that it existed on {anchored_at} is the word of the "
        "register and of nobody else.",
    ),
    "countersigned_late": Kind(
        "warning",
        "Others ({witnesses}) countersigned it on {when} only; that it existed on {anchored_at} already is the word of "
        "the register and of nobody else.",
    ),
    "no_receipt": Kind("not_checked", "It came without a receipt, so nothing can be said about when it existed."),
    "receipt_missing": Kind(
        "warning", "This issuer anchors its credentials, but this one came without its receipt; ask the holder for it."
    ),
    "ledger_unknown": Kind(
        "not_checked", "The receipt is whole, but it is of the ledger {origin}, whose keys nobody here vouches for."
    ),
    "ledger_key_stolen": Kind(
        "not_checked",
        "The receipt is signed with a key that its register, {origin}, reported stolen; whether the register or the "
        "thief signed cannot be told. Ask the issuer for a newer receipt.",
    ),
    "anchored_by_another": Kind(
        "warning", "It was anchored by {anchorer}, not by the issuer; that proves when it existed, nothing more."
    ),
}

SKIPPED: Final = Kind("not_checked", "This was not checked, because the credential is not genuine.")
TIMES: Final[Mapping[str, str]] = {
    "anchor": "Judged as of {time}, when the register's ledger proves that the credential existed.",
    "timestamp": "Judged as of {time}, which a trusted timestamp proves.",
    "signing_time": "Judged as of {time}, the time of signing that the signature states.",
    "issue_date": "Judged as of {time}, the date of issue that the credential states.",
    "checked_at": "Judged as of {time}, the time of this check: the credential states no date in the past.",
}
"""Source of a proven time → how it is told."""

LIMITS: Final[Mapping[str, str]] = {
    "credential_type": "type of credential",
    "eqf_level": "level (EQF)",
    "isced_f": "field of study (ISCED-F)",
    "jurisdiction": "country or region",
    "programme": "programme",
}
"""Fields of a trust question in words."""

FORMATS: Final[Mapping[str, str]] = {
    "edc": "European Digital Credential",
    "edc_unsigned": "European Digital Credential without a seal",
    "vc_data_integrity": "W3C Verifiable Credential (Data Integrity)",
    "vc_jose": "W3C Verifiable Credential (JWT)",
    "vc_unsigned": "W3C Verifiable Credential without a signature",
    "blockcerts_v2": "Blockcerts 2",
    "blockcerts_v3": "Blockcerts 3",
    "unsupported": "Recognised, but not supported",
    "damaged": "Damaged or altered",
}
"""Format of a report → what people call it."""

KINDS: Final[Mapping[str, Mapping[str, Kind]]] = {
    "genuine": GENUINE, "entitled": ENTITLED, "still_valid": STILL_VALID, "anchored": ANCHORED,
}  # fmt: skip
"""Key of a question → its table."""


def give_finding(question: str, code: str, evidence: Mapping[str, Any] | None = None, **values: Any) -> Finding:
    """Return what was found about a question, by code; `values` fill the sentence, instants are told to the minute."""
    kind = KINDS[question][code]
    said = {name: _to_minute(value) for name, value in values.items()}
    return Finding(code, kind.outcome, Said(_choose(kind.text, said), said), evidence or {})


def _to_minute(value: Value) -> Value:
    return Minute(value) if isinstance(value, datetime) else value


def _choose(text: str, values: Mapping[str, Value]) -> str:
    chosen = {"why": "reason" if "reason" in values else "", **values}
    for place, wordings in _CHOICES.items():
        if f"{{{place}}}" in text:
            wording = wordings.get(str(chosen[place]))
            text = text.replace(f"{{{place}}}", wordings[""] if wording is None else wording)
    return text


def list_templates() -> Iterator[str]:
    """Yield every template of the closed lists here, for translators: one for each wording of its places."""
    kinds = [kind.text for table in KINDS.values() for kind in table.values()]
    for text in (*kinds, SKIPPED.text, *TIMES.values(), *LIMITS.values()):
        yield from _spread(text)


def _spread(text: str) -> Iterator[str]:
    place = next((place for place in _CHOICES if f"{{{place}}}" in text), None)
    if place is None:
        yield text
        return
    for wording in _CHOICES[place].values():
        yield from _spread(text.replace(f"{{{place}}}", wording))


def report_error(error: CredentialError, outcome: Outcome) -> Finding:
    """Return what an error of a step means for its question; the step's code and sentence are kept."""
    return Finding(error.code, outcome, error.message)


def say_skipped() -> Finding:
    """Return what stands in the place of answers that a credential gets only if it is genuine."""
    return Finding("not_genuine", SKIPPED.outcome, Said(SKIPPED.text, {}))


def say_time(source: str, time: datetime) -> Said:
    """Return how the time of judgement is known, by a source of TIMES."""
    return Said(TIMES[source], {"time": Minute(time)})


def say_limit(name: str) -> str:
    """Return a field of a trust question in words; one that LIMITS does not hold stands for itself."""
    return Said(LIMITS[name], {}) if name in LIMITS else name


def find_reason(code: object) -> Value:
    """Return a reason of the register's closed lists as a term, or the code itself when it is in none."""
    for name in ("reasons", "key-reasons"):
        if code in vocabularies.load(name):
            return Term(name, str(code))
    return str(code)
