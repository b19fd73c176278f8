"""The demonstration data: sources named, real institutions never harmed, and every step acceptable to the rules."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest

from register import events, replay
from register.identifiers import NODE, Identifier, normalise_value
from register.intake.cells import clean_text, parse_website
from register.knowledge import gather
from register.moments import parse_moment
from register.state import State
from register.trust import Decision, Facts, Question, decide
from register.vocabularies import country_of, load
from register.vocabularies.identifiers import canonicalise

URL = "https://register.example"
MEGABYTE = 1_000_000
NAMES = ("institutions", "agencies", "accreditations", "story")
EVENT_OF = {
    "recognise_agency": "agency.recognised",
    "withdraw_agency": "agency.withdrawn",
    "register_issuer": "issuer.registered",
    "amend_issuer": "issuer.amended",
    "close_issuer": "issuer.closed",
    "relate_issuer": "issuer.related",
    "register_programme": "programme.registered",
    "bind_key": "key.bound",
    "revoke_key": "key.revoked",
    "grant_mandate": "mandate.granted",
    "grant_accreditation": "accreditation.granted",
    "amend_accreditation": "accreditation.amended",
    "suspend_accreditation": "accreditation.suspended",
    "reinstate_accreditation": "accreditation.reinstated",
    "revoke_accreditation": "accreditation.revoked",
}
FOLDER = {"agency": "agencies", "issuer": "issuers", "programme": "programmes", "mandate": "mandates"}


def read(name: str) -> dict[str, Any]:
    text = files("fixtures").joinpath("demo", f"{name}.json").read_text("utf-8")
    assert len(text.encode()) < MEGABYTE
    document: dict[str, Any] = json.loads(text)
    return document


DOCUMENTS = {name: read(name) for name in NAMES}
INSTITUTIONS = DOCUMENTS["institutions"]["institutions"]
AGENCIES = DOCUMENTS["agencies"]["agencies"]
DECISIONS = DOCUMENTS["accreditations"]["steps"]
STORY = DOCUMENTS["story"]["steps"]


class Telling:
    """A slow, pure loader: every step becomes an event, is judged by the rules and folded into the state."""

    def __init__(self, territory: tuple[str, ...]) -> None:
        self.territory = territory
        self.state = State(origin="register.example/ledger")
        self.ids: dict[str, str] = {}
        self.subjects: dict[str, str] = {}
        self.entries: dict[str, int] = {}
        self.made: dict[tuple[str, str], int] = {}
        self.left_out = 0
        self.log: list[bytes] = []
        key = {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}
        opened = {"name": "Test", "territory": list(territory), "operator": "Test", "vkey": "v", "witness_vkey": "w"}
        self.say("register.opened", URL, {**opened, "statement_jwk": key}, {"role": "node"})

    def tell_all(self) -> None:
        for one in INSTITUTIONS:
            data = {key: one[key] for key in ("names", "country", "website", "identifiers") if one[key]}
            sites = [one["city"]] if one["city"] else []
            self.tell({"do": "register_issuer", "ref": one["ref"], "by": "operator", "data": {**data, "sites": sites}})
        for one in AGENCIES:
            data = {key: value for key, value in one.items() if key != "ref"} | {"demonstration": True}
            self.tell({"do": "recognise_agency", "ref": one["ref"], "by": "operator", "data": data})
        for step in (*DECISIONS, *STORY):
            self.tell(step)

    def tell(self, step: dict[str, Any]) -> None:
        if not self.lies_here(step):
            self.left_out += 1
            return
        event_type = EVENT_OF[step["do"]]
        thing = str(uuid.uuid5(uuid.NAMESPACE_URL, step["ref"])) if "ref" in step else ""
        data = self.resolve(step["data"])
        if event_type == "key.bound":
            owner = self.resolve(step["of"])
            subject, data = f"{URL}/issuers/{owner}/keys/{thing}", {**data, "issuer": owner}
        elif thing:
            kind = event_type.split(".")[0]
            subject = f"{URL}/{FOLDER.get(kind, 'accreditations')}/{thing}"
        else:
            subject = self.subjects[step["of"][1:]]
        actor = {"role": "operator"} if step["by"] == "operator" else self.actor(step["by"])
        self.say(event_type, subject, data, actor)
        if thing:
            self.ids[step["ref"]], self.subjects[step["ref"]] = thing, subject
        if "entry" in step:
            self.entries[step["entry"]] = self.state.size - 1
        self.made[step["do"], step.get("ref") or step["of"][1:]] = self.state.size - 1

    def lies_here(self, step: dict[str, Any]) -> bool:
        data = step["data"]
        if step["do"] == "register_issuer":
            return data["country"] in self.territory
        if step["do"] == "recognise_agency":
            places = data["scope"].get("jurisdictions")
            return places is None or any(country_of(place) in self.territory for place in places)
        needed = [text[1:] for text in texts_of([step["data"], step.get("of"), step["by"]]) if text.startswith("$")]
        return all(ref in self.ids for ref in needed)

    def actor(self, by: str) -> dict[str, str]:
        role = "agency" if "/agencies/" in self.subjects[by[1:]] else "issuer"
        return {"role": role, "organisation": self.ids[by[1:]]}

    def resolve(self, value: Any) -> Any:
        if isinstance(value, str) and value[:1] in ("$", "^"):
            return self.ids[value[1:]] if value[0] == "$" else self.entries[value[1:]]
        if isinstance(value, dict):
            return {key: self.resolve(inner) for key, inner in value.items()}
        return [self.resolve(inner) for inner in value] if isinstance(value, list) else value

    def say(self, event_type: str, subject: str, data: dict[str, Any], actor: dict[str, str]) -> None:
        number = self.state.size
        entry = events.draft(
            event_type,
            event_id=f"00000000-0000-7000-8000-{number:012d}",
            source=URL,
            subject=subject,
            time=datetime(2026, 11, 1, tzinfo=UTC),
            data={**data, "actor": actor},
        )
        self.log.append(entry)
        step = replay.step(self.state, entry, own=True)
        assert step.changes, f"entry {number} ({event_type}) changed nothing"

    def ask(self, ref: str, at: str, *, before: tuple[str, str] | None = None, **asked: Any) -> Decision:
        """Ask about an issuer, with the knowledge of all entries or of those before the one that a step made."""
        state = self.state
        if before is not None:
            state = State(origin=self.state.origin)
            for entry in self.log[: self.made[before]]:
                replay.step(state, entry, own=True)
        if "anchored_at" in asked:
            asked["anchored_at"] = parse_moment(asked["anchored_at"])
        if "programme" in asked:
            asked["programme"] = self.ids[asked["programme"]]
        question = Question(Identifier(NODE, self.ids[ref]), parse_moment(at), **asked)
        known = gather(
            state, question.issuer, question.key, own=True, checkpoint_size=state.size,
            checkpoint_time=state.time, age_seconds=0, stale=False, limit_seconds=86_400,
        )  # fmt: skip
        return decide(question, Facts((known.facts,), {state.origin: known.asked}))


def texts_of(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in texts_of(one)]


@pytest.fixture(scope="module")
def everything() -> Telling:
    telling = Telling(tuple(sorted({*load("ehea").codes(), *load("eche-countries").codes()})))
    telling.tell_all()
    return telling


def test_the_rules_accept_every_step_on_a_european_node(everything: Telling) -> None:
    assert everything.left_out == 0
    assert everything.state.size == 1 + len(INSTITUTIONS) + len(AGENCIES) + len(DECISIONS) + len(STORY)


@pytest.mark.parametrize("country", ["NL", "DE", "FR", "PL", "IT", "ES"])
def test_the_rules_accept_what_a_national_node_loads(country: str) -> None:
    telling = Telling((country,))
    telling.tell_all()
    issuers = telling.state.table("issuer").values()
    assert len([issuer for issuer in issuers if not issuer.demonstration]) >= 25
    assert {issuer.country for issuer in issuers} == {country}
    assert len(telling.state.table("accreditation")) > 25


def test_the_stories_end_as_they_should(everything: Telling) -> None:
    def find(kind: str, ref: str) -> Any:
        return everything.state.table(kind)[everything.ids[ref]]

    suspended = find("accreditation", "demo-uas--1").suspensions[0]
    assert (suspended.effective_from, suspended.effective_until) == (moment("2024-03-01"), moment("2024-06-15"))
    assert find("accreditation", "demo-institute--1").revocation.effective_from == moment("2025-01-01")
    assert find("accreditation", "demo-nursing--1").revocation is None, "the appeal was upheld"
    assert find("accreditation", "demo-university--1").scope.eqf_levels == (6, 7, 8)
    assert find("key", "demo-business-key-1").revocation.since == moment("2025-02-01")
    assert find("agency", "demo-daol").withdrawal.effective_from == moment("2025-01-01")
    assert find("issuer", "demo-college").closure.reason == "merged"
    relations = everything.state.table("relation").values()
    assert {(one.relation, one.accreditations_pass_on) for one in relations} == {
        ("faculty_of", True),
        ("merged_into", True),
    }


BUSINESS_KEY = {"key": "did:web:business-school.example"}
DEGREE = {"eqf_level": 6, "isced_f": "0613", "credential_type": "bachelor-degree"}
NURSING = {"eqf_level": 6, "isced_f": "0913", "jurisdiction": "NL31"}
SOFTWARE = {"eqf_level": 6, "isced_f": "0613"}
ARTS = {"eqf_level": 6, "isced_f": "0213"}
DATA_COURSE = {"credential_type": "micro-credential", "programme": "demo-mc-data"}
BEFORE_REVOCATION = {"before": ("revoke_accreditation", "demo-institute--1")}
BEFORE_CORRECTION = {"before": ("amend_accreditation", "demo-university--1")}
BEFORE_APPEAL = {"before": ("amend_accreditation", "demo-nursing--1")}
ANSWERS: list[tuple[str, str, dict[str, Any], str]] = [
    ("demo-uas", "2024-02-29", SOFTWARE, "accredited"),
    ("demo-uas", "2024-04-01", SOFTWARE, "suspended"),
    ("demo-uas", "2024-06-15", SOFTWARE, "accredited"),
    ("demo-institute", "2024-12-31", DEGREE, "accredited"),
    ("demo-institute", "2025-06-01", DEGREE, "revoked"),
    ("demo-institute", "2025-06-01", DEGREE | BEFORE_REVOCATION, "accredited"),
    ("demo-college", "2025-01-01", ARTS, "accredited"),
    ("demo-college", "2026-01-01", ARTS, "accredited"),
    ("demo-college", "2026-01-01", {"eqf_level": 5}, "out_of_scope_level"),
    ("demo-business", "2025-01-15", BUSINESS_KEY | {"anchored_at": "2025-01-20"}, "accredited"),
    ("demo-business", "2025-01-15", BUSINESS_KEY, "key_compromised_unanchored"),
    ("demo-business", "2025-06-01", {"key": "did:web:keys.business-school.example"}, "accredited"),
    ("demo-university", "2022-06-01", {"key": "did:web:university.example"}, "accredited"),
    ("demo-university", "2024-06-01", {"key": "did:web:university.example"}, "key_superseded"),
    ("demo-online", "2024-12-31", {"eqf_level": 5}, "accredited"),
    ("demo-online", "2025-02-01", {"eqf_level": 5}, "agency_not_recognised"),
    ("demo-university", "2021-01-01", {"eqf_level": 8}, "accredited"),
    ("demo-university", "2021-01-01", {"eqf_level": 8} | BEFORE_CORRECTION, "out_of_scope_level"),
    ("demo-nursing", "2025-11-01", NURSING, "accredited"),
    ("demo-nursing", "2025-11-01", NURSING | BEFORE_APPEAL, "revoked"),
    ("demo-evening", "2024-06-01", {"eqf_level": 5}, "accredited"),
    ("demo-evening", "2024-10-01", {"eqf_level": 5}, "expired"),
    ("demo-faculty", "2024-06-01", {"eqf_level": 7, "isced_f": "0912"}, "accredited"),
    ("demo-continuing", "2024-06-01", DATA_COURSE, "accredited"),
    ("demo-continuing", "2024-06-01", {"credential_type": "bachelor-degree"}, "out_of_scope_type"),
    ("nl-university-of-amsterdam", "2026-06-01", {"eqf_level": 8, "jurisdiction": "NL"}, "accredited"),
]


@pytest.mark.parametrize(("ref", "at", "asked", "code"), ANSWERS)
def test_each_story_is_answered_as_it_is_told(
    everything: Telling, ref: str, at: str, asked: dict[str, Any], code: str
) -> None:
    decision = everything.ask(ref, at, **asked)
    assert decision.reasons[0].code == code
    assert decision.decision == ("trusted" if code == "accredited" else "not_trusted")


def moment(text: str) -> datetime:
    return parse_moment(text)


@pytest.mark.parametrize("name", NAMES)
def test_each_file_names_its_sources_and_licences(name: str) -> None:
    assert DOCUMENTS[name]["format"].startswith("assay-demo-")
    assert all(source["title"] and source["licence"] for source in DOCUMENTS[name]["sources"])


def test_the_institutions_are_a_few_hundred_and_spread_over_europe() -> None:
    countries = Counter(one["country"] for one in INSTITUTIONS)
    assert 300 <= len(INSTITUTIONS) <= 400
    assert len(countries) >= 40
    assert all(countries[country] >= 25 for country in ("NL", "DE", "FR", "PL", "IT", "ES"))
    assert 25 <= len(AGENCIES) <= 50


def test_names_websites_and_identifiers_are_clean_canonical_and_nobody_elses() -> None:
    claims = []
    for one in (*INSTITUTIONS, *AGENCIES):
        assert parse_website(one["website"]) == one["website"]
        assert all(clean_text(name) == name for name in one["names"].values())
        for claim in one.get("identifiers", ()):
            pair = (claim["scheme"], claim["value"])
            assert canonicalise(*pair) == pair
            assert normalise_value(*pair) == claim["value"]
            claims.append(pair)
    assert len(claims) == len(set(claims))


def test_nothing_bad_is_said_about_a_real_institution_or_agency() -> None:
    real = {one["ref"] for one in (*INSTITUTIONS, *AGENCIES)}
    assert {step["do"] for step in DECISIONS} == {"grant_accreditation"}
    assert {step["data"]["decision"] for step in DECISIONS} == {"positive"}
    assert not real & {text[1:] for step in STORY for text in texts_of([step["data"], step.get("of"), step["by"]])}


def test_every_real_institution_with_accreditations_has_one_that_holds_until_2028_at_least() -> None:
    ends: dict[str, str] = {}
    for step in DECISIONS:
        issuer, until = step["data"]["issuer"], step["data"].get("valid_until", "9999")
        ends[issuer] = max(ends.get(issuer, ""), until)
    assert min(ends.values()) > "2028"


def test_everything_made_up_says_that_it_is_demonstration_data() -> None:
    making = [step for step in (*DECISIONS, *STORY) if step["do"] in ("grant_accreditation", "register_issuer")]
    assert all(step["data"]["demonstration"] is True for step in making)
    fictional = [step for step in STORY if step["do"] in ("register_issuer", "recognise_agency")]
    assert all(step["data"]["names"]["en"].startswith("Demonstration ") for step in fictional)
    assert all(step["data"]["website"].endswith(".example") for step in fictional)


def test_no_mail_address_stands_in_the_data() -> None:
    assert not [text for document in DOCUMENTS.values() for text in texts_of(document) if "@" in text]
