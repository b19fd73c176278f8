"""Forms of notices: an address, how often, of what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from register.access.models import Membership
from register.access.roles import AGENCY, OPERATOR
from register.outbox.errors import AddressRefused
from register.outbox.models import AT_ONCE, DAILY, WEEKLY
from register.outbox.subscriptions import check_address, check_webhook
from register.outbox.topics import CODES, IMPORT_DONE, MEMBER_CODES

RHYTHMS: Final = (
    (AT_ONCE, _("At once")),
    (DAILY, _("Once a day, in the morning (UTC)")),
    (WEEKLY, _("Once a week, on Monday")),
)
_ABOUT_REGISTERS: Final = frozenset({"federation", "fork"})
_ABOUT_AGENCIES: Final = frozenset({"agency"})


def codes_for(topic: str) -> dict[str, str | Promise]:
    """Return what there may be to hear of a topic, with its words."""
    kind, _colon, id = topic.partition(":")
    if kind == "user":
        return _codes_of_member(int(id))
    left_out = {"everything": frozenset(), "agency": _ABOUT_REGISTERS}.get(kind, _ABOUT_REGISTERS | _ABOUT_AGENCIES)
    return {code: words for code, words in CODES.items() if code not in left_out}


def _codes_of_member(user: int) -> dict[str, str | Promise]:
    """Return what somebody may be told as a member: of forks operators alone hear, of imports whoever hands them in."""
    roles = set(Membership.objects.filter(user=user).values_list("role", flat=True))
    left_out = (set() if OPERATOR in roles else {"fork"}) | (set() if roles & {AGENCY, OPERATOR} else {IMPORT_DONE})
    return {code: words for code, words in MEMBER_CODES.items() if code not in left_out}


class ChoiceForm(forms.Form):
    """How often, and of what; all kinds chosen means those to come as well."""

    rhythm = forms.ChoiceField(label=_("How often"), choices=RHYTHMS, widget=forms.RadioSelect, initial=AT_ONCE)
    codes = forms.MultipleChoiceField(label=_("Of what"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, topic: str, data: Mapping[str, Any] | None = None, codes: tuple[str, ...] = (), **given: Any):
        super().__init__(data, **given)
        self.offered = codes_for(topic)
        field = self.fields["codes"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = list(self.offered.items())
        field.initial = list(codes or self.offered)
        field.error_messages["required"] = _("Choose at least one, or stop the notices.")

    def chosen(self) -> tuple[str, ...]:
        """Return the codes chosen; none for all."""
        codes = tuple(self.cleaned_data["codes"])
        return () if len(codes) == len(self.offered) else codes


class FollowForm(ChoiceForm):
    """The wish of somebody without an account."""

    address = forms.CharField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": _("Write the address that notices should go to.")},
    )
    webhook = forms.CharField(
        label=_("Webhook"),
        required=False,
        max_length=500,
        widget=forms.URLInput(attrs={"inputmode": "url"}),
        help_text=_("Only for programs: an https address that takes signed notices. Mails then go out about the "
        "webhook alone."),
    )  # fmt: skip
    field_order = ("address", "rhythm", "codes", "webhook")

    def clean_address(self) -> str:
        """Return the address; what is wrong with it is told beside it."""
        return self._judge(check_address, self.cleaned_data["address"])

    def clean_webhook(self) -> str:
        """Return the webhook's address, empty for none."""
        given = self.cleaned_data["webhook"].strip()
        return self._judge(check_webhook, given) if given else ""

    @staticmethod
    def _judge(check: Any, text: str) -> str:
        try:
            return str(check(text))
        except AddressRefused as error:
            raise forms.ValidationError(error.message) from None
