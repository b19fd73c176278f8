"""The sentence a page about an issuer begins with, from stories told as entries."""

import re
from typing import Any

from register.site.verdict import Verdict, reach_verdict
from tests.register.trust.story import Story, id_of
from tests.site.stories import stand


def told(verdict: Verdict) -> str:
    return re.sub("<[^>]+>", "", " ".join(verdict.sentences))


def accredited(**fields: Any) -> Story:
    story = Story()
    story.recognise()
    story.register()
    story.grant(**{"scope": {"eqf_levels": [6, 7], "jurisdictions": ["NL"]}, **fields})
    return story


def test_an_accredited_issuer_is_entitled_in_the_present_and_on_a_day() -> None:
    story = accredited()
    verdict = reach_verdict(stand(story))
    assert (verdict.tone, verdict.headline) == ("good", "Entitled today to award bachelor and master credentials")
    assert verdict.short == "may award bachelor and master credentials"
    assert "EQF levels 6 and 7, all fields, in the Netherlands. Accredited by Agency, since 1 January 2024." in told(
        verdict
    )
    past = reach_verdict(stand(story, at="2025-03-01"))
    assert past.headline == "Entitled on 1 March 2025 to award bachelor and master credentials"


def test_conditions_are_a_remark() -> None:
    verdict = reach_verdict(stand(accredited(decision="positive_with_conditions")))
    assert verdict.tone == "warn"
    assert verdict.headline == "Entitled today, with conditions, to award bachelor and master credentials"


def test_several_accreditations_are_said_together_the_institution_first() -> None:
    story = accredited()
    story.grant("second", kind="programme", scope={"eqf_levels": [8], "jurisdictions": ["NL"]})
    verdict = reach_verdict(stand(story))
    assert verdict.headline == "Entitled today to award bachelor, master and doctoral credentials"
    assert told(verdict).startswith("EQF levels 6 and 7")
    assert "One further accreditation is in force." in told(verdict)


def test_a_backdated_revocation_says_both_dates_and_leads_to_what_was_known_before() -> None:
    story = accredited()
    story.end("accreditation.revoked", "grant", "2026-09-01", "2025-01-01", "fraud")
    verdict = reach_verdict(stand(story))
    assert verdict.tone == "bad"
    assert verdict.headline == "Not entitled today: its accreditation was revoked with effect from 1 January 2025"
    assert "What was awarded before 1 January 2025 is not affected." in told(verdict)
    assert f"/issuers/{id_of('college')}?known_at=2026-08-31" in " ".join(verdict.sentences)
    known_before = reach_verdict(stand(story, at="2025-06-01", known_at="2026-08-31"))
    assert known_before.headline.startswith("Entitled on 1 June 2025")


def test_a_past_answer_says_what_happened_since() -> None:
    story = accredited()
    story.end("accreditation.revoked", "grant", "2026-05-01", "2026-06-01")
    verdict = reach_verdict(stand(story, at="2025-01-01"))
    assert verdict.tone == "good"
    assert "Since then: the accreditation was revoked with effect from 1 June 2026." in told(verdict)


def test_a_suspension_says_since_when() -> None:
    story = accredited()
    story.end("accreditation.suspended", "grant", "2026-02-20", "2026-03-01")
    verdict = reach_verdict(stand(story))
    assert verdict.headline == "Not entitled today: its accreditation has been suspended since 1 March 2026"
    assert verdict.short == "accreditation suspended"


def test_an_expired_accreditation_is_grey_and_names_its_last_day() -> None:
    verdict = reach_verdict(stand(accredited(valid_until="2026-01-01")))
    assert (verdict.tone, verdict.short) == ("off", "accreditation expired")
    assert verdict.headline == "Not entitled today: its accreditation ended on 31 December 2025"


def test_no_record_is_no_judgement() -> None:
    story = Story()
    story.register()
    verdict = reach_verdict(stand(story))
    assert (verdict.tone, verdict.headline) == ("off", "Not entitled today: no accreditation is recorded")
    assert "no judgement of its quality" in told(verdict)


def test_a_closed_issuer_says_so_and_that_the_past_stands() -> None:
    story = accredited()
    story.end("issuer.closed", "college", "2026-01-01", "2026-02-01", "institution_closed")
    verdict = reach_verdict(stand(story))
    assert (verdict.tone, verdict.headline) == ("off", "Closed on 1 February 2026")
    assert "What it awarded while it was accredited stands" in told(verdict)


def test_a_merged_issuer_names_its_successor() -> None:
    story = accredited()
    story.register("university", "2024-01-02", names={"en": "University"})
    story.grant("wide", "2024-01-03", issuer="university")
    story.say(
        "issuer.related",
        "college",
        "2025-06-01",
        relation="merged_into",
        other=id_of("university"),
        valid_from="2025-07-01",
    )
    standing = stand(story)
    verdict = reach_verdict(standing)
    assert (verdict.tone, verdict.headline) == ("warn", "Merged into University on 1 July 2025")
    assert "University, answers for it and is entitled to award." in told(verdict)
    assert [one.passed_on for one in standing.own] == [True]
    assert all(one.record.issuer == id_of("college") for one in standing.contributions)
    assert reach_verdict(stand(story, at="2025-01-01")).headline.startswith("Entitled on 1 January 2025")


def test_a_faculty_says_under_whose_accreditation_it_awards() -> None:
    story = accredited()
    story.register("faculty", "2024-01-02", names={"en": "Faculty"})
    story.say(
        "issuer.related", "faculty", "2024-02-01", relation="faculty_of", other=id_of("college"),
        valid_from="2024-01-01", accreditations_pass_on=True,
    )  # fmt: skip
    verdict = reach_verdict(stand(story, "faculty"))
    assert verdict.tone == "good"
    assert "It awards under the accreditation of College (faculty of)." in told(verdict)


def test_an_accreditation_by_an_agency_that_lost_its_recognition_does_not_count() -> None:
    story = accredited()
    story.end("agency.withdrawn", "agency", "2025-12-01", "2026-01-01", "conditions_not_met")
    standing = stand(story)
    verdict = reach_verdict(standing)
    assert verdict.short == "agency not recognised"
    assert verdict.headline.endswith("the recognition of its agency was withdrawn with effect from 1 January 2026")
    assert [(one.state, one.counts) for one in standing.contributions] == [("in_force", False)]


def test_a_refusal_is_not_an_accreditation() -> None:
    verdict = reach_verdict(stand(accredited(decision="negative")))
    assert (verdict.tone, verdict.short) == ("bad", "decision not positive")


def test_names_in_sentences_are_text() -> None:
    story = Story()
    story.recognise(names={"en": "<b>Agency</b>"})
    story.register()
    story.grant()
    assert "&lt;b&gt;Agency&lt;/b&gt;" in " ".join(reach_verdict(stand(story)).sentences)
