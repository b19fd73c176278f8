"""Drafts: kept, handed over, approved, returned, discarded; each step asks who acts and what they have seen.

| from | step | to |
|---|---|---|
| (nothing), editing, returned | `save`, by the author | editing |
| editing, returned | `submit`, by the author | published, or waiting where a second person is asked for |
| editing, returned | `hand_over`, by the author | waiting |
| waiting | `approve`, by another one who approves | published |
| waiting | `return_`, by another one who approves | returned |
| waiting | `save`, by the author | editing: what waited is called back |
| editing, waiting, returned | `discard`, by the author; waiting, also by one who approves | discarded |

All raise NotFound for a draft of another organisation, NotEntitled for who may not, Decided for who is late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext

from register.access.acting import Acting
from register.access.audit import note
from register.access.models import Membership
from register.access.reach import check_reach, check_reach_of_work, find_beyond
from register.access.roles import VERBS
from register.commands import Written
from register.desk import deeds, four_eyes
from register.desk.errors import Decided, Stale
from register.desk.listing import name_draft
from register.desk.models import DISCARDED, EDITING, OPEN, PUBLISHED, RETURNED, WAITING, Draft
from register.desk.preview import digest_now
from register.desk.publishing import publish
from register.desk.terms import SAYINGS, read_terms, spell_terms
from register.errors import NotEntitled, NotFound, NotUnderstood
from register.outbox.notices import tell_members

MOST_REMARK: Final = 2_000
"""Letters of the remark with which a draft is returned."""

PUBLISHING: Final = "draft_published"
APPROVING: Final = "draft_approved"
"""Codes of the audit record."""


def find(acting: Acting, draft_id: UUID | str) -> Draft:
    """Return a draft of who acts; raises NotFound for any other, whether it exists or not."""
    rows = Draft.objects.select_related("author", "decided_by")
    try:
        return rows.get(pk=draft_id, role=acting.role, organisation=acting.organisation)
    except (Draft.DoesNotExist, ValidationError):
        raise NotFound("draft_unknown", "", gettext("There is no such draft on your desk.")) from None


def save(
    acting: Acting,
    verb: str,
    subject: str,
    said: Mapping[str, Any],
    draft_id: UUID | str | None = None,
    version: int | None = None,
) -> Draft:
    """Keep what was filled in as a draft: a new one, or in place of what an open one of one's own says.

    Raises Malformed (with all fields at fault), NotEntitled where the role may not say this, and Decided where the
    draft is not of `version` any more.
    """
    _check_verb(acting, verb)
    kept = _read(acting, verb, said)
    if draft_id is None:
        own = {"role": acting.role, "organisation": acting.organisation, "author_id": acting.user}
        return Draft.objects.create(verb=verb, subject=subject, said=kept, **own)
    draft = find(acting, draft_id)
    _check_author(acting, draft)
    if not kept.get("demonstration"):  # most verbs have no place for the mark
        _check_marked(acting, draft)
    if (draft.verb, draft.subject) != (verb, subject):
        raise Decided(gettext("This draft says something else. Begin a new one."))
    if version is not None and version != draft.version:
        raise Decided
    return _move(draft, EDITING, said=kept, author_id=acting.user, digest="")


def _read(acting: Acting, verb: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a draft keeps; whatever a demonstration account makes is marked as such."""
    if verb in four_eyes.OFF_LEDGER:
        return dict(said)
    marked = acting.demonstration and "demonstration" in SAYINGS[verb].terms.model_fields
    return spell_terms(read_terms(verb, {**said, "demonstration": True} if marked else said))


def check_editable(acting: Acting, draft: Draft, *verbs: str) -> None:
    """Raise unless who acts may change this draft, and it says one of the verbs that a form is for."""
    _check_author(acting, draft)
    _check_state(draft, *OPEN)
    if verbs and draft.verb not in verbs:
        raise Decided(gettext("This draft says something else. Begin a new one."))


def submit(acting: Acting, draft: Draft, digest: str) -> Draft | Written:
    """Publish a draft of one's own, or let it wait where a second person is asked for.

    Raises Stale when `digest` is not of what is shown now, and as `publish` does.
    """
    if four_eyes.is_needed(draft.role, draft.organisation, draft.verb, draft.said, draft.subject):
        return hand_over(acting, draft, digest)
    _check_verb(acting, draft.verb)
    _check_author(acting, draft)
    _check_marked(acting, draft)
    _check_state(draft, EDITING, RETURNED)
    return _let_go(acting, draft, digest, PUBLISHING)


