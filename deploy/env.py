"""Typed reading of settings from environment variables, and from `DIR/node.env` beneath them.

A value that is missing or malformed raises `SettingError`, whose one sentence names the variable, what was
expected, what came (never the value of a secret) and what to do. Nothing is guessed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

NODE_FILE = "node.env"

WEB_THREADS = 4
"""Threads of a process of the web, as in the image (Dockerfile), where ASSAY_WEB_THREADS says no other number."""


class SettingError(Exception):
    """A setting is missing or malformed; the message is one line, fit for a terminal."""


@dataclass(frozen=True)
class Environment:
    """Settings by name; an empty string counts as absent, as shells and compose files make it.

    `sources` says of those that are set where they come from: `file` (node.env) or `environment`.
    """

    values: Mapping[str, str]
    sources: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str, default: str | None = None) -> str:
        """Return the value; raise SettingError when it is absent and there is no default."""
        value = self.values.get(name, "").strip() or default
        if value is None:
            raise SettingError(f"{name} is not set: start the node with ./deploy/up, or see deploy/README.md.")
        return value

    def integer(self, name: str, default: int, at_least: int = 0) -> int:
        """Return a decimal number not below `at_least`."""
        value = self.text(name, str(default))
        if not value.isascii() or not value.isdecimal() or int(value) < at_least:
            raise SettingError(f"{name} must be a whole number of at least {at_least}; got {value!r}.")
        return int(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """Return True for 1, False for 0; nothing else is understood."""
        value = self.text(name, "1" if default else "0")
        if value not in {"0", "1"}:
            raise SettingError(f"{name} must be 0 or 1; got {value!r}.")
        return value == "1"

    def words(self, name: str, default: str = "") -> list[str]:
        """Return a list written with commas, without blanks and empty items."""
        return [word.strip() for word in self.values.get(name, default).split(",") if word.strip()]

    def countries(self, name: str) -> list[str]:
        """Return ISO 3166-1 alpha-2 codes (and XK), at least one."""
        codes = self.words(name)
        wrong = [code for code in codes if not re.fullmatch("[A-Z]{2}", code)]
        if wrong or not codes:
            raise SettingError(f"{name} must list two-letter country codes such as NL,BE; got {wrong or 'nothing'}.")
        return codes

    def networks(self, name: str) -> list[IPv4Network | IPv6Network]:
        """Return networks written as CIDR, none by default."""
        try:
            return [ip_network(word) for word in self.words(name)]
        except ValueError as error:
            raise SettingError(f"{name} must list networks such as 10.1.0.0/16,fd00::/8: {error}.") from error

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """Return one of `choices`, the first by default."""
        value = self.text(name, choices[0])
        if value not in choices:
            raise SettingError(f"{name} must be one of {', '.join(choices)}; got {value!r}.")
        return value

    def path(self, name: str, default: Path) -> Path:
        """Return an absolute path; it need not exist."""
        return Path(self.text(name, str(default))).expanduser().resolve()

    def web_address(self, name: str) -> str:
        """Return an http(s) address without a closing slash."""
        value = self.text(name)
        if not value.startswith(("http://", "https://")) or value.endswith("/"):
            raise SettingError(f"{name} must be like https://register.example, no slash at its end; got {value!r}.")
        return value


def read_node_file(path: Path) -> dict[str, str]:
    """Parse `NAME=VALUE` lines (no quoting, `#` opens a comment line); a missing file is an empty one."""
    if not path.is_file():
        return {}
    values = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        name, equals, value = line.partition("=")
        if not line.strip() or line.startswith("#"):
            continue
        if not equals:
            raise SettingError(f"{path}, line {number}: expected NAME=VALUE; correct or remove the line.")
        values[name.strip()] = value.strip()
    return values


def read_environment(process: Mapping[str, str], root: Path) -> Environment:
    """Lay the process environment over `node.env` of the data directory (`ASSAY_DATA_DIR`, default `.assay`)."""
    directory = Path(process.get("ASSAY_DATA_DIR") or root / ".assay").expanduser().resolve()
    stored = read_node_file(directory / NODE_FILE)
    given = {name: value for name, value in process.items() if value != ""}
    values = {**stored, **given, "ASSAY_DATA_DIR": str(directory)}
    return Environment(values, {name: _find_source(name, value, stored) for name, value in values.items() if value})


def _find_source(name: str, value: str, stored: Mapping[str, str]) -> str:
    """Return where a value comes from; `deploy/up` hands its processes what the file says: that is the file's."""
    return "file" if stored.get(name) == value else "environment"
