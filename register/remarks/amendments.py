"""Decisions once they are amended: what is to be said of them then, and which remarks are new by it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from register.amendments import stated_scopes
from register.payloads import AccreditationChanges, AccreditationTerms
from register.records import AccreditationRecord
from register.scope import UNRESTRICTED

_SAME: Final = ("issuer", "agency", "kind", "scope", "decision", "status", "local_identifier", "report")


def terms_of(record: AccreditationRecord) -> AccreditationTerms:
    """Return what an accreditation says by now, in the form in which the rules read a decision."""
    fields: dict[str, Any] = {name: getattr(record, name) for name in _SAME}
    return _make({**fields, "valid_from": record.valid.valid_from, "valid_until": record.valid.valid_until})


def amend(record: AccreditationRecord, changes: AccreditationChanges) -> AccreditationTerms:
    """Return what an accreditation would say after an amendment or a correction; what is not given stays.

    A correction of an earlier scope than the newest leaves the newest one as it is.
    """
    given = changes.given()
    if "scope" in given:
        given["scope"] = given["scope"] or UNRESTRICTED
        if changes.corrects is not None and changes.corrects != [*stated_scopes(record)][-1]:
            del given["scope"]
    return _make({**terms_of(record).__dict__, **given})


def _make(fields: Mapping[str, Any]) -> AccreditationTerms:
    # Not validated again: records and changes were, and a report of a record is not written as in terms.
    return AccreditationTerms.model_construct(**fields)