def hand_over(acting: Acting, draft: Draft, digest: str) -> Draft:
    """Let a draft of one's own wait for a second person."""
    _check_verb(acting, draft.verb)
    _check_author(acting, draft)
    _check_marked(acting, draft)
    _check_state(draft, EDITING, RETURNED)
    _check_seen(acting, draft, digest)
    with transaction.atomic():
        # Who takes over a draft whose author is gone answers for it, and so cannot be its second person.
        moved = _move(draft, WAITING, digest=digest, remark="", author_id=acting.user)
        note(acting, "draft_submitted", _about(draft), verb=draft.verb)
        _tell_approvers(moved)
    return moved


def approve(acting: Acting, draft: Draft, digest: str) -> Draft | Written:
    """Let another one's draft go on the ledger; of a setting, let it hold.

    Raises NotEntitled for its author and for who does not approve, Stale and as `publish` does.
    """
    _check_verb(acting, draft.verb)
    _check_second(acting, draft)
    _check_state(draft, WAITING)
    if draft.verb == four_eyes.SETTING:
        return _let_hold(acting, draft, digest)
    return _let_go(acting, draft, digest, APPROVING)


def return_(acting: Acting, draft: Draft, remark: str) -> Draft:
    """Give a draft that waits back to its author, with a remark on what is wrong."""
    _check_second(acting, draft)
    _check_state(draft, WAITING)
    if not remark.strip():
        raise NotUnderstood("required", "remark", gettext("Write what should be mended, so that its author knows."))
    with transaction.atomic():
        note(acting, "draft_returned", _about(draft), verb=draft.verb)
        _tell_author(acting, draft, "returned", remark.strip()[:MOST_REMARK])
        return _move(draft, RETURNED, remark=remark.strip()[:MOST_REMARK], decided_by_id=acting.user)


def discard(acting: Acting, draft: Draft) -> Draft:
    """Give a draft up: its author any time before it is published, who approves while it waits."""
    if draft.author_id != acting.user and not is_left(draft):
        _check_second(acting, draft)
        _check_state(draft, WAITING)
    _check_marked(acting, draft)
    _check_state(draft, *OPEN)
    with transaction.atomic():
        note(acting, "draft_discarded", _about(draft), verb=draft.verb)
        _tell_author(acting, draft, "discarded")
        return _move(draft, DISCARDED, decided_by_id=acting.user)


def choose_four_eyes(acting: Acting, verbs: Iterable[str], draft: Draft | None = None) -> Draft | None:
    """Choose for what a second person is asked: to ask for more holds at once, to ask for less becomes a draft.

    Returns that draft, None where the choice holds.
    """
    _check_verb(acting, four_eyes.SETTING)
    chosen = sorted(set(verbs) & set(four_eyes.choosable(acting.role)))
    if four_eyes.choice_of(acting.role, acting.organisation) <= set(chosen) and draft is None:
        with transaction.atomic():
            four_eyes.choose(acting.role, acting.organisation, chosen)
            note(acting, "four_eyes_changed", verbs=" ".join(chosen))
        return None
    said = {"verbs": chosen}
    held = (draft.pk, draft.version) if draft is not None else (None, None)
    return save(acting, four_eyes.SETTING, "", said, *held)


def may_decide(acting: Acting, draft: Draft) -> bool:
    """Tell whether who acts is the second person that a draft waits for; a demonstration account is nobody's second."""
    second = acting.approves and acting.writes and draft.author_id != acting.user
    return second and not find_beyond(acting, [draft.author_id] if draft.author_id is not None else [])


def is_left(draft: Draft) -> bool:
    """Tell whether a draft's author belongs to its organisation no more: then any colleague may take it over."""
    people = Membership.objects.filter(role=draft.role, organisation=draft.organisation)
    return draft.author_id is None or not people.filter(user=draft.author_id).exists()


def _let_go(acting: Acting, draft: Draft, digest: str, code: str) -> Draft | Written:
    """Publish a draft, or do what goes on no ledger; what another app has to do with it is done around it."""
    deed = deeds.find(draft.verb)
    if deed is not None:
        _check_seen(acting, draft, digest)
        deed.check(draft)
    if deed is not None and deed.alone is not None:
        done: Draft | Written = _do_alone(acting, draft, digest, deed.alone)
    else:
        also = _noting(acting, draft, code)
        done = publish(draft, acting.actor, decided_by=acting.user, digest=digest, also=also)
    if deed is not None:
        deed.done(draft)
    return done


