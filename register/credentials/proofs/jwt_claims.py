"""JWT claims: the credential inside the payload of a JWT, merged with the registered claims beside it.

Three ways are met: a `vc` claim (VC Data Model 1.1), the credential as the payload with claims beside it (Open Badges
3.0), and `vc+jwt` (Securing VCs using JOSE and COSE), where `exp` and `nbf` bound the signature and not the credential.
Whatever stands twice has to say the same: a reader of one would otherwise believe what a reader of the other does not.

Sources: VC Data Model 1.1, section 6.3.1; VC-JOSE-COSE, sections 3.1 and 3.2; Open Badges 3.0, section 8.2.4.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from register.credentials.errors import NotGenuine, Unsupported
from register.moments import format_instant, parse_moment
from register.sentences import say

CLAIMS: Final = ("iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", "nonce")
"""Registered claims of RFC 7519 (and RFC 7800, OpenID) that are no members of a credential."""

_LATEST: Final = 253402300799  # 9999-12-31T23:59:59Z


def unwrap(payload: Mapping[str, Any], typ: object = None) -> Mapping[str, Any]:
    """Return the credential that a JWT's payload holds: with `id`, issuer, subject and dates of its registered claims.

    `typ` is the header's. Raises NotGenuine(`two_payloads`, `claims_contradict`, `malformed_claims`) when the parts
    do not say the same, Unsupported(`sd_jwt`) for selective disclosure.
    """
    if "_sd" in payload or "_sd_alg" in payload:
        raise Unsupported("sd_jwt", say("Credentials with selective disclosure (SD-JWT VC) are not supported."))
    credential = _choose_credential(payload)
    _merge_text(credential, "id", payload.get("jti"), "jti")
    _merge_issuer(credential, payload.get("iss"))
    _merge_subject(credential, payload.get("sub"))
    if is_vc_jwt(typ):
        _bound(credential, payload)
    else:
        _merge_date(credential, payload, "nbf", ("issuanceDate", "validFrom"))
        _merge_date(credential, payload, "exp", ("expirationDate", "validUntil"))
    return credential


def is_vc_jwt(typ: object) -> bool:
    """Say whether a header's `typ` is that of VC-JOSE-COSE, also by its names in earlier drafts."""
    name = str(typ or "").lower().removeprefix("application/")
    return name in ("vc+jwt", "vc-ld+jwt", "vc+ld+json+jwt", "vc+ld+jwt")


def read_instant(payload: Mapping[str, Any], name: str) -> datetime | None:
    """Return a NumericDate claim as an instant, None when it is absent; raise NotGenuine for anything else."""
    value = payload.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise NotGenuine("malformed_claims", say("The claim {name} is no date in seconds since 1970.", name=repr(name)))
    return datetime.fromtimestamp(value, UTC)


def _choose_credential(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Take the `vc` claim or the payload itself; a payload that could be read either way is two."""
    own = {name: value for name, value in payload.items() if name not in CLAIMS and name != "vc"}
    if "vc" not in payload:
        return own
    if not isinstance(payload["vc"], Mapping):
        raise NotGenuine("malformed_claims", say("The claim 'vc' is not a credential."))
    if {"@context", "credentialSubject", "issuer"} & set(own):
        raise NotGenuine("two_payloads", say("The JWT holds two credentials, one in its claim 'vc' and one beside it."))
    return dict(payload["vc"])


def _contradict(claim: str, member: str) -> NoReturn:
    raise NotGenuine(
        "claims_contradict",
        say(
            "The claim {claim} and the credential's {member} say different things.",
            claim=repr(claim),
            member=repr(member),
        ),
    )


def _merge_text(into: dict[str, Any], member: str, value: object, claim: str) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        raise NotGenuine("malformed_claims", say("The claim {claim} is no text.", claim=repr(claim)))
    if into.setdefault(member, value) != value:
        _contradict(claim, member)


def _merge_issuer(credential: dict[str, Any], value: object) -> None:
    issuer = credential.get("issuer")
    if isinstance(issuer, Mapping):
        named = dict(issuer)
        _merge_text(named, "id", value, "iss")
        credential["issuer"] = named
    else:
        _merge_text(credential, "issuer", value, "iss")


def _merge_subject(credential: dict[str, Any], value: object) -> None:
    """A credential about several subjects cannot say which of them `sub` is; then one of them has to be it."""
    if value is None:
        return
    subject = credential.get("credentialSubject", {})
    if isinstance(subject, list) and len(subject) == 1:
        subject = subject[0]
    if isinstance(subject, Mapping):
        named = dict(subject)
        _merge_text(named, "id", value, "sub")
        credential["credentialSubject"] = named
    elif not any(isinstance(one, Mapping) and one.get("id") == value for one in _as_list(subject)):
        _contradict("sub", "credentialSubject")


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _merge_date(credential: dict[str, Any], payload: Mapping[str, Any], claim: str, members: tuple[str, str]) -> None:
    """Merge a date; the first member is that of data model 1.1, the second that of 2.0. Seconds are compared."""
    moment = read_instant(payload, claim)
    if moment is None:
        return
    member = next((name for name in members if name in credential), None)
    if member is None:
        credential[members[_is_second(credential)]] = format_instant(moment)
    elif _read_date(credential[member], member).replace(microsecond=0) != moment.replace(microsecond=0):
        _contradict(claim, member)


def _is_second(credential: Mapping[str, Any]) -> bool:
    contexts = credential.get("@context")
    first = contexts[0] if isinstance(contexts, list) and contexts else contexts
    return first == "https://www.w3.org/ns/credentials/v2"


def _bound(credential: dict[str, Any], payload: Mapping[str, Any]) -> None:
    """A signature of limited life limits what it secures: the later beginning and the earlier end count."""
    for claim, member, tighter in (("nbf", "validFrom", max), ("exp", "validUntil", min)):
        moment = read_instant(payload, claim)
        if moment is not None:
            stated = [_read_date(credential[member], member)] if member in credential else []
            credential[member] = format_instant(tighter([moment, *stated]))


def _read_date(value: object, member: str) -> datetime:
    try:
        return parse_moment(value)
    except ValueError:
        raise NotGenuine(
            "malformed_claims", say("The credential's {member} is no date.", member=repr(member))
        ) from None
