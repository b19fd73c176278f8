"""`./deploy/test`: every check and test of the project, against services it starts itself and stops again."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CHECKS = (
    ("ruff check", ("ruff", "check", ".")),
    ("ruff format", ("ruff", "format", "--check", ".")),
    ("mypy", ("mypy",)),
    ("import-linter", ("lint-imports",)),
)
# Two processes; tests/conftest.py says which tests belong together.
SIDE_BY_SIDE = ("-n", "2", "--dist", "loadscope", "--no-loadscope-reorder")
SLOWEST = ("--durations=25", "--durations-min=5")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main(argv: list[str]) -> int:
    """Run checks, then tests; pytest's closing line comes last. Not 0 when anything failed."""
    parser = argparse.ArgumentParser(prog="./deploy/test", description="Run all checks and tests.")
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument("--quick", action="store_true", help="linters, types and the tests that need no service")
    extent.add_argument("--long", action="store_true", help="soak and fault runs too")
    options, further = parser.parse_known_args(argv)
    signal.signal(signal.SIGTERM, raise_interrupt)
    failed = [name for name, command in CHECKS if not succeeds(name, command)]
    if not options.quick:
        install_tools()
    if failed:
        print(f"FAILED: {', '.join(failed)} (see above); the tests follow.", flush=True)
    if options.quick:
        return run_tests({"ASSAY_TEST_PURE": "1"}, further) or bool(failed)
    extent_of_tests = ["-m", ""] if options.long else []
    with services() as env:
        return run_tests(env, [*SIDE_BY_SIDE, *SLOWEST, *extent_of_tests, *further]) or bool(failed)


def raise_interrupt(number: int, frame: FrameType | None) -> None:
    """Let SIGTERM end a run as Ctrl-C does, so that its services are stopped."""
    raise KeyboardInterrupt


def succeeds(name: str, command: tuple[str, ...]) -> bool:
    """Run one check and print what it says when it fails."""
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    print(f"{name}: {'ok' if done.returncode == 0 else 'failed'}", flush=True)
    if done.returncode:
        print(done.stdout, flush=True)
    return done.returncode == 0


def run_tests(env: dict[str, str], further: list[str]) -> int:
    """Run pytest and return its exit code."""
    return subprocess.run([str(BIN / "pytest"), *further], cwd=ROOT, env={**os.environ, **env}, check=False).returncode


@contextmanager
def services() -> Iterator[dict[str, str]]:
    """Run PostgreSQL and Redis in a temporary directory; yield the settings that name them."""
    from deploy import processes
    from deploy.provision import APP, OWNER
    from deploy.serviceset import start_services

    directory = Path(tempfile.mkdtemp(prefix="assay-services-"))
    directory.chmod(0o711)
    try:
        started = start_services(directory)
        yield {
            "DATABASE_URL": started.database_url(OWNER, "assay"),
            "ASSAY_APP_DATABASE_URL": started.database_url(APP, "assay"),
            "REDIS_URL": started.redis_url(),
        }
    finally:
        processes.stop_recorded(directory / "run")
        shutil.rmtree(directory, ignore_errors=True)


def install_tools() -> None:
    """Install Debian's Chromium and iproute2 where that is ours to do; otherwise say in one line what is missing."""
    packages = [] if any(shutil.which(name) for name in BROWSERS) else ["chromium", "fonts-dejavu-core"]
    packages += [] if shutil.which("ip") else ["iproute2"]
    if not packages:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {', '.join(packages)} (once) …", flush=True)
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-q"], env=env, capture_output=True, check=False)
        install = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages]
        if subprocess.run(install, env=env, capture_output=True, check=False).returncode == 0:
            return
    print(f"Missing: {', '.join(packages)} (Debian: apt-get install them); tests that need them will fail.", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
