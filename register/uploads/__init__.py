"""Bulk intake: files of decisions, tried first, mended in the browser, then published."""
