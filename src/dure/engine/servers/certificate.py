"""Which certificate, for which names."""

import contextlib
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files: a server's certificate (with what it chains to) and its key."""

    certificate: Path
    key: Path


def names_of_this_machine(host: str) -> list[str]:
    """The names and addresses by which `host` (0.0.0.0 or :: mean all) is reached."""
    found = ["localhost", "127.0.0.1", "::1"]
    if host not in {"0.0.0.0", "::", ""}:  # noqa: S104 - compared, not bound
        found.append(host)
    else:
        found.append(socket.gethostname())
        with contextlib.suppress(OSError):
            found += sorted(
                {str(entry[4][0]).split("%")[0] for entry in socket.getaddrinfo(socket.gethostname(), None)}
            )
    return list(dict.fromkeys(name for name in found if name))
