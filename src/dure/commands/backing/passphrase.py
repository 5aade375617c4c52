"""A passphrase from a file: arguments and environments are seen by others."""

from pathlib import Path

from dure.kernel.errors import Invalid

SHORTEST = 12


def read(file: Path) -> str:
    """The first line of `file`. Raises Invalid where it is too short to keep keys."""
    found = file.read_text(encoding="utf-8").split("\n", 1)[0].strip()
    if len(found) < SHORTEST:
        raise Invalid("cli.vault.passphrase_short", shortest=SHORTEST)
    return found
