"""Secrets that a city's keeper gives: from a file or a systemd credential before the environment, which others may
read in dumps; never as an argument, which anybody on the machine sees.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from dure.kernel.errors import DureError

LONGEST = 16_384


class SecretUnreadable(DureError):
    """The file that should hold a secret cannot be read, is empty or too long."""

    status = 500


def secret(name: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """The secret `name` (DURE_DATABASE_URL, say), or None where nobody gave it.

    Looked for in the file that `<name>_FILE` names, then as the systemd credential `<name>` (LoadCredential=), then as
    the variable itself. Raises SecretUnreadable for a file that was named and gives none.
    """
    named = environment.get(f"{name}_FILE")
    if named:
        return _read(name, Path(named))
    folder = environment.get("CREDENTIALS_DIRECTORY")
    if folder and (Path(folder) / name).is_file():
        return _read(name, Path(folder) / name)
    return environment.get(name) or None


def _read(name: str, path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LONGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise SecretUnreadable("engine.secret.unreadable", name=name, path=str(path)) from error
    if not text.strip() or len(text) > LONGEST:
        raise SecretUnreadable("engine.secret.unreadable", name=name, path=str(path))
    return text.strip()
