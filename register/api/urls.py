"""Addresses of the API; none ends in a slash. What is not here is 404 as a problem."""

from __future__ import annotations

from django.urls import path, re_path

from register.api import documentation, lists, node, tokens
from register.api.address import answer_absent

urlpatterns = [
    path(".well-known/assay.json", node.Node.as_view(), name="api-node"),
    path("api/schema", documentation.Document.as_view(), name="api-schema"),
    path("api/docs", documentation.show_documentation, name="api-docs"),
    path("api/v1/me", tokens.Me.as_view(), name="api-me"),
    path("api/v1/tokens", tokens.Tokens.as_view(), name="api-tokens"),
    path("api/v1/tokens/<uuid:id>", tokens.OneToken.as_view(), name="api-token"),
    path("api/v1/vocabularies", lists.Vocabularies.as_view(), name="api-vocabularies"),
    path("api/v1/vocabularies/<str:name>", lists.Vocabulary.as_view(), name="api-vocabulary"),
    path("api/v1/reasons", lists.Reasons.as_view(), name="api-reasons"),
    path("api/v1/schemas", lists.Schemas.as_view(), name="api-schemas"),
    path("api/v1/schemas/<str:type>/<str:version>", lists.Schema.as_view(), name="api-schema-of-type"),
    re_path(r"^api/.*$", answer_absent),
]
