"""A verification report as a page shows it: verdict, four answers, what the credential says, what was asked of whom.

Made from the JSON of the report and nothing else, so that page and API cannot say different things. Everything a
credential says of itself is a stranger's text: isolated, never a link unless it is a web address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register.credentials.report import QUESTIONS, VERDICTS
from register.credentials.wording import FORMATS, LIMITS
from register.moments import parse_moment
from register.site import words
from register.site.dates import mark_day, mark_instant
from register.site.links import path_to
from register.site.names import first_name, isolate
from register.site.recorder import Cited, cite
from register.site.report_evidence import Fact, list_evidence
from register.site.telling import tell
from register.site.verdict import Verdict
from register.site.words import Standing, Tone, Words

_say: Final = gettext
"""For texts of closed lists elsewhere; deploy/catalogues.py gathers them there, and not from here."""

OUTCOMES: Final[Mapping[str, Standing]] = {
    "pass": Standing("good", _("yes")),
    "warning": Standing("warn", _("with a remark")),
    "fail": Standing("bad", _("no")),
    "not_checked": Standing("off", _("not checked")),
}
"""Outcome of a question → how it is shown."""

_TONES: Final[Mapping[str, Tone]] = {
    "valid": "good",
    "valid_with_remarks": "warn",
    "not_valid": "bad",
    "cannot_be_confirmed": "off",
}
_DECIDING: Final[Mapping[str, str]] = {
    "valid": "pass",
    "valid_with_remarks": "warning",
    "not_valid": "fail",
    "cannot_be_confirmed": "not_checked",
}
_DECISIVE: Final = ("genuine", "entitled", "still_valid")
"""Questions that make or break a verdict; that there is no receipt is no reason for one."""

_FOUND: Final[Mapping[str, Words]] = {
    "pass": _("fine"),
    "warning": _("remark"),
    "fail": _("wrong"),
    "not_checked": _("not checked"),
}
_CONTAINERS: Final[Mapping[str, Words]] = {
    "png": _("a picture (PNG)"),
    "svg": _("a drawing (SVG)"),
    "pdf": _("a PDF"),
    "zip": _("a ZIP archive"),
    "presentation": _("a verifiable presentation"),
    "qr": _("a QR code"),
}


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """One thing found: how it stands, its sentence, and the evidence below it."""

    standing: Standing
    text: SafeString
    code: str
    evidence: list[Fact]


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """One of the four questions: how it stands, its sentence, other remarks of weight, and what else was found."""

    key: str
    question: str
    standing: Standing
    text: SafeString
    remarks: list[ShownFinding]
    findings: list[ShownFinding]


@dataclass(frozen=True, slots=True)
class ShownElements:
    """Which elements of the EU micro-credential standard a credential states."""

    present: int
    total: int
    missing: str
    mandatory: list[tuple[str, Standing]]
    optional: list[tuple[str, Standing]]


@dataclass(frozen=True, slots=True)
class ShownProfile:
    """Whether a credential fits a profile of micro-credentials, and what it lacks."""

    name: str
    fits: bool
    missing: list[SafeString]


@dataclass(frozen=True, slots=True)
class AskedRegister:
    """A register whose ledger the answer rests on: its name, the size and time of its checkpoint, whether it is old."""

    origin: str
    size: int
    time: SafeString
    stale: bool


@dataclass(frozen=True, slots=True)
class ShownReport:
    """The report on one credential; `number` counts from 1 where there are several."""

    number: int
    verdict: Verdict
    answers: list[ShownAnswer]
    title: str
    facts: list[Fact]
    micro: bool
    elements: ShownElements | None
    profile: ShownProfile | None
    registers: list[AskedRegister]
    cites: list[Cited]


def show_reports(report: Mapping[str, Any]) -> list[ShownReport]:
    """Return the reports of everything that was in a file, the one that decides first."""
    found = [report, *_contained(report)]
    return [_show(one, number) for number, one in enumerate(found, 1)]


def list_sent(report: Mapping[str, Any]) -> list[SafeString]:
    """Return what left the node for the check of everything that was in a file, each once."""
    sent = dict.fromkeys(said for one in (report, *_contained(report)) for said in one.get("sent") or ())
    return [tell(said) for said in sent]


def _contained(report: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    for one in report.get("contained") or ():
        yield one
        yield from _contained(one)


def _show(report: Mapping[str, Any], number: int) -> ShownReport:
    decision, about = report.get("decision") or {}, report.get("about") or {}
    return ShownReport(
        number=number,
        verdict=show_verdict(report),
        answers=[_show_answer(key, report["questions"][key]) for key in QUESTIONS],
        title=about.get("title") or "",
        facts=_list_facts(report, decision),
        micro=about.get("credential_type") == "micro-credential",
        elements=_show_elements(report.get("elements")),
        profile=_show_profile(report.get("profile")),
        registers=_list_registers(decision),
        cites=_list_cites(decision),
    )


def show_verdict(report: Mapping[str, Any]) -> Verdict:
    """Return the verdict in words: what it is about, then what decided."""
    headline = _say(VERDICTS[report["verdict"]])
    sentences = [_name_credential(report.get("about") or {}), *_tell_deciding(report)]
    return Verdict(_TONES[report["verdict"]], headline, tuple(filter(None, sentences)), headline)


def _tell_deciding(report: Mapping[str, Any]) -> list[SafeString]:
    """Return the sentences of the answers that made the verdict what it is; none for a plain yes."""
    decisive = _DECIDING[report["verdict"]]
    told = [(key, answer) for key, answer in report["questions"].items() if answer["outcome"] == decisive]
    answers = [answer for key, answer in told if key in _DECISIVE] or [answer for _key, answer in told]
    if report["verdict"] == "valid":
        return [
            format_html("{}", gettext("It is genuine, its issuer was entitled to award it then, and it still holds."))
        ]
    return [tell(text, capital=True) for text in dict.fromkeys(answer["text"] for answer in answers)]


def _name_credential(about: Mapping[str, Any]) -> SafeString:
    """Say what was handed in, by its own words."""
    title, issuer = about.get("title"), about.get("issuer_name") or about.get("issuer")
    if not title and not issuer:
        return SafeString("")
    values = {"title": _quote(title), "issuer": isolate(issuer or ""), "day": _day(about.get("issued_at"))}
    if title and issuer:
        told = gettext("{title}, by its own words issued by {issuer} on {day}.") if values["day"] else ""
        return format_html(told or gettext("{title}, by its own words issued by {issuer}."), **values)
    if title:
        return format_html(gettext("{title}; it does not say who issued it."), **values)
    return format_html(gettext("A credential that names {issuer} as its issuer."), **values)


def _quote(title: str | None) -> SafeString:
    return format_html(gettext("<strong>“{title}”</strong>"), title=isolate(title)) if title else SafeString("")


def _show_answer(key: str, answer: Mapping[str, Any]) -> ShownAnswer:
    findings, text = (
        [_show_finding(finding) for finding in answer.get("findings") or ()],
        tell(answer["text"], capital=True),
    )
    remarks = [one for one in findings if one.standing.tone != "good" and one.text != text]
    # What was found is often the answer itself: then only its evidence is left to show, before all else.
    below = sorted((one for one in findings if one.text != text or one.evidence), key=lambda one: one.text != text)
    return ShownAnswer(key, _say(QUESTIONS[key]), OUTCOMES[answer["outcome"]], text, remarks, below)


def _show_finding(finding: Mapping[str, Any]) -> ShownFinding:
    tone = OUTCOMES[finding["outcome"]].tone
    standing = Standing(tone, _FOUND[finding["outcome"]])
    return ShownFinding(
        standing, tell(finding["text"], capital=True), finding["code"], list_evidence(finding.get("evidence") or {})
    )


def _list_facts(report: Mapping[str, Any], decision: Mapping[str, Any]) -> list[Fact]:
    """Return what the credential says of itself, and whom the register knows as its issuer."""
    about, chain = report.get("about") or {}, decision.get("chain") or {}
    missing = set(about.get("not_stated") or ())
    shown: list[tuple[Words, Any]] = [
        (_("Title"), about.get("title") and isolate(about["title"])),
        (_("Issuer, by its own words"), isolate(about.get("issuer_name") or about.get("issuer") or "")),
        (_("Issuer in the register"), _link_party("issuer", chain)),
        (_("Accredited by"), _link_party("agency", chain)),
        *_list_scope(about, missing),
        (_("Issued"), _day(about.get("issued_at"))),
        (_("Valid until"), _day(about.get("valid_until")) or gettext("no end stated")),
        (_("Time it is judged by"), _tell_time(report.get("at"))),
        (_("Kind of file"), _describe_format(report)),
    ]
    return [Fact(label, value) for label, value in shown if value]


def _tell_time(at: Mapping[str, Any] | None) -> SafeString:
    return tell(at["text"]) if at else SafeString("")


def _list_scope(about: Mapping[str, Any], missing: set[str]) -> list[tuple[Words, Any]]:
    spelled = {
        "credential_type": lambda code: words.label("credential-types", code),
        "eqf_level": lambda level: gettext("EQF level %(level)s") % {"level": level},
        "isced_f": words.label_field,
        "jurisdiction": words.label_place,
    }
    labels: Mapping[str, Words] = {
        "credential_type": _("Type"),
        "eqf_level": _("Level"),
        "isced_f": _("Field of study"),
        "jurisdiction": _("Country or region"),
    }
    said = [(name, about.get(name)) for name in labels]
    return [
        (labels[name], isolate(spelled[name](code)) if code not in (None, "") else _not_stated(name, missing))
        for name, code in said
    ]


def _not_stated(name: str, missing: set[str]) -> str:
    return gettext("not stated") if name in missing or name in LIMITS else ""


def _link_party(kind: str, chain: Mapping[str, Any]) -> SafeString | None:
    """Return a link to the issuer or agency of a decision's chain, as its register names it."""
    party = chain.get(kind)
    if not party:
        return None
    origin = (chain.get("register") or {}).get("origin")
    path = path_to(kind, party["id"], register=None if origin == settings.ASSAY_ORIGIN else origin)
    return format_html('<a href="{}">{}</a>', path, first_name(party.get("names") or {}, party.get("country") or ""))


