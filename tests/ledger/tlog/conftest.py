"""Properties are tried on their merits: no deadline, so a busy machine fails no test."""

from hypothesis import settings

settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")
