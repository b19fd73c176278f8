"""Addresses of bulk intake; none ends in a slash."""

from __future__ import annotations

from django.urls import URLPattern, path

from register.uploads.views import columns, deciding, imports, remarks, rows

urlpatterns: list[URLPattern] = [
    path("desk/imports", imports.list_imports, name="imports"),
    path("desk/imports/<uuid:id>", imports.show_import, name="import"),
    path("desk/imports/<uuid:id>/progress", imports.tell_progress, name="import-progress"),
    path("desk/imports/<uuid:id>/annotated", imports.download_annotated, name="import-annotated"),
    path("desk/imports/<uuid:id>/columns", columns.map_columns, name="import-columns"),
    path("desk/imports/<uuid:id>/rows/<int:line>", rows.mend_row, name="import-row"),
    path("desk/imports/<uuid:id>/step", deciding.take_step, name="import-step"),
    path("desk/remarks", remarks.list_remarks, name="remarks"),
]
