"""Whom the manual means by the stall's owner, and by every stall in the block: ids of the vault, never names."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from dure.city import queries as city
from dure.engine.database import Tx
from dure.notices.model import To
from dure.respond import signals
from dure.respond.runs import parties

_Keepers = Callable[[Tx, Sequence[str]], Awaitable[list[UUID]]]


async def owners(tx: Tx, incident_id: UUID) -> Sequence[To]:
    """The owners of the stalls whose detectors have spoken."""
    return await _of(tx, incident_id, city.keepers)


async def block(tx: Tx, incident_id: UUID) -> Sequence[To]:
    """The owners of every stall in the blocks of those detectors, in which it burns."""
    return await _of(tx, incident_id, city.keepers_beside)


async def _of(tx: Tx, incident_id: UUID, keepers: _Keepers) -> Sequence[To]:
    devices = await signals.devices_of(tx, incident_id)
    return [To(person) for person in await keepers(tx, devices)] if devices else []


def register() -> None:
    """Tell the runs of manuals who these groups are."""
    parties.register("owner", owners)
    parties.register("block", block)
