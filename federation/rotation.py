"""Replacing this node's own keys, so that the log goes on and peers follow by themselves.

**Scheduled**: the next key is made; the ledger announces it (`register.key_rotated`) and the key before signs that;
then the next key takes its place, and for the time of the overlap both sign. Whoever knows the key before finds the
announcement under its signature, however long he was away.

**Compromised**: the next key takes its place at once and alone, and the announcement stands under it. Nobody follows
that without asking, because the thief could announce the same; the peers' operators confirm the new key.

Every step may be repeated (ledger/key_files.py), so that a run which was cut off is continued by the next: a next key
that lies there is the one to go on with, and a present key that the ledger does not name is announced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from federation.errors import FederationError
from ledger import key_files, publish
from ledger.key_files import LOG, WITNESS
from ledger.reader import latest_checkpoint
from register import commands
from register.payloads import KeyRotationTerms
from register.queries.peers import find_register
from register.records import RegisterRecord

USES: Final = (LOG, WITNESS)
OVERLAP: Final = timedelta(days=30)
"""How long a replaced key signs beside the new one unless the operator says otherwise."""

Tell = Callable[[str], None]


class RotationRefused(FederationError):
    """The keys cannot be replaced now, or not so; nothing was changed by the step that refuses."""

    code = "rotation_refused"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is to do: for which uses, why, how long both keys sign, whether replaced keys are kept."""

    uses: tuple[str, ...]
    overlap: timedelta = OVERLAP
    compromised: bool = False
    keep: bool = False


def rotate(plan: Plan, tell: Tell = lambda line: None, now: datetime | None = None) -> None:
    """Replace the keys of a plan, or finish what an earlier run began; `tell` hears of each step that is done.

    Raises `RotationRefused`, `ledger.errors.LedgerError` and what the rules refuse; whatever was done stays done, and
    running it again goes on from there.
    """
    moment = now or timezone.now()
    directory = Path(settings.ASSAY_KEYS_DIR)
    if plan.compromised:
        _replace_at_once(directory, plan, moment, tell)
    else:
        _replace_in_order(directory, plan, moment, tell)
    # A second later than any signature by the keys before: of one size and second, one note is kept.
    later = latest_checkpoint(settings.ASSAY_ORIGIN).time.replace(microsecond=0) + timedelta(seconds=1)
    head = publish.refresh(settings.ASSAY_ORIGIN, timedelta(0), max(timezone.now(), later))
    tell(f"signed: {head.size} entries, at {head.time:%Y-%m-%dT%H:%M:%SZ}")


def end_overlap(
    uses: Sequence[str] = USES, *, keep: bool = False, force: bool = False, now: datetime | None = None
) -> list[str]:
    """Put away the keys of these uses whose overlap is over (with `force`, all replaced ones); return their vkeys.

    They have signed nothing since their time was up, wherever this runs or does not.
    """
    directory, moment = Path(settings.ASSAY_KEYS_DIR), now or timezone.now()
    ended = []
    for use in uses:
        retiring = key_files.read_retiring(key_files.retiring_path(directory, use), use)
        if retiring is not None and (force or retiring.until <= moment):
            key_files.retire(directory, use, keep=keep)
            ended.append(str(retiring.signer.verifier))
    return ended


def _replace_in_order(directory: Path, plan: Plan, now: datetime, tell: Tell) -> None:
    """Announce under the key before, then put the next one beside it."""
    if _find_unnamed(directory):
        raise RotationRefused(
            "expected the keys in use to be those the ledger names, they are not. If the former ones are lost or "
            "stolen, run this with --compromised; otherwise restore them from a backup"
        )
    uses = _choose_uses(directory, plan)
    for use in uses:
        _insist_on_no_overlap(directory, use, now)
    changes = {use: str(key_files.stage(directory, use).verifier) for use in uses}
    pending = {use: vkey for use, vkey in changes.items() if _recorded(_register(), use) != vkey}
    if pending:
        _announce(pending, "scheduled", now, _end_of(plan, now), tell)
    # The announcement has to stand under a checkpoint of the key before, also when an earlier run made it.
    publish.cover(settings.ASSAY_ORIGIN)
    for use, vkey in changes.items():
        _promote(directory, use, _find_overlap(_register(), use, vkey, now), plan.keep, tell)


