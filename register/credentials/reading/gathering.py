"""Several things handed in at once: credentials are kept, what is damaged stops all, what was not read is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from register.credentials.errors import NotACredential, NotGenuine, Unsupported
from register.credentials.presented import Presented
from register.credentials.reading.limits import MOST_CREDENTIALS
from register.credentials.report import Finding
from register.sentences import say

Found = tuple[Presented, ...]


def gather(parts: Sequence[Callable[[], Found]], *, strict: bool = False) -> Found:
    """Read each part and return all credentials found, in order.

    A part that is no credential is passed over, or NotGenuine where nothing else may stand (`strict`). A part of a
    format that is not supported becomes a remark on those that are. Raises the first NotGenuine; Unsupported or
    NotACredential when nothing was found, or NotACredential when it is more than is read at once.
    """
    found: list[Presented] = []
    foreign: list[Unsupported] = []
    for position, read_part in enumerate(parts, 1):
        try:
            found += read_part()
        except Unsupported as error:
            foreign.append(error)
        except NotACredential as error:
            if strict or error.code == "too_many_credentials":
                raise _name_part(error, position) from error
        except NotGenuine as error:
            raise NotGenuine(error.code, _place(error.message, position, len(parts))) from error
        if len(found) > MOST_CREDENTIALS:
            raise NotACredential(
                "too_many_credentials",
                say(
                    "expected at most {most} credentials at once; hand in fewer",
                    most=MOST_CREDENTIALS,
                ),
            )
    return _remark(found, foreign)


def _place(message: str, position: int, parts: int) -> str:
    if parts == 1:
        return message
    return say("Part {position} of {parts}: {fault}", position=position, parts=parts, fault=message)


def _name_part(error: NotACredential, position: int) -> NotACredential | NotGenuine:
    if error.code == "too_many_credentials":
        return error
    return NotGenuine(
        "malformed", say("Part {position} stands where a credential must stand and is none.", position=position)
    )


def _remark(found: Sequence[Presented], foreign: Sequence[Unsupported]) -> Found:
    """Say on each credential what else was there and was not checked."""
    if not found and foreign:
        raise foreign[0]
    if not found:
        raise NotACredential("not_a_credential", say("Nothing in this is a credential of any kind."))
    remarks = tuple(
        Finding("beside_not_checked", "warning", say("Beside it: {fault}", fault=error.message))
        for error in foreign[:1]
    )
    return tuple(replace(one, findings=(*one.findings, *remarks)) for one in found) if remarks else tuple(found)
