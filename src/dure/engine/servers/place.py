"""The folder of one city: what lies where, its secrets, and the note of what runs (`run.json`)."""

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dure.engine.secrets import secret as given
from dure.engine.servers.nkeys import BadKey, KeyPair, from_seed, new_key


def default_folder() -> Path:
    """Where the city lives unless told otherwise: `DURE_DATA`, else `.dure/city` beside the program's sources."""
    told = os.environ.get("DURE_DATA")
    return Path(told) if told else Path(__file__).resolve().parents[4] / ".dure" / "city"


class AlreadyRunning(Exception):
    """Another `dure up` holds this folder. `pid` is its number where known."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(f"held by process {pid}")
        self.pid = pid


class Place:
    """A city's folder. Everything that must survive is below it, but for a cluster that had to lie elsewhere (see
    postgres.py)."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.realpath(folder))
        self.logs = self.folder / "logs"
        self.secrets = self.folder / "secrets"
        self.nats = self.folder / "nats"
        self.tls = self.folder / "tls"
        self.history = self.folder / "history"

    def make(self) -> None:
        """Makes the folders, for their owner alone. Raises OSError where that is not possible."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in (self.logs, self.secrets, self.nats, self.tls, self.history):
            part.mkdir(mode=0o700, exist_ok=True)

    # --- what runs ---

    def note(self, values: Mapping[str, Any]) -> None:
        """Keeps what runs and on which ports, whole or not at all, readable by the owner alone."""
        target = self.folder / "run.json"
        fresh = target.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(values, ensure_ascii=False, indent=1), encoding="utf-8")
        fresh.replace(target)

    def noted(self) -> dict[str, Any]:
        """What the last start noted; empty when there is none or it cannot be read."""
        try:
            values = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return values if isinstance(values, dict) else {}

    # --- secrets ---

    def secret(self, name: str) -> str:
        """The random password of this name; made at first use (256 bits)."""
        return self._kept(name, lambda: secrets.token_urlsafe(32))

    def issuer(self) -> KeyPair:
        """The NATS account key that signs the answers of the auth callout; made at first use.

        A NATS of the city's own (`DURE_NATS_URL`) gives its seed as `DURE_NATS_ISSUER`. Raises BadKey when that is
        none.
        """
        told = given("DURE_NATS_ISSUER")
        if told:
            return from_seed(told)
        try:
            return from_seed(self._kept("nats-issuer.nk", lambda: new_key("account").seed))
        except BadKey:
            (self.secrets / "nats-issuer.nk").unlink()
            return from_seed(self._kept("nats-issuer.nk", lambda: new_key("account").seed))

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        file = self.secrets / name
        try:
            text = file.read_text(encoding="ascii").strip()
            if text:
                return text
        except FileNotFoundError:
            pass
        self.make()
        fresh = file.with_name(file.name + ".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(make())
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(file)
        return file.read_text(encoding="ascii").strip()

    # --- one supervisor at a time ---

    def hold(self) -> "Hold":
        """Takes this folder for one supervisor until it is let go or the process ends. Raises AlreadyRunning."""
        self.make()
        return Hold(self.folder / "lock")

    def held(self) -> bool:
        """Whether a supervisor has this folder now."""
        if not (self.folder / "lock").exists():
            return False
        try:
            Hold(self.folder / "lock").release()
        except AlreadyRunning:
            return True
        return False


class Hold:
    """An exclusive lock on a file. The system lets go of it with the process, however that ends."""

    def __init__(self, file: Path) -> None:
        self._handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            text = os.pread(self._handle, 20, 0).decode("ascii", "replace").strip()
            os.close(self._handle)
            raise AlreadyRunning(int(text) if text.isdigit() else None) from None
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, str(os.getpid()).encode("ascii"), 0)

    def release(self) -> None:
        """Lets go."""
        os.close(self._handle)
