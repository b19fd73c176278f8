"""Sync: copying a peer's log, every entry verified under what the peer signed, and applying it.

| module | holds |
|---|---|
| `follow` | one run for one peer, from the choice of a checkpoint to the last entry applied |
| `targets` | checkpoints: verified, dated, told from what is known already |
| `sources` | who serves a log: the peer itself, else other peers' mirrors |
| `bundles` | entries in order, fetched ahead of whoever stores them |
| `countersigning` | our witness's line under a checkpoint that was not submitted to it |
| `disputes` | what it means when roots disagree |
| `storing` | the one place that writes copies and brings the read model up to date |
| `record` | how an attempt ended, kept in the peer's row; when the next one is due |
| `polling` | asking silent peers whether there is news |
| `turn` | one worker a peer |
"""

from federation.sync.follow import Outcome, attempt, follow
from federation.sync.polling import ask_due

__all__ = ["Outcome", "ask_due", "attempt", "follow"]
