"""Operator commands of open data."""
