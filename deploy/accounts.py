"""PostgreSQL refuses to run as root: the account that runs it, and a place which that account can reach."""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "assay"
FALLBACK = "nobody"
# Where a cluster and its binaries go when root's own directories close everybody else out.
OPEN_PLACE = Path("/var/lib")


@dataclass(frozen=True)
class Account:
    """An unprivileged account of this machine."""

    uid: int
    gid: int


def find_account() -> Account | None:
    """Return the account for PostgreSQL, None when we are not root and it runs as ourselves.

    A system account `assay` is made once; where that is impossible `nobody` serves.
    """
    if os.geteuid() != 0:
        return None
    for name in (ACCOUNT, FALLBACK):
        if name == ACCOUNT and shutil.which("useradd") and not exists(name):
            command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
            subprocess.run(command, capture_output=True, check=False)
        if exists(name):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise PermissionError(1, "no unprivileged account for PostgreSQL: run as another user than root", "root")


def exists(name: str) -> bool:
    """Tell whether this machine knows an account."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def is_reachable(path: Path, account: Account | None) -> bool:
    """Tell whether the account may pass through every directory above `path`."""
    if account is None:
        return True
    for parent in path.resolve().parents:
        mode = parent.stat()
        bit = 0o100 if mode.st_uid == account.uid else 0o010 if mode.st_gid == account.gid else 0o001
        if not mode.st_mode & bit:
            return False
    return True


def own(path: Path, account: Account | None) -> None:
    """Make a directory (mode 0700) that belongs to the account."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    if account:
        os.chown(path, account.uid, account.gid)


def place(path: Path, account: Account | None) -> Path:
    """Return a directory of the account at `path`, or behind a link there to a place it can reach."""
    if path.is_symlink():
        return path.resolve()
    if not is_reachable(path, account) and not path.exists():
        target = Path(tempfile.mkdtemp(prefix="assay-", dir=OPEN_PLACE))
        own(target, account)
        path.symlink_to(target)
        return target
    own(path, account)
    return path


def reachable_copy(package: Path, account: Account | None, version: str) -> Path:
    """Return the installed package itself, or a copy of it and of its libraries where the account can run it.

    The programs look for their libraries in `PACKAGE.libs` beside the package, so both are copied side by side.
    """
    if is_reachable(package / "pginstall" / "bin" / "postgres", account):
        return package
    copy = OPEN_PLACE / f"assay-postgresql-{version}"
    if not copy.is_dir():
        unfinished = Path(tempfile.mkdtemp(prefix="assay-unfinished-", dir=OPEN_PLACE))
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.is_dir():
                shutil.copytree(part, unfinished / part.name)
        unfinished.chmod(0o755)
        unfinished.rename(copy)
    return copy / package.name