def _choose_uses(directory: Path, plan: Plan) -> tuple[str, ...]:
    """Return what is to be replaced: what is announced already, and nothing beside it; else all that is planned."""
    begun = list_unfinished()
    announced = [use for use in begun if str(key_files.stage(directory, use).verifier) == _recorded(_register(), use)]
    return tuple(announced) or tuple(use for use in USES if use in begun or use in plan.uses)


def _replace_at_once(directory: Path, plan: Plan, now: datetime, tell: Tell) -> None:
    """Put the next keys in use alone, then announce them; keys that were announced before are finished first."""
    begun = list_unfinished()
    unnamed = _find_unnamed(directory)
    for use in begun:
        if _recorded(_register(), use) == str(key_files.stage(directory, use).verifier) or unnamed:
            _promote(directory, use, None, plan.keep, tell)
    for use in () if unnamed else plan.uses:
        key_files.stage(directory, use)
        _promote(directory, use, None, plan.keep, tell)
    for vkey in end_overlap(plan.uses, keep=plan.keep, force=True):
        tell(f"signs no more: {vkey}")
    _announce(_find_unnamed(directory), "compromised", now, None, tell)


def _insist_on_no_overlap(directory: Path, use: str, now: datetime) -> None:
    """Raise `RotationRefused` while the key before the present one still signs."""
    retiring = key_files.read_retiring(key_files.retiring_path(directory, use), use)
    present = key_files.read_key(key_files.present_path(directory, use), use)
    if retiring is not None and retiring.signer != present and retiring.until > now:
        raise RotationRefused(
            f"the last change of the {use} key is complete and overlaps until {retiring.until:%Y-%m-%dT%H:%M:%SZ}; "
            "expected a change after that; --end-overlap ends it now"
        )


def _end_of(plan: Plan, now: datetime) -> datetime | None:
    """Return the whole second at which an overlap ends."""
    return (now + plan.overlap).replace(microsecond=0) if plan.overlap else None


def _find_overlap(register: RegisterRecord, use: str, vkey: str, now: datetime) -> datetime | None:
    """Return until when the ledger says that the key before signs beside this one; None when that is over, or never."""
    of_use = [key for key in register.keys if key.use == use]
    at = next(at for at, key in enumerate(of_use) if key.vkey == vkey)
    until = of_use[at - 1].valid_until
    return until if until is not None and until > max(now, of_use[at].valid_from) else None


def _find_unnamed(directory: Path) -> dict[str, str]:
    """Return the keys in use that the ledger does not name, by use."""
    named = {key.vkey for key in _register().keys}
    present = {use: key_files.read_key(key_files.present_path(directory, use), use) for use in USES}
    return {use: str(key.verifier) for use, key in present.items() if str(key.verifier) not in named}


def _announce(changes: dict[str, str], reason: str, now: datetime, overlap_until: datetime | None, tell: Tell) -> None:
    register = _register()
    said: dict[str, Any] = {
        use: {"vkey": vkey, "former_vkey": _recorded(register, use)} for use, vkey in changes.items()
    }
    # A clock that was set back must not date a key before the one it replaces.
    effective = max(now, *(key.valid_from for key in register.keys if key.valid_until is None))
    said |= {"reason": reason, "effective_from": effective}
    said |= {"overlap_until": overlap_until} if overlap_until else {}
    written = commands.announce_key(KeyRotationTerms.model_validate(said))
    tell(f"announced as entry {written.index} of {written.origin}")


def _promote(directory: Path, use: str, until: datetime | None, keep: bool, tell: Tell) -> None:
    new = key_files.promote(directory, use, until, keep=keep)
    beside = f", the one before beside it until {until:%Y-%m-%dT%H:%M:%SZ}" if until else ""
    tell(f"{use} key in use: {new.verifier}{beside}")


def _register() -> RegisterRecord:
    register = find_register(settings.ASSAY_ORIGIN)
    if register is None:
        raise RotationRefused("expected a register that is open: its first entry names its keys; run deploy/up first")
    return register


def _recorded(register: RegisterRecord, use: str) -> str:
    return register.vkey if use == LOG else register.witness_vkey


def list_unfinished(uses: Sequence[str] = USES) -> list[str]:
    """Return the uses for which a next key lies ready: a rotation was begun and not finished."""
    directory = Path(settings.ASSAY_KEYS_DIR)
    return [use for use in uses if key_files.next_path(directory, use).exists()]
