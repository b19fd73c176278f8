"""`/desk/notices`: what members were told, how they are told by mail, and what else they follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from register.access.acting import Acting, needs
from register.access.roles import AGENCY, ISSUER, OPERATOR
from register.desk.page import answer
from register.outbox import notices, subscriptions
from register.outbox.keys import link_to
from register.outbox.letters import describe_topic
from register.outbox.models import ACTIVE, OFF, Notice, Subscription
from register.outbox.topics import of_members, of_user
from register.outbox.views.forms import RHYTHMS, ChoiceForm
from register.outbox.wording import put_into_words

SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Followed:
    """A topic that the person's own address follows."""

    name: str
    path: str
    manage: str
    rhythm: str
    webhook: bool


@needs(AGENCY, ISSUER, OPERATOR)
def show_notices(request: HttpRequest, acting: Acting) -> HttpResponse:
    """Show the list, and take what the person chooses about mails."""
    own = notices.subscription_of(acting.user)
    given = request.POST if request.method == "POST" else None
    form = ChoiceForm(own.topic, given, tuple(own.codes), initial={"rhythm": own.rhythm})
    if request.method == "POST":
        if "off" in request.POST:
            subscriptions.end(own)
            return HttpResponseRedirect("/desk/notices?done=off")
        if form.is_valid():
            if own.state == OFF:
                subscriptions.activate(own)
            subscriptions.change(own, form.cleaned_data["rhythm"], form.chosen())
            return HttpResponseRedirect("/desk/notices?done=changed")
    context = {
        "place": "notices",
        "told": _list_told(acting),
        "form": form,
        "on": own.state == ACTIVE,
        "followed": _list_followed(acting),
        "done": request.GET.get("done", ""),
        "sends": settings.ASSAY_MAIL_SENDS,
        "most": SHOWN,
    }
    return answer(request, acting, "outbox/desk.html", context, 422 if form.errors else 200)


def _list_told(acting: Acting) -> list[object]:
    topics = [of_members(acting.role, acting.organisation), of_user(acting.user)]
    found = Notice.objects.filter(topics__overlap=topics).order_by("-time", "-id")[:SHOWN]
    return list(put_into_words(list(found)))


def _list_followed(acting: Acting) -> list[Followed]:
    """Return what the account's own address follows; others of the same organisation follow for themselves."""
    rows = Subscription.objects.filter(address__iexact=acting.email, state=ACTIVE, user=None).order_by("asked")[:SHOWN]
    rhythms = dict(RHYTHMS)
    return [
        Followed(*describe_topic(row.topic), link_to(row).removeprefix(settings.ASSAY_BASE_URL),
                 str(rhythms[row.rhythm]), bool(row.webhook))
        for row in rows
    ]  # fmt: skip
