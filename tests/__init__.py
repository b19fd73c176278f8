"""Tests mirror the apps. This file keeps the package ahead of a stray `tests` that merkletools installs."""
