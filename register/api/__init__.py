"""The JSON API: addresses below /api/v1, their bodies, answers, problems and description (OpenAPI 3.1)."""
