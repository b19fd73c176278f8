"""Operator commands of a deployment."""
