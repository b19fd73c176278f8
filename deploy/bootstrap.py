"""From a bare Python to the project's environment, then on to the command. Standard library only.

`.venv` is made and filled from uv.lock; a stamp in it says for which lock it was filled, so that later starts skip
all of this. uv itself comes from the machine or, pinned, from the package index into `.venv`.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV_VERSION = "0.13.9"
EXTRAS = {
    "node": ["--extra", "node", "--no-dev"],
    "test": ["--all-extras", "--group", "dev"],
}
NO_INDEX = r"Failed to fetch|dns error|Could not connect|Temporary failure|No matching distribution"
CAUSES = {
    r"No space left on device": "the disk is full: free about 1 GB",
    r"Permission denied|Read-only file system": f"{ROOT} cannot be written: check its owner and mode",
    r"invalid peer certificate|CERTIFICATE_VERIFY_FAILED": (
        "the package index's certificate is not trusted here: add your proxy's authority to the machine's list"
    ),
    NO_INDEX: "the package index cannot be reached: check the network",
    r"\b(gcc|cc|clang)\b|compiler|Python\.h": (
        "a C compiler is missing: install one (Debian: apt-get install build-essential python3-dev)"
    ),
    r"no wheel|doesn't have a (source distribution|wheel)": "a package has no wheel for this machine",
}


class SetupError(Exception):
    """The environment cannot be made; the message is one line."""


def main(command: str, argv: list[str]) -> None:
    """Make the environment if need be and become the command."""
    if command == "down":
        sys.path[0] = str(ROOT)
        from deploy.stop import main as stop

        sys.exit(stop(argv))
    try:
        ensure_environment("test" if command == "test" else "node")
    except SetupError as error:
        sys.exit(f"{command}: {error}")
    module = {"up": "deploy.start", "test": "deploy.testrun"}[command]
    os.chdir(ROOT)
    os.execv(PYTHON, [str(PYTHON), "-m", module, *argv])


def ensure_environment(kind: str) -> None:
    """Fill `.venv` unless its stamp says it is filled for this lock; two commands at once wait for each other."""
    wanted = digest()
    if is_filled(kind, wanted):
        return
    try:
        with (ROOT / "uv.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_filled(kind, wanted):
                fill(kind)
                stamp(kind).write_text(wanted)
    except OSError as error:
        raise SetupError(f"{explain(str(error)) or error}.") from None


def digest() -> str:
    """Return a fingerprint of what decides the environment's content."""
    content = (ROOT / "uv.lock").read_bytes() + (ROOT / "pyproject.toml").read_bytes()
    return hashlib.sha256(content).hexdigest()


def stamp(kind: str) -> Path:
    """Return where the fingerprint of a filled environment is kept."""
    return VENV / f"assay-{kind}.stamp"


def is_filled(kind: str, wanted: str) -> bool:
    """Tell whether `.venv` was filled for this lock; what serves the tests serves a node too."""
    kinds = {kind, "test"}
    stamped = any(stamp(each).exists() and stamp(each).read_text() == wanted for each in kinds)
    return stamped and PYTHON.exists()


def fill(kind: str) -> None:
    """Install exactly what uv.lock names."""
    print("Installing from uv.lock (once) …", flush=True)
    uv = find_uv()
    argv = [*uv, "sync", "--frozen", "--inexact", "--quiet", *EXTRAS[kind]]
    perform(argv, "packages cannot be installed")


def find_uv() -> list[str]:
    """Return how to call uv: the machine's own if it is new enough, else the pinned one in `.venv`."""
    for candidate in (shutil.which("uv"), str(VENV / "bin" / "uv")):
        if candidate and read_version(candidate) >= parse_version(UV_VERSION):
            return [candidate]
    if not PYTHON.exists():
        make_venv()
    pip = [str(PYTHON), "-m", "pip"]
    if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode:
        perform([str(PYTHON), "-m", "ensurepip", "--upgrade"], "pip cannot be installed")
    perform([*pip, "install", "--quiet", "--disable-pip-version-check", f"uv=={UV_VERSION}"], "uv cannot be installed")
    return [str(VENV / "bin" / "uv")]


def make_venv() -> None:
    """Make `.venv` with pip in it."""
    done = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if done.returncode and "ensurepip" in done.stdout + done.stderr:
        raise SetupError("Python's venv module is incomplete: install it (Debian: apt-get install python3-venv).")
    if done.returncode:
        raise SetupError(f"{explain(done.stdout + done.stderr) or 'the environment .venv cannot be made'}.")


def read_version(uv: str) -> tuple[int, ...]:
    """Return the version of a uv program, () when it does not run."""
    try:
        said = subprocess.run([uv, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return ()
    found = re.search(r"\d+(\.\d+)+", said)
    return parse_version(found.group()) if found else ()


def parse_version(text: str) -> tuple[int, ...]:
    """Return a version as numbers."""
    return tuple(int(part) for part in text.split("."))


def perform(argv: list[str], trouble: str) -> None:
    """Run an installer; its output is kept for the file named in the one line of failure."""
    env = {
        "UV_SYSTEM_CERTS": "1",  # behind a proxy that opens TLS only the machine's own list of authorities works
        **os.environ,
        "UV_PROJECT_ENVIRONMENT": str(VENV),
        "UV_PYTHON": str(PYTHON if PYTHON.exists() else sys.executable),
    }
    env.pop("VIRTUAL_ENV", None)
    done = subprocess.run(
        argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        log = VENV / "install.log"
        try:
            log.write_text(done.stdout)
        except OSError:
            log = Path("(not kept: the disk is full or closed to us)")
        raise SetupError(f"{trouble}: {explain(done.stdout) or 'see the log'} (all of it: {log}).")


def explain(said: str) -> str | None:
    """Return the cure for a known cause in an installer's output."""
    return next((cure for pattern, cure in CAUSES.items() if re.search(pattern, said, re.IGNORECASE)), None)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
