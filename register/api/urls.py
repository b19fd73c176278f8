"""Addresses of the API; none ends in a slash. What is not here is 404 as a problem."""

from __future__ import annotations

from django.urls import path, re_path

from register.api import documentation, entries, lists, node, records, tokens, trust, verbs
from register.api.address import answer_absent

urlpatterns = [
    path(".well-known/assay.json", node.Node.as_view(), name="api-node"),
    path("api/schema", documentation.Document.as_view(), name="api-schema"),
    path("api/docs", documentation.show_documentation, name="api-docs"),
    path("api/v1/trust", trust.Trust.as_view(), name="api-trust"),
    path("api/v1/me", tokens.Me.as_view(), name="api-me"),
    path("api/v1/tokens", tokens.Tokens.as_view(), name="api-tokens"),
    path("api/v1/tokens/<uuid:id>", tokens.OneToken.as_view(), name="api-token"),
    path("api/v1/vocabularies", lists.Vocabularies.as_view(), name="api-vocabularies"),
    path("api/v1/vocabularies/<str:name>", lists.Vocabulary.as_view(), name="api-vocabulary"),
    path("api/v1/reasons", lists.Reasons.as_view(), name="api-reasons"),
    path("api/v1/schemas", lists.Schemas.as_view(), name="api-schemas"),
    path("api/v1/schemas/<str:type>/<str:version>", lists.Schema.as_view(), name="api-schema-of-type"),
    path("api/v1/agencies", records.Agencies.as_view()),
    path("api/v1/agencies/<uuid:id>", records.Agency.as_view()),
    path("api/v1/agencies/<uuid:id>/history", records.AgencyHistory.as_view()),
    path("api/v1/agencies/<uuid:id>/amend", verbs.AmendAgency.as_view()),
    path("api/v1/agencies/<uuid:id>/withdraw", verbs.WithdrawAgency.as_view()),
    path("api/v1/issuers", records.Issuers.as_view()),
    path("api/v1/issuers/<str:id>", records.Issuer.as_view()),
    path("api/v1/issuers/<uuid:id>/history", records.IssuerHistory.as_view()),
    path("api/v1/issuers/<uuid:id>/accreditations", records.IssuerAccreditations.as_view()),
    path("api/v1/issuers/<uuid:id>/amend", verbs.AmendIssuer.as_view()),
    path("api/v1/issuers/<uuid:id>/close", verbs.CloseIssuer.as_view()),
    path("api/v1/issuers/<uuid:id>/relate", verbs.RelateIssuer.as_view()),
    path("api/v1/issuers/<uuid:id>/keys", records.IssuerKeys.as_view()),
    path("api/v1/issuers/<uuid:id>/keys/<uuid:key>", records.IssuerKey.as_view()),
    path("api/v1/issuers/<uuid:id>/keys/<uuid:key>/revoke", verbs.RevokeKey.as_view()),
    path("api/v1/programmes", records.Programmes.as_view()),
    path("api/v1/programmes/<uuid:id>", records.Programme.as_view()),
    path("api/v1/programmes/<uuid:id>/amend", verbs.AmendProgramme.as_view()),
    path("api/v1/programmes/<uuid:id>/close", verbs.CloseProgramme.as_view()),
    path("api/v1/mandates", records.Mandates.as_view()),
    path("api/v1/mandates/<uuid:id>", records.Mandate.as_view()),
    path("api/v1/mandates/<uuid:id>/revoke", verbs.RevokeMandate.as_view()),
    path("api/v1/accreditations", records.Accreditations.as_view()),
    path("api/v1/accreditations/<uuid:id>", records.Accreditation.as_view()),
    path("api/v1/accreditations/<uuid:id>/history", records.AccreditationHistory.as_view()),
    path("api/v1/accreditations/<uuid:id>/amend", verbs.AmendAccreditation.as_view()),
    path("api/v1/accreditations/<uuid:id>/suspend", verbs.SuspendAccreditation.as_view()),
    path("api/v1/accreditations/<uuid:id>/reinstate", verbs.ReinstateAccreditation.as_view()),
    path("api/v1/accreditations/<uuid:id>/revoke", verbs.RevokeAccreditation.as_view()),
    path("api/v1/events", entries.Events.as_view()),
    path("api/v1/events/<int:index>", entries.Event.as_view()),
    re_path(r"^api(/|$)", answer_absent),
]
