"""Keys and certificates on the board: what this node signs with, and what ends soon.

Signed-note keys do not expire; what ends is the time in which a replaced key signs beside the new one, the certificate
of the node's address, those of the authorities it believes, and the periods for which issuers' keys are bound.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from django.conf import settings
from django.utils.translation import gettext, ngettext, pgettext

from deploy.operator.gauge import Gauge, unknown
from deploy.operator.probing import Silence
from federation.views.words import spell_age
from ledger.errors import LedgerError
from ledger.signer import node_signers
from register.records import RegisterRecord
from register.site.dates import spell_day
from register.site.words import Tone

SOON: Final = timedelta(days=30)
_NOW: Final = timedelta(days=7)


def gauge_own_keys(node: RegisterRecord | None) -> Gauge:
    """Return whether the keys that sign are there, and are those the ledger names."""
    title = gettext("Signing keys")
    try:
        signers = node_signers()
    except (LedgerError, OSError, ValueError) as error:
        do = gettext("Put the key files back from their offline copy; see deploy/README.md, Files.")
        says = gettext("A key file is missing, cannot be read, or is not what it should be: nothing is signed.")
        return Gauge("keys", title, gettext("unusable"), "bad", says, do, detail=str(error))
    if node is not None and str(signers.log.verifier) != node.vkey:
        says = gettext("The key in use is not the one that the ledger names: a rotation was cut off.")
        do = gettext("Run it to its end: %(command)s") % {"command": "python manage.py rotate_key"}
        return Gauge("keys", title, gettext("differ"), "bad", says, do)
    if signers.retiring:
        says = gettext("A replaced key still signs beside the new one, so that peers can follow.")
        return Gauge("keys", title, gettext("being replaced"), says=says)
    since = datetime.fromtimestamp((Path(settings.ASSAY_KEYS_DIR) / "log.key").stat().st_mtime, UTC)
    says = gettext("They do not expire; the file of the log’s key is from %(day)s.") % {"day": spell_day(since)}
    return Gauge("keys", title, gettext("in order"), says=says)


def gauge_certificate(until: datetime | Silence | None, now: datetime) -> Gauge:
    """Return until when the certificate of this node's address holds."""
    title = gettext("Certificate of the address")
    if isinstance(until, Silence):
        says = gettext("%(address)s did not answer under TLS (%(why)s).") % {
            "address": settings.ASSAY_BASE_URL, "why": until.reason
        }  # fmt: skip
        do = gettext("See from outside whether readers reach it; this machine may be kept from its own address.")
        return unknown("certificate", title, says, do)
    if until is None:
        says = gettext("The address %(address)s is without TLS.") % {"address": settings.ASSAY_BASE_URL}
        do = gettext("Put a proxy with a certificate in front before anybody signs in from elsewhere.")
        tone: Tone = "off" if settings.ASSAY_DEMO else "warn"
        return Gauge("certificate", title, pgettext("certificate", "none"), tone, says, do)
    do = gettext("Renew it where TLS ends, and see why that did not happen by itself.")
    return _ending("certificate", title, until, now, do)


def gauge_authorities(now: datetime) -> list[Gauge]:
    """Return until when the certificates of the authorities hold that this node believes."""
    files = {
        "seal-authorities": (gettext("Authorities for seals"), settings.ASSAY_SEAL_AUTHORITIES),
        "time-authorities": (gettext("Authorities for timestamps"), settings.ASSAY_TIME_AUTHORITIES),
    }
    return [_authorities(code, title, path, now) for code, (title, path) in files.items() if path]


def _authorities(code: str, title: str, path: str, now: datetime) -> Gauge:
    try:
        found = x509.load_pem_x509_certificates(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        do = gettext("Put a readable PEM file there, or take the setting away.")
        says = gettext("The file cannot be read, or holds no certificates.")
        return Gauge(code, title, gettext("unreadable"), "bad", says, do, detail=str(error))
    do = gettext("Put the authority’s next certificate into the file beside this one.")
    return _ending(code, title, min(one.not_valid_after_utc for one in found), now, do)


def gauge_issuer_keys(counts: tuple[int, int] | Silence) -> Gauge:
    """Return how many issuers' keys end soon: their credentials would be asked about next."""
    title = gettext("Keys of issuers")
    if isinstance(counts, Silence):
        return unknown("issuer-keys", title, gettext("The database did not answer (%(why)s).") % {"why": counts.reason})
    soon, ended = counts
    if not soon and not ended:
        return Gauge("issuer-keys", title, gettext("none ends soon"), says=gettext("None within 30 days."))
    value = ngettext("%(count)d ends soon", "%(count)d end soon", soon) % {"count": soon}
    says = ngettext("One ended in the last 30 days.", "%(count)d ended in the last 30 days.", ended) % {"count": ended}
    do = gettext("Ask the issuers to bind their next key in time; what they seal after the end does not count.")
    return Gauge("issuer-keys", title, value, "warn" if soon else "good", says, do if soon else "")


def _ending(code: str, title: str, until: datetime, now: datetime, do: str) -> Gauge:
    if until <= now:
        says = gettext("It ended on %(day)s.") % {"day": spell_day(until)}
        return Gauge(code, title, pgettext("certificate", "expired"), "bad", says, do)
    value = gettext("%(age)s left") % {"age": spell_age(until - now)}
    says = gettext("Until %(day)s.") % {"day": spell_day(until)}
    if until - now > SOON:
        return Gauge(code, title, value, says=says)
    return Gauge(code, title, value, "bad" if until - now <= _NOW else "warn", says, do)
