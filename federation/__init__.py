"""Nodes that follow, verify and countersign each other. Nothing here yet: a node stands alone."""
