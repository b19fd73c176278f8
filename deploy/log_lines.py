"""Lines of the node's log: one for each message, and nothing in it that moves an operator's terminal.

Messages carry words of other nodes (names of keys, headers), in which a line break would forge a line and an escape
code colour, overwrite or hide what stands beside it.
"""

from __future__ import annotations

import logging


class OneLine(logging.Formatter):
    """Writes messages on one line, unprintable characters as escapes; a traceback behind it keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line of a record, without its traceback."""
        return _escape(super().formatMessage(record))

    def formatException(self, ei: object) -> str:
        """Return a traceback; what the exception says is somebody's words, too."""
        return "\n".join(map(_escape, super().formatException(ei).split("\n")))  # type: ignore[arg-type]


def _escape(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
