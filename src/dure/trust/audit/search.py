"""Reading the audit log."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import RowMapping, text

from dure.engine import paging
from dure.engine.database import Tx
from dure.trust import audit
from dure.trust.principal import Principal

_READ = text(
    """
    select s.seq, a.* from audit_seal s join audit a on a.id = s.audit_id
    where (cast(:before as bigint) is null or s.seq < :before)
      and (cast(:actor as text) is null or a.actor = :actor)
      and (cast(:action as text) is null or starts_with(a.action, :action))
      and (cast(:entity as text) is null or a.entity = :entity)
      and (cast(:entity_id as text) is null or a.entity_id = :entity_id)
      and (cast(:person_id as uuid) is null or a.person_id = :person_id)
      and (cast(:outcome as text) is null or a.outcome = :outcome)
      and (cast(:since as timestamptz) is null or a.at >= :since)
      and (cast(:until as timestamptz) is null or a.at < :until)
    order by s.seq desc limit :most
    """
)

_Word = Annotated[str | None, Field(max_length=200)]


class Wanted(BaseModel):
    """What to read: who (`account:<id>`), what (the action or its beginning), to what, about whom, how it ended,
    when.
    """

    model_config = ConfigDict(extra="forbid")

    actor: _Word = None
    action: _Word = None
    entity: _Word = None
    entity_id: _Word = None
    person_id: UUID | None = None
    outcome: _Word = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    cursor: Annotated[str | None, Field(max_length=500)] = None
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = 100


async def read(tx: Tx, principal: Principal, wanted: Wanted, *, before: int | None) -> Sequence[RowMapping]:
    """Lines, the newest first, one more than the limit. The reading itself is a line of the same transaction."""
    filters = wanted.model_dump(exclude={"cursor", "limit"})
    asked = ", ".join(f"{name}={value}" for name, value in filters.items() if value is not None)
    await audit.record(tx, principal, "audit.read", "audit", asked or "all", person_id=wanted.person_id)
    return await tx.rows(_READ, {**filters, "before": before, "most": wanted.limit + 1})
