"""Settings in words: every one of them, its source, and never a secret."""

from __future__ import annotations

import re
from pathlib import Path

from django.test import Client
from pytest_django.fixtures import Settings

import deploy
from deploy.env import read_environment
from deploy.operator.setting_words import GROUPS, UP_ALONE, list_unknown
from tests import factories
from tests.people import sign_in

DEPLOY = Path(deploy.__file__).parent
READ = re.compile(
    r'(?:_env|env)\.(?:text|integer|flag|words|countries|networks|choice|path|web_address)\(\s*"([A-Z_]+)"'
)
DESCRIBED = {one.name for _title, group in GROUPS for one in group}


def test_every_setting_that_is_read_is_described() -> None:
    read = {
        name for file in ("settings.py", "database.py", "mail.py") for name in READ.findall((DEPLOY / file).read_text())
    }
    assert len(read) > 40
    assert read - DESCRIBED - UP_ALONE == set()


def test_what_is_shown_is_read_from_where_it_is_kept(settings: Settings) -> None:
    computed = {"ASSAY_APP_DATABASE_URL", "ASSAY_DATABASE_POOL"} | {name for name in DESCRIBED if "_BODY_" in name}
    shown = [one for _title, group in GROUPS for one in group if one.spell and one.name not in computed]
    assert [one.name for one in shown if not hasattr(settings, one.read_from or one.name)] == []


def test_what_is_described_is_in_the_readme() -> None:
    readme = (DEPLOY / "README.md").read_text()
    assert [name for name in sorted(DESCRIBED) if f"`{name}`" not in readme] == []


def test_a_setting_says_where_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / "node.env").write_text("ASSAY_TITLE=From the file\nASSAY_QUEUE=same\nASSAY_OPERATOR=file\n")
    process = {
        "ASSAY_DATA_DIR": str(tmp_path),
        "ASSAY_QUEUE": "same",
        "ASSAY_OPERATOR": "environment",
        "ASSAY_DEMO": "",
    }
    sources = read_environment(process, tmp_path).sources
    found = {name: sources.get(name) for name in ("ASSAY_TITLE", "ASSAY_QUEUE", "ASSAY_OPERATOR", "ASSAY_DEMO")}
    expected = {"ASSAY_TITLE": "file", "ASSAY_QUEUE": "file", "ASSAY_OPERATOR": "environment", "ASSAY_DEMO": None}
    assert found == expected


def test_secrets_and_passwords_are_never_shown(transactional_db: None, settings: Settings) -> None:
    factories.open_register()
    client = Client()
    sign_in(client, "operator")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the-secret-of-sessions"
    settings.REDIS_URL = "redis://:the-secret-of-redis@127.0.0.1:1/0"
    settings.ASSAY_SETTING_SOURCES = {"SECRET_KEY": "file", "ASSAY_TITEL": "environment"}
    page = client.get("/operator/settings").content.decode()
    assert "the-secret" not in page
    assert "kept secret" in page
    assert page.count("<code>ASSAY_TITEL</code>") == 1


def test_a_misspelt_setting_is_pointed_out(settings: Settings) -> None:
    settings.ASSAY_SETTING_SOURCES = {"ASSAY_TITEL": "environment", "ASSAY_TITLE": "file", "PATH": "environment"}
    assert list_unknown() == ["ASSAY_TITEL"]


def test_settings_are_found_by_word_variable_and_source(transactional_db: None, settings: Settings) -> None:
    factories.open_register()
    client = Client()
    sign_in(client, "operator")
    settings.ASSAY_SETTING_SOURCES = {"ASSAY_TITLE": "file", "ASSAY_LOG_LEVEL": "environment"}

    def found(query: str) -> list[str]:
        return re.findall(r'<code class="soft">(\w+)</code>', client.get(f"/operator/settings{query}").content.decode())

    assert set(found("")) == DESCRIBED
    assert found("?q=assay_title") == ["ASSAY_TITLE"]
    assert found("?q=How+much+is+logged") == ["ASSAY_LOG_LEVEL"]
    assert found("?from=file") == ["ASSAY_TITLE"]
    assert found("?q=%00&from=nowhere") == found("")
    assert found("?q=no+such+setting") == []
    assert "Nothing fits" in client.get("/operator/settings?q=no+such+setting").content.decode()


def test_groups_are_closed_until_something_is_looked_for(transactional_db: None, settings: Settings) -> None:
    factories.open_register()
    client = Client()
    sign_in(client, "operator")
    settings.ASSAY_SETTING_SOURCES = {"ASSAY_TITLE": "file"}
    assert 'id="group-1">' in client.get("/operator/settings").content.decode()
    assert "set here: 1" in client.get("/operator/settings").content.decode()
    for query in ("?q=name", "?from=file", "?all=1"):
        assert 'id="group-1" open>' in client.get(f"/operator/settings{query}").content.decode()
