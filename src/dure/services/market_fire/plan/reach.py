"""Whose a market is: a merchants' association (상인회) sees its own and no other; the city's desks see all.

A market's association is the one that the administrator named, else the agency of the kind `merchants` that bears the
name which the market's file gives as its keeper (관리기관).
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.services.market_fire.policy import GRANTS
from dure.trust import agencies, audit
from dure.trust.policy import Resource, reaches_all
from dure.trust.principal import Principal

AGENCY: Final = """coalesce(
    (select x.agency_id from market_association x where x.market_id = m.id),
    (select g.id from agency g where g.kind = 'merchants' and g.name = m.agency order by g.id limit 1)
)"""
"""SQL: the id of the association of the market `m` (a row of asset), or null."""
WITHIN: Final = f"(:everything or {AGENCY} = :agency)"
"""SQL: whether the market `m` is within a reach (`Reach.values`)."""


@dataclass(frozen=True, slots=True)
class Reach:
    """All markets, or those of one association."""

    everything: bool
    agency_id: str | None = None

    def covers(self, agency_id: str | None) -> bool:
        """Whether a market of that association is within it; a market of none is the city's alone."""
        return self.everything or (agency_id is not None and agency_id == self.agency_id)

    def values(self) -> dict[str, Any]:
        """The parameters of `WITHIN`."""
        return {"everything": self.everything, "agency": self.agency_id}


def reach_of(by: Principal, permission: str = "market_fire.read") -> Reach:
    """The markets that `by` may see, or do what `permission` names in."""
    return Reach(reaches_all(by.roles, by.agency_id, permission, GRANTS), by.agency_id)


_ONE = text(
    f"select m.id, m.code, m.name, m.road_address as address, m.phone, m.lon, m.lat, {AGENCY} as agency_id "
    f"from asset m where m.kind = 'market' and m.id = :id and {WITHIN}"
)


async def market(tx: Tx, by: Principal, market_id: UUID, permission: str = "market_fire.read") -> RowMapping:
    """The market. Raises NotFound also for another association's."""
    row = await tx.row(_ONE, {"id": market_id, **reach_of(by, permission).values()})
    if row is None:
        raise NotFound("market_fire.market.unknown")
    return row


async def by_id(tx: Tx, market_id: UUID) -> RowMapping:
    """The market, for those whose right to it comes from elsewhere (an incident). Raises NotFound."""
    row = await tx.row(_ONE, {"id": market_id, "everything": True, "agency": None})
    if row is None:
        raise NotFound("market_fire.market.unknown")
    return row


async def whose(tx: Tx, id_: str) -> Resource:
    """For the question who could see it: the association's. Raises NotFound, and ValueError for what is no id."""
    row = await by_id(tx, UUID(id_))
    return Resource(frozenset() if row["agency_id"] is None else frozenset({row["agency_id"]}))


_NAME = text(
    "insert into market_association (market_id, agency_id, set_at, set_by) values (:id, :agency, :now, :by) "
    "on conflict (market_id) do update set agency_id = :agency, set_at = :now, set_by = :by"
)
_FORGET = text("delete from market_association where market_id = :id")


async def name(tx: Tx, by: Principal, market_id: UUID, agency_id: str | None) -> None:
    """Name the market's association; None: the one that its file names again. Raises NotFound, Invalid."""
    await market(tx, by, market_id)
    await agencies.require_known(tx, agency_id)
    if agency_id is None:
        await tx.execute(_FORGET, {"id": market_id})
    else:
        await tx.execute(_NAME, {"id": market_id, "agency": agency_id, "now": tx.now(), "by": by.actor})
    await audit.record(tx, by, "market.association", "market", market_id, purpose=agency_id or "-")
