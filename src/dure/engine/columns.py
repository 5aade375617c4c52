"""Columns that tables of many rooms have alike."""

from sqlalchemy import Column, DateTime, Integer, text


def at(name: str, *, needed: bool = True) -> Column[object]:
    """A moment, with its zone; None may stand in it where it is not `needed`."""
    return Column(name, DateTime(timezone=True), nullable=not needed)


def version() -> Column[object]:
    """Counts an entity's changes from 1; If-Match names it."""
    return Column("version", Integer, nullable=False, server_default=text("1"))


def kept() -> list[Column[object]]:
    """What every entity that changes carries: version, created_at, updated_at."""
    now = text("now()")
    return [
        version(),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=now),
        Column("updated_at", DateTime(timezone=True), nullable=False, server_default=now),
    ]