def _do_alone(acting: Acting, draft: Draft, digest: str, alone: deeds.Alone) -> Draft:
    with transaction.atomic():
        moved = _move(draft, PUBLISHED, decided_by_id=acting.user)
        _check_seen(acting, draft, digest)
        alone.do(draft)
        note(acting, alone.code, alone.about(draft), reason=str(draft.said.get("reason", "")), draft=str(draft.pk))
        _tell_author(acting, draft, "approved")
    return moved


def _let_hold(acting: Acting, draft: Draft, digest: str) -> Draft:
    _check_seen(acting, draft, digest)
    with transaction.atomic():
        four_eyes.choose(draft.role, draft.organisation, draft.said["verbs"])
        note(acting, "four_eyes_changed", _about(draft), verbs=" ".join(draft.said["verbs"]))
        _tell_author(acting, draft, "approved")
        return _move(draft, PUBLISHED, decided_by_id=acting.user)


def _move(draft: Draft, state: str, **values: Any) -> Draft:
    """Change a draft unless somebody has changed it since it was read."""
    changes = {"state": state, "version": draft.version + 1, **values}
    rows = Draft.objects.select_for_update().filter(pk=draft.pk, version=draft.version, state__in=OPEN)
    with transaction.atomic():
        found = rows.first()
        if found is None:
            raise Decided
        for name, value in changes.items():
            setattr(found, name, value)
        found.save()
    return found


def _about(draft: Draft) -> str:
    return f"/desk/drafts/{draft.pk}"


def _noting(acting: Acting, draft: Draft, code: str) -> Callable[[Written], None]:
    """Return what notes, in the transaction of the entry, who let it go on record, and tells its author."""

    def keep(place: Written) -> None:
        note(acting, code, _about(draft), verb=draft.verb, entry=place.index)
        _tell_author(acting, draft, "published")

    return keep


def _tell_approvers(draft: Draft) -> None:
    """Tell those who may approve that something waits for them."""
    people = Membership.objects.filter(role=draft.role, organisation=draft.organisation, approves=True)
    users = people.exclude(user=draft.author_id).values_list("user_id", flat=True)
    facts = {"what": name_draft(draft), "address": _about(draft)}
    tell_members(draft.role, draft.organisation, "approval", f"draft:{draft.pk}:{draft.version}", facts, list(users))


def _tell_author(acting: Acting, draft: Draft, how: str, remark: str = "") -> None:
    """Tell the author, while of this organisation, what a colleague did with a draft; joins the transaction."""
    if draft.author_id is None or draft.author_id == acting.user or is_left(draft):
        return
    facts = {"what": name_draft(draft), "address": _about(draft), "how": how, "remark": remark}
    key = f"draft-{how}:{draft.pk}:{draft.version}"
    tell_members(draft.role, draft.organisation, "draft_decided", key, facts, [draft.author_id])


def _check_verb(acting: Acting, verb: str) -> None:
    roles = VERBS.get(verb) or four_eyes.OFF_LEDGER.get(verb, frozenset())
    if not acting.writes or acting.role not in roles:
        raise NotEntitled("not_entitled", "", gettext("This is not for your role to say."))


def _check_author(acting: Acting, draft: Draft) -> None:
    if draft.author_id != acting.user and not is_left(draft):
        told = gettext("Only whoever wrote a draft changes it or hands it over. Return it with a remark instead.")
        raise NotEntitled("not_entitled", "", told)


def _check_marked(acting: Acting, draft: Draft) -> None:
    """Raise where a demonstration account would say as real what somebody wrote who is gone: saving it marks it."""
    if draft.author_id != acting.user and not draft.said.get("demonstration"):
        check_reach_of_work(acting, draft.author_id)


def _check_second(acting: Acting, draft: Draft) -> None:
    if draft.author_id == acting.user:
        raise NotEntitled("not_entitled", "", gettext("Nobody approves their own draft: a colleague has to look."))
    check_reach(acting, draft.author_id)
    if not may_decide(acting, draft):
        told = gettext("Your membership does not let you approve. Ask a colleague who may, or whoever invited you.")
        raise NotEntitled("not_entitled", "", told)


def _check_state(draft: Draft, *states: str) -> None:
    if draft.state not in states:
        raise Decided


def _check_seen(acting: Acting, draft: Draft, digest: str) -> None:
    if digest != digest_now(acting.actor, draft):
        raise Stale
