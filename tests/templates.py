"""Templates: words that would stay in one language."""

from __future__ import annotations

import re
from typing import Final

_TAG: Final = re.compile(r"\{%\s*blocktranslate.*?endblocktranslate\s*%\}|\{[%{].*?[%}]\}", re.DOTALL)


def find_bare_words(template: str) -> list[str]:
    """Return the texts between tags of HTML that no tag for translation holds."""
    texts = re.findall(r">([^<>]*)<", _TAG.sub("|", template))
    return [part for text in texts for part in text.split("|") if re.search(r"[A-Za-z]{3}", part)]
