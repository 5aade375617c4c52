"""The files of a backup and their manifest."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dure.kernel.errors import Invalid

MANIFEST = "manifest.json"
DUMP = "database.dump"
HISTORY = "history"
SETTINGS = "settings.json"
_FORMAT = 1
_SECRET = ("URL", "ISSUER", "TLS", "KEY", "PASSWORD", "SECRET", "TOKEN", "DATA")
"""Parts of names of settings that hold passwords, or that say where things are rather than how they are."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A finished backup."""

    folder: Path
    about: Mapping[str, Any]

    @property
    def origin(self) -> Path:
        """The folder of the city that it was made of, as it was called then."""
        return Path(self.about["city"])


def begin(folder: Path) -> Path:
    """Where the new backup is put together: beside `folder`, which must be new or empty. Raises Invalid."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Invalid("cli.backup.not_empty", path=str(folder))
    fresh = folder.with_name(folder.name + ".part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700, parents=True)
    return fresh


def finish(fresh: Path, folder: Path, about: Mapping[str, Any]) -> Parcel:
    """Write the manifest and give the backup its name: what has that name is whole."""
    files = {str(path.relative_to(fresh)): _measured(path) for path in _files(fresh)}
    whole = {"format": _FORMAT, **about, "files": files}
    with (fresh / MANIFEST).open("w", encoding="utf-8") as out:
        json.dump(whole, out, ensure_ascii=False, indent=1)
        out.flush()
        os.fsync(out.fileno())
    if folder.exists():
        folder.rmdir()
    fresh.replace(folder)
    return Parcel(folder, whole)


def opened(folder: Path) -> Parcel:
    """A backup whose every file is as it was written. Raises Invalid naming the first that is not."""
    try:
        about = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = dict(about["files"])
        about["city"], about["made_at"], about["revision"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Invalid("cli.restore.no_backup", path=str(folder)) from error
    if about.get("format") != _FORMAT:
        raise Invalid("cli.restore.other_form", path=str(folder))
    for name, measured in files.items():
        path = folder / name
        inside = path.resolve().is_relative_to(folder.resolve())
        if not inside or not path.is_file() or _measured(path) != measured:
            raise Invalid("cli.restore.damaged", path=str(path))
    return Parcel(folder, about)


def copy_history(source: Path, target: Path) -> int:
    """Copy what is not there yet; how many files. What is tidied away meanwhile is not missed."""
    copied = 0
    for path in _files(source):
        fresh = target / path.relative_to(source)
        if path.suffix != ".parquet" or fresh.exists():
            continue
        fresh.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            shutil.copyfile(path, fresh)
        except FileNotFoundError:
            fresh.unlink(missing_ok=True)
            continue
        copied += 1
    return copied


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The city's settings in `environment`, without what is secret or only true of this machine."""
    return {
        name: value
        for name, value in sorted(environment.items())
        if name.startswith("DURE_") and not any(part in name for part in _SECRET)
    }


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def _measured(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}
