"""What commands say: in the reader's language, results on stdout, everything else on stderr."""

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dure.kernel.messages import Value


def korean() -> bool:
    """Whether to speak Korean: `DURE_LANG`, else the locale."""
    for name in ("DURE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return value.lower().startswith("ko")
    return False


def pick(ko: str, en: str) -> str:
    """The text in the reader's language."""
    return ko if korean() else en


def message(key: str, **params: "Value") -> str:
    """A text of the catalogue in the reader's language."""
    from dure.engine.texts import catalogue

    return catalogue().text("ko" if korean() else "en", key, params)


def write(text: str) -> None:
    """A line of the result."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def write_error(text: str) -> None:
    """A line about how it goes."""
    sys.stderr.write(f"[dure] {text}\n")
    sys.stderr.flush()


def explained(error: Exception) -> str | None:
    """What a known failure means and what mends it; None for what nobody expected."""
    from dure.engine.servers.binaries import EngineMissing
    from dure.engine.servers.nats import NatsFailed
    from dure.engine.servers.place import AlreadyRunning
    from dure.engine.servers.postgres import PostgresFailed
    from dure.kernel.errors import DureError

    match error:
        case DureError():
            lines = [message(error.key, **error.params)]
            lines += [f"  {field.field}: {message(field.key, **field.params)}" for field in error.fields]
            return "\n".join(lines)
        case AlreadyRunning():
            return message("cli.already_running", pid=str(error.pid or "?"))
        case EngineMissing():
            return message("cli.engine_missing", name=str(error))
        case PostgresFailed() | NatsFailed():
            return message("cli.engine_failed", what=error.what, detail=error.detail)
        case PermissionError() | FileNotFoundError() | NotADirectoryError() | FileExistsError():
            return message("cli.file", path=str(error.filename or ""), reason=error.strerror or "")
        case OSError() if error.errno == 28:
            return message("cli.disk_full")
        case _:
            return None
