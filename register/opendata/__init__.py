"""Open data: exports and the change feed, with checksums and the checkpoint they belong to."""
