"""What the city has of the things that rows become, and what would change."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import ARRAY, RowMapping, Text, bindparam, text

from dure.city import streams
from dure.city.imports.model import Entity
from dure.city.imports.things import THINGS
from dure.engine.database import Tx
from dure.trust.vault import Person, Vault

EntityKey = tuple[str, tuple[str, ...]]

PERSON_FIELDS = Person.__struct_fields__


@dataclass(slots=True)
class Known:
    """Rows of the city by key, with their images (whole rows as JSON), the people they name, and where cameras'
    pictures come from, logins included.
    """

    rows: dict[EntityKey, RowMapping] = field(default_factory=dict)
    people: dict[UUID, Person] = field(default_factory=dict)
    addresses: dict[str, str | None] = field(default_factory=dict)

    def get(self, entity: Entity) -> RowMapping | None:
        """The row of this entity, if it is there."""
        return self.rows.get((entity.table, entity.key))


async def known_of(tx: Tx, vault: Vault | None, entities: Iterable[Entity], *, lock: bool = False) -> Known:
    """What the city has of these entities (and of those that they refer to)."""
    wanted: dict[str, set[tuple[str, ...]]] = {}
    for entity in entities:
        wanted.setdefault(entity.table, set()).add(entity.key)
    known = Known()
    for table, keys in wanted.items():
        columns, image = THINGS[table].key, THINGS[table].image
        given = {f"k{i}": [key[i] for key in sorted(keys)] for i in range(len(columns))}
        joined = " and ".join(f"t.{name} = w.k{i}" for i, name in enumerate(columns))
        names = ", ".join(f"k{i}" for i in range(len(columns)))
        arrays = ", ".join(f":k{i}" for i in range(len(columns)))
        statement = text(
            f"select t.*, {image} as image from {table} t join unnest({arrays}) as w({names}) on {joined} "
            + ("for update of t" if lock else "")
        ).bindparams(*(bindparam(name, type_=ARRAY(Text)) for name in given))
        for row in await tx.rows(statement, given):
            known.rows[(table, tuple(str(row[name]) for name in columns))] = row
    if vault is not None:
        ids = [row["person_id"] for row in known.rows.values() if row.get("person_id") is not None]
        known.people = await vault.opened(tx, ids)
        cameras = [row for (table, _), row in known.rows.items() if table == "camera"]
        known.addresses = {row["id"]: streams.whole(vault, row["id"], row) for row in cameras}
    return known


@dataclass(slots=True)
class Change:
    """What one entity needs: nothing, to be made, or these columns. `diff` is for people: field to (before, after)."""

    entity: Entity
    current: RowMapping | None
    columns: dict[str, Any]
    diff: dict[str, tuple[Any, Any]]
    person: Person | None = None

    @property
    def is_new(self) -> bool:
        """Whether the entity is not there yet."""
        return self.current is None

    @property
    def needed(self) -> bool:
        """Whether anything is to be written."""
        return self.is_new or bool(self.columns) or self.person is not None


def change_of(entity: Entity, known: Known) -> Change:
    """Compare an entity with what the city has."""
    current = known.get(entity)
    if current is None:
        columns = {**entity.defaults, **entity.values}
        if entity.attrs:
            columns["attrs"] = {name: value for name, value in entity.attrs.items() if value is not None}
        return Change(entity, None, columns, {}, entity.person)
    if entity.yields and current["source"] != "site":
        return Change(entity, current, {}, {})
    columns, diff = {}, {}
    for name, value in entity.values.items():
        wanted = resolved(value, known)
        if wanted is None and isinstance(value, tuple):
            columns[name] = value  # an asset of the same row that is yet to be made
            diff[name] = (_shown(current[name]), value[-1])
            continue
        stood: Any = current[name]
        shown: Callable[[Any], Any] = _shown
        if name == "stream_url":
            stood, shown = known.addresses.get(current["id"]), _address
        if not _same(stood, wanted):
            columns[name] = wanted
            diff[name] = (shown(stood), shown(wanted))
    changed_attrs = {
        name: value for name, value in entity.attrs.items() if not _same((current["attrs"] or {}).get(name), value)
    }
    if changed_attrs:
        columns["attrs"] = {**(current["attrs"] or {}), **changed_attrs}
        diff |= {name: ((current["attrs"] or {}).get(name), value) for name, value in changed_attrs.items()}
    person = entity.person
    if person is not None:
        person, told = _person_change(entity, person, known.people.get(current["person_id"] or _NOBODY))
        diff |= told
    return Change(entity, current, columns, diff, person)


_NOBODY = UUID(int=0)


def _person_change(
    entity: Entity, person: Person, before: Person | None
) -> tuple[Person | None, dict[str, tuple[Any, Any]]]:
    """The record to keep in the place of `before`, None where nothing is new; and what differs, masked."""
    if before is not None and entity.untold:
        person = replace(person, **{name: getattr(before, name) for name in entity.untold})
    if person == (before or Person()):
        return None, {}
    return person, _person_diff(before or Person(), person)


def _address(whole: str | None) -> str | None:
    """Where a camera's picture comes from, as a preview shows it: a changed login is a change, but no one's to read."""
    return None if whole is None else streams.without_login(whole)


def resolved(value: Any, known: Known) -> Any:
    """A reference to an asset by (kind, code) as its id; None while it is not there."""
    if isinstance(value, tuple):
        row = known.rows.get(("asset", value))
        return None if row is None else row["id"]
    return value


def _person_diff(before: Person, after: Person) -> dict[str, tuple[Any, Any]]:
    old, new = before.masked(), after.masked()
    return {
        f"person.{name}": (_told(getattr(old, name)), _told(getattr(new, name)))
        for name in PERSON_FIELDS
        if getattr(before, name) != getattr(after, name)
    }


def _told(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, int | float):
        return abs(one - other) < 1e-9
    if isinstance(one, UUID) or isinstance(other, UUID):
        return str(one) == str(other)
    return bool(one == other)


def _shown(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return None if isinstance(value, dict) else value


def status_of(changes: Sequence[Change]) -> str:
    """A row's status: that of its main (first) entity, or changed where only another one moves."""
    if changes and changes[0].is_new:
        return "added"
    return "changed" if any(change.needed for change in changes) else "same"
