"""Nodes that follow, verify and countersign each other (README.md beside this file)."""