def _describe_format(report: Mapping[str, Any]) -> str:
    name = _say(FORMATS[report["format"]]) if report["format"] in FORMATS else str(report["format"])
    inside = [one for one in (report.get("container") or "").split(" / ") if one]
    if not inside:
        return name
    wrapped = [str(_CONTAINERS.get(one, one)) for one in inside]
    return gettext("%(format)s, in %(containers)s") % {"format": name, "containers": gettext(", in ").join(wrapped)}


def _show_elements(elements: Mapping[str, Any] | None) -> ShownElements | None:
    if not elements:
        return None
    mandatory: Sequence[Mapping[str, Any]] = elements.get("mandatory") or ()
    missing = [_say(str(one["label"])) for one in mandatory if not one["present"]]
    return ShownElements(
        present=len(mandatory) - len(missing),
        total=len(mandatory),
        missing="; ".join(missing),
        mandatory=[_show_element(one) for one in mandatory],
        optional=[_show_element(one) for one in elements.get("optional") or ()],
    )


def _show_element(element: Mapping[str, Any]) -> tuple[str, Standing]:
    standing = Standing("good", _("stated")) if element["present"] else Standing("off", _("not stated"))
    return _say(str(element["label"])), standing


def _show_profile(profile: Mapping[str, Any] | None) -> ShownProfile | None:
    if not profile:
        return None
    return ShownProfile(str(profile["name"]), bool(profile["fits"]), [tell(one) for one in profile["missing"]])


def _list_registers(decision: Mapping[str, Any]) -> list[AskedRegister]:
    fresh: Mapping[str, Mapping[str, Any]] = decision.get("fresh") or {}
    return [
        AskedRegister(origin, one["checkpoint_size"], _instant(one["checkpoint_time"]), bool(one.get("stale")))
        for origin, one in fresh.items()
    ]


def _list_cites(decision: Mapping[str, Any]) -> list[Cited]:
    return [cited for one in decision.get("evidence") or () for cited in cite(one["origin"], [one["index"]])]


def _day(moment: str | None) -> SafeString | None:
    return mark_day(_read(moment)) if moment else None


def _instant(moment: str) -> SafeString:
    return mark_instant(_read(moment))


def _read(moment: str) -> datetime:
    return parse_moment(moment)
