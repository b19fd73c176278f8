"""The pages stay light: one stylesheet, one script, no build."""

from pathlib import Path

from django.template.loader import get_template
from django.test import RequestFactory
from django.views import defaults

import register

STATIC = Path(register.__file__).parent / "static" / "assay"


def test_style_and_script_together_are_under_60_kilobytes() -> None:
    weight = sum(path.stat().st_size for path in STATIC.iterdir() if path.suffix in (".css", ".js"))
    assert 10_000 < weight < 60_000


def test_the_stylesheet_asks_nobody() -> None:
    css = (STATIC / "assay.css").read_text()
    assert "@import" not in css
    assert "http" not in css


def test_pages_for_errors_need_neither_database_nor_context() -> None:
    request = RequestFactory().get("/")
    broken = defaults.server_error(request)
    assert broken.status_code == 500
    assert b"Something went wrong on our side" in broken.content
    odd = defaults.bad_request(request, exception=ValueError("odd"))
    assert odd.status_code == 400
    assert b"This request cannot be read" in odd.content
    assert "cannot be read at the moment" in get_template("503.html").render()
