"""Operator commands of notices."""
