"""Pages of bulk intake."""
