"""Cases that a coded purpose names: what they are, higher rooms contribute (an incident is respond's)."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from dure.engine.database import Tx
from dure.kernel.errors import Forbidden
from dure.trust.principal import Principal
from dure.trust.purposes.model import Case

Find = Callable[[Tx, Principal, str], Awaitable[Case | None]]


@dataclass(frozen=True, slots=True)
class CaseKind:
    """A kind of case: `find` gives the one with that id that the asker may know of, or None."""

    name: str
    find: Find


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


def incident_of(case: Case | None) -> UUID | None:
    """The incident under whose key words are sealed, where the case is one."""
    try:
        return UUID(case.id) if case is not None and case.kind == "incident" else None
    except ValueError:
        return None
