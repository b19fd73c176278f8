"""Operator commands of the ledger."""
