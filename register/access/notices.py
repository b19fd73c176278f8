"""Notices: attempts that the operator should know of, kept outside the ledger and never holding what was sent."""

from __future__ import annotations

from register.access.models import Notice, Token


def note_refusal(token: Token, verb: str, address: str, code: str) -> None:
    """Keep who tried which verb at which address and why it was refused; call it after the rollback."""
    Notice.objects.create(
        token=token.public_id,
        role=token.role,
        organisation=token.organisation or "",
        verb=verb,
        address=address[:300],
        code=code,
    )
