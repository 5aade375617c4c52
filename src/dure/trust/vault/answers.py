"""Kept answers of the web's edge (idempotency), sealed: an incident's answer holds what people wrote about it."""

from pathlib import Path

from dure.trust.vault.records import at


class Keeper:
    """Seals answers under the city's key, for the day that they are kept."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def seal(self, about: str, plain: bytes) -> bytes:
        """`plain` so that only this city reads it again, and only as the answer to the same request."""
        return at(self._data).seal(about, plain)

    def unseal(self, about: str, sealed: bytes) -> bytes:
        """What `seal` hid. Raises Unavailable."""
        return at(self._data).unseal(about, sealed)

    def digest(self, asked: bytes) -> bytes:
        """A number by which the same request is known again; nobody without the keys can compare it with a guess."""
        return at(self._data).digest("request", asked.hex())
