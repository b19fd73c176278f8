"""Lines of the node's log: one for each message, and nothing in it that moves an operator's terminal.

Messages carry words of other nodes (names of keys, headers), in which a line break would forge a line and an escape
code colour, overwrite or hide what stands beside it. They also carry addresses, and some of these are secrets: whoever
may read the log must not be able to accept an invitation or to choose somebody's password.
"""

from __future__ import annotations

import logging
import re
from typing import Final

_SECRETS: Final = re.compile(r"(/invitations/|/password/[^/\s]{1,200}/)[^/\s?#]+")
"""Addresses whose last step is known to one person alone (register/access)."""


class OneLine(logging.Formatter):
    """Writes messages on one line, unprintable characters as escapes; a traceback behind it keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line of a record, without its traceback."""
        return _hide(_escape(super().formatMessage(record)))

    def formatException(self, ei: object) -> str:
        """Return a traceback; what the exception says is somebody's words, too."""
        return _hide("\n".join(map(_escape, super().formatException(ei).split("\n"))))  # type: ignore[arg-type]


def _hide(text: str) -> str:
    return _SECRETS.sub(r"\1…", text)


def _escape(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
