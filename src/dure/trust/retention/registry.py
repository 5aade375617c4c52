"""The kinds of data that the rooms contribute, and where rooms refer to people; the composition root installs them."""

from collections.abc import Iterable, Mapping

from dure.trust.retention.model import Kind

_kinds: dict[str, Kind] = {}
_references: list[tuple[str, str]] = []


def install(kinds: Iterable[object], references: Iterable[tuple[str, str]] = ()) -> None:
    """Take the rooms' kinds, and their (table, column or expression) pairs that hold people's ids.

    A room's kind takes the place of the line that stood for it. Raises TypeError for what is no kind, ValueError for a
    name that two rooms use.
    """
    found: dict[str, Kind] = {}
    for kind in kinds:
        if not isinstance(kind, Kind):
            raise TypeError(f"{kind!r} is no kind of data")
        known = found.get(kind.name)
        if known is not None and known.find_due is not None and kind.find_due is not None:
            raise ValueError(f"two rooms keep {kind.name!r}")
        if known is None or known.find_due is None:
            found[kind.name] = kind
    _kinds.clear()
    _kinds.update(found)
    _references[:] = sorted(set(references))


def kinds() -> Mapping[str, Kind]:
    """The kinds, by name, in the order of the rooms."""
    return _kinds


def references() -> list[tuple[str, str]]:
    """Where people are referred to: (table, column)."""
    return list(_references)
