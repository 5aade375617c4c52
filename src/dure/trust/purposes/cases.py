"""Cases that coded purposes and the audit log name: higher rooms contribute what they are."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from dure.engine.database import Tx
from dure.kernel.errors import Forbidden
from dure.trust.principal import Principal
from dure.trust.purposes.model import Case

Find = Callable[[Tx, Principal, str], Awaitable[Case | None]]
Numbers = Callable[[Tx, Collection[str]], Awaitable[Mapping[str, str]]]
Meant = Callable[[Tx, str], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class CaseKind:
    """A kind of case: `find` gives the one with that id that the asker may know of, or None.

    The audit log has ids; who reads it knows numbers: `numbers` gives by id the number that people know a case by,
    `meant` the ids that a number (or an id) stands for, the case itself first, then those that went into it.
    """

    name: str
    find: Find
    numbers: Numbers | None = None
    meant: Meant | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """A case as people know it: what it is, and its number."""

    kind: str
    number: str


_kinds: dict[str, CaseKind] = {}


def install(kinds: Iterable[object]) -> None:
    """Take the rooms' kinds. For the composition root and for tests. Raises TypeError for what is none."""
    found: dict[str, CaseKind] = {}
    for kind in kinds:
        if not isinstance(kind, CaseKind):
            raise TypeError(f"{kind!r} is no kind of case")
        found[kind.name] = kind
    _kinds.clear()
    _kinds.update(found)


def known() -> Mapping[str, CaseKind]:
    """The kinds that are installed, by name."""
    return _kinds


async def find(tx: Tx, principal: Principal, kind: str | None, id_: str | None) -> Case | None:
    """The case that is named; None where none is. Raises Forbidden for one that the asker may not know of."""
    if kind is None or id_ is None:
        return None
    case = await _kinds[kind].find(tx, principal, id_) if kind in _kinds else None
    if case is None:
        raise Forbidden("trust.purpose.case_unknown")
    return case


async def named(tx: Tx, ids: Collection[str]) -> Mapping[str, Named]:
    """By id, those of `ids` that are cases, as people know them."""
    found: dict[str, Named] = {}
    for kind in _kinds.values():
        if kind.numbers is not None:
            numbers = await kind.numbers(tx, ids)
            found |= {id_: Named(kind.name, number) for id_, number in numbers.items()}
    return found


async def meant(tx: Tx, number: str) -> list[str]:
    """The ids of the cases that a number or id stands for; what was asked itself where no room knows it."""
    found = [id_ for kind in _kinds.values() if kind.meant is not None for id_ in await kind.meant(tx, number)]
    return found or [number]


def incident_of(case: Case | None) -> UUID | None:
    """The incident under whose key words are sealed, where the case is one."""
    try:
        return UUID(case.id) if case is not None and case.kind == "incident" else None
    except ValueError:
        return None
