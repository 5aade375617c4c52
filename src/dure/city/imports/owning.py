"""Whose a run is: officials see the runs of their own agency, the control room and administrators all."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, true

from dure.city.imports import runs
from dure.city.imports.things import bringers
from dure.city.policy import GRANTS
from dure.city.tables import import_run
from dure.engine.database import Tx
from dure.kernel.errors import Forbidden, NotFound
from dure.trust.policy import reaches_all
from dure.trust.principal import Principal
from dure.trust.roles import Role


@dataclass(frozen=True, slots=True)
class Reach:
    """All runs, or those of one agency (None: those that no agency gave)."""

    everything: bool
    agency_id: str | None = None

    def covers(self, agency_id: str | None) -> bool:
        """Whether a run of that agency is within it."""
        return self.everything or self.agency_id == agency_id

    def clause(self) -> ColumnElement[bool]:
        """The same for a statement over `import_run`."""
        return true() if self.everything else import_run.c.agency_id.is_not_distinct_from(self.agency_id)


def reach_of(by: Principal) -> Reach:
    """The runs that `by` may know of."""
    return Reach(reaches_all(by.roles, by.agency_id, "city.import", GRANTS), by.agency_id)


NARROW = frozenset({Role.EPIDEMIC})
"""Roles that bring only the kinds of files that a service contributed as theirs."""


def may_bring(by: Principal, kind: str) -> bool:
    """Whether this kind of file is theirs to bring."""
    held = by.roles & GRANTS["city.import"]
    return bool(held - NARROW or held & bringers(kind)) or not held


def check_kind(by: Principal, kind: str) -> None:
    """Raises Forbidden for a kind of file that is another office's."""
    if not may_bring(by, kind):
        raise Forbidden("city.import.kind.others", kind=kind[:40])


async def own(tx: Tx, by: Principal, run_id: UUID) -> None:
    """Note whose a new run is."""
    values = {"agency_id": by.agency_id, "made_by": by.actor}
    await tx.execute(import_run.update().where(import_run.c.id == run_id).values(**values))


async def within(tx: Tx, by: Principal, run_id: UUID) -> RowMapping:
    """The run. Raises NotFound also for one of another agency."""
    run = await runs.run_of(tx, run_id)
    if not reach_of(by).covers(run["agency_id"]):
        raise NotFound("city.import.run.unknown")
    return run
