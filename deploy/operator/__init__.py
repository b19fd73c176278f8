"""The operator's board: the node's health, its people, its settings."""
