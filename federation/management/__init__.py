"""Operator commands of the federation."""
