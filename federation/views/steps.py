"""The two steps of an action: what the operator was shown is signed, and only that, soon and by them, is done.

The token is no secret and stands in the page; django.core.signing keeps it from being altered. It names the person,
the action, what it is about and how that looked, so that nothing is done that nobody has seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core import signing
from django.http import HttpRequest
from django.utils.translation import gettext

from federation.errors import FederationError

MOST_SECONDS: Final = 900
"""How long what was shown may be confirmed."""

_SALT: Final = "federation.steps"


class NotConfirmed(FederationError):
    """What comes back is not what was shown to this person just now."""

    code = "not_confirmed"


@dataclass(frozen=True, slots=True)
class Step:
    """An action before it is confirmed: which, about what, how that looked, and with which values."""

    verb: str
    about: str
    looked: str
    values: Mapping[str, Any]


def sign_step(request: HttpRequest, step: Step) -> str:
    """Return the token that confirms a step."""
    content = [request.user.pk, step.verb, step.about, step.looked, dict(step.values)]
    return signing.dumps(content, salt=_SALT, compress=True)


def read_step(request: HttpRequest, verb: str, about: str, looked: str) -> Mapping[str, Any]:
    """Return the values that the operator confirms; raises `NotConfirmed` for whatever was not shown like this."""
    try:
        found = signing.loads(request.POST.get("token", ""), salt=_SALT, max_age=MOST_SECONDS)
    except signing.SignatureExpired:
        told = gettext("Too much time has passed since you were shown what would happen. Nothing was changed.")
        raise NotConfirmed(told) from None
    except signing.BadSignature:
        told = gettext("What came back is not what you were shown. Nothing was changed. Begin again.")
        raise NotConfirmed(told) from None
    *shown, values = found
    if shown[:3] != [request.user.pk, verb, about]:
        raise NotConfirmed(gettext("This was to confirm something else. Nothing was changed. Begin again."))
    if shown[3] != looked:
        told = gettext("It has changed since you looked. Nothing was changed by you. Look again, and decide then.")
        raise NotConfirmed(told)
    return dict(values)
