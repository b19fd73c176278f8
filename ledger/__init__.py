"""The ledger: append-only logs of bytes, their Merkle trees, signed checkpoints and receipts."""
