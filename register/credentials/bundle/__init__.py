"""Offline bundles: what registers know, signed and dated in one file, to verify credentials without a network."""
