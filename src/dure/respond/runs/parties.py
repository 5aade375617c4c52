"""Who a manual means: agencies of the city, groups of people whom a service knows, and who is on duty; and who hears of
what was not done in time.
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.notices.model import To
from dure.respond.playbooks.model import Party, PartyKind
from dure.respond.queries import AGENCIES

Find = Callable[[Tx, UUID], Awaitable[Sequence[To]]]
"""The people of a group about an incident, by its id."""

_groups: dict[str, Find] = {}


@dataclass(frozen=True, slots=True)
class Late:
    """A step or an act that was not done in time: its id and attempt, its name in both languages, and who holds it (a
    role of the control room, or an agency).
    """

    of: str
    attempt: int
    ko: str
    en: str
    role: str | None
    agency_id: str | None


OnDuty = Callable[[Tx, Party], Awaitable[Sequence[To]]]
Rise = Callable[[Tx, RowMapping, UUID, Sequence[Late]], Awaitable[None]]
_on_duty: list[OnDuty] = []
_rises: list[Rise] = []


def by_roster(find: OnDuty, rise: Rise) -> None:
    """Tell who is on duty under a manual's word, and what follows when something in a run is late."""
    _on_duty[:], _rises[:] = [find], [rise]


async def on_duty(tx: Tx, party: Party) -> Sequence[To]:
    """Who is on duty under this word at this moment; empty where no roster knows."""
    return await _on_duty[0](tx, party) if _on_duty else ()


async def late(tx: Tx, incident: RowMapping, run_id: UUID, items: Sequence[Late]) -> None:
    """Something was not done in time."""
    if _rises and items:
        await _rises[0](tx, incident, run_id, items)


def register(group: str, find: Find) -> None:
    """Tell who the group of this id is (`owner`, `gas_duty` ...); a later one replaces it."""
    _groups[group] = find


ALL = text(f"{AGENCIES} order by a.id")
_READ: MutableMapping[Tx, Sequence[RowMapping]] = WeakKeyDictionary()
"""The agencies, as the transactions that are open have read them: a look at a run asks after several."""


def read(tx: Tx, rows: Sequence[RowMapping]) -> None:
    """The city's agencies (`ALL`), for all that this transaction asks after them."""
    _READ[tx] = rows


async def agency(tx: Tx, party: Party) -> str | None:
    """The agency that is meant: by its id, or the city's first of that kind. None where there is none."""
    found = await agency_row(tx, party)
    return None if found is None else str(found["id"])


async def agency_row(tx: Tx, party: Party) -> RowMapping | None:
    """The same as `queries.agency` gives it."""
    column = {PartyKind.AGENCY: "id", PartyKind.AGENCY_KIND: "kind"}.get(party.kind)
    if column is None:
        return None
    if tx not in _READ:
        read(tx, await tx.rows(ALL))
    return next((row for row in _READ[tx] if row[column] == party.id), None)


async def receivers(tx: Tx, party: Party, incident_id: UUID) -> Sequence[To]:
    """Whom a notice to `party` goes to; empty where nobody can be reached by dure."""
    if party.kind is PartyKind.GROUP:
        there = await on_duty(tx, party)
        if there:
            return there
        find = _groups.get(party.id)
        return await find(tx, incident_id) if find is not None else ()
    found = await agency(tx, party)
    return () if found is None else (To(agency_id=found),)
