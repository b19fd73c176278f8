"""How much is read of what strangers hand in: every bound of reading, in one place.

A bound is checked before the work it bounds. The numbers are several times what the largest known credentials need: a
European Digital Credential with its pictures has 150 KB, 10 levels of nesting and 1,000 values.
"""

from __future__ import annotations

from typing import Final

MOST_BYTES: Final = 10 * 1024 * 1024
"""Of one upload, and of one text, attachment or entry once it is unpacked."""

MOST_UNPACKED: Final = 2 * MOST_BYTES
"""Of all that is unpacked from one container."""

DEEPEST: Final = 64
"""Levels of nesting in JSON and in SVG."""

MOST_CREDENTIALS: Final = 200
"""Credentials in one upload: the verifier of each may have to ask others about it."""

MOST_WRAPPINGS: Final = 4
"""Containers within containers, as a JWT in a presentation in a PDF in a ZIP."""

MOST_ENTRIES: Final = 1000
"""Entries of a ZIP, attachments of a PDF, chunks of text in a PNG."""
