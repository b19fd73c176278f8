"""What can be wrong with a credential, its receipt or its status list: a code, and a sentence a person can act on.

Sentences never repeat content of a credential beyond names of fields, formats and keys.
"""

from __future__ import annotations

from register.errors import RegisterError


class CredentialError(RegisterError):
    """Base of all errors about credentials; `code` is for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NotACredential(CredentialError):
    """Nothing in the input is a credential of any kind, or the input is larger than is read at all."""


class Unsupported(CredentialError):
    """A format, suite or method that is recognised but that this software does not check: neither true nor false."""


class NotGenuine(CredentialError):
    """The credential is damaged, altered, or not signed by whom it names: the check was made and failed."""


class Unreachable(CredentialError):
    """What would decide lies elsewhere (a DID document, a status list, a register) and could not be read."""


class BadReceipt(CredentialError):
    """A receipt that does not prove what it says, or that belongs to another credential."""


class BadBundle(CredentialError):
    """An offline bundle that is damaged, not signed by a key that counts, or older than the verifier's limit."""
