"""Backups of a node: one file that holds its database, and how it comes back (deploy/README.md, Backup)."""
