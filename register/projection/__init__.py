"""The projection: stored entries become rows of the read model. The one path for live writes, sync and rebuild."""

from register.projection.catch_up import ProjectionDamaged, catch_up

__all__ = ["ProjectionDamaged", "catch_up"]
