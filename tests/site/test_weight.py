"""The pages stay light: one stylesheet, one script, no build."""

import re
from pathlib import Path

from django.apps import apps
from django.template.loader import get_template
from django.test import RequestFactory
from django.views import defaults

import register

STATIC = Path(register.__file__).parent / "static" / "assay"
HERE = Path(register.__file__).parents[1]


def find_templates() -> dict[str, str]:
    """Return the source of every page of ours, by its name."""
    found: dict[str, str] = {}
    for app in apps.get_app_configs():
        root = Path(app.path) / "templates"
        if root.is_relative_to(HERE) and "site-packages" not in root.parts:
            found |= {str(path.relative_to(root)): path.read_text() for path in root.rglob("*.html")}
    return found


def list_assets(name: str, templates: dict[str, str]) -> set[str]:
    """Return the styles and scripts a page asks for: its own, those of what it extends and of what it includes."""
    source = templates.get(name, "")
    own = set(re.findall(r"""{% static ['"]([^'"]+\.(?:css|js))['"] %}""", source))
    for other in re.findall(r"""{% (?:extends|include) ['"]([^'"]+)['"]""", source):
        own |= list_assets(other, templates)
    return own


def test_style_and_script_of_each_page_together_are_under_60_kilobytes() -> None:
    templates = find_templates()
    weights = {}
    for name in templates:
        assets = list_assets(name, templates)
        weights[name] = sum((STATIC.parent / asset).stat().st_size for asset in assets)
    assert len(weights) > 40
    assert {name: weight for name, weight in weights.items() if weight >= 60_000} == {}
    assert weights["site/entry.html"] > 10_000


def test_no_page_holds_a_script_or_style_of_its_own() -> None:
    held = re.compile(r"<style|<script(?! src=)|\sstyle=|\son[a-z]+=|javascript:")
    assert {name: held.findall(source) for name, source in find_templates().items() if held.search(source)} == {}


def test_styles_know_no_left_and_right() -> None:
    """What is laid out by sides of the page stands the wrong way round for readers of Arabic and Hebrew."""
    sided = re.compile(
        r"(?:margin|padding|border)-(?:left|right)|(?:^|[\s;{])(?:left|right):|text-align: (?:left|right)"
        r"|(?:margin|padding|inset): [^\s;]+ ([^\s;]+) [^\s;]+ (?!\1;)[^\s;]+;"
    )
    styles = {path.name: re.sub(r"\((?:[^()]|\([^()]*\))*\)", "", path.read_text()) for path in STATIC.glob("*.css")}
    assert {name: sided.search(style) for name, style in styles.items() if sided.search(style)} == {}


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
