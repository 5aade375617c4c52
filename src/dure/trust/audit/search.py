"""Searching the log: who saw what, when, of whom, with which camera, for which case, why, and how it ended."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import RowMapping, text

from dure.engine import paging
from dure.engine.database import Tx
from dure.trust import audit
from dure.trust.audit import checkpoints, tree
from dure.trust.principal import Principal
from dure.trust.purposes import cases
from dure.trust.vault import reasons

_READ = (
    "select s.seq, a.* from audit a join audit_seal s on s.audit_id = a.id where {} "
    "order by a.at desc, a.id desc limit :most"
)
_ONE = text("select s.seq, s.leaf, a.* from audit_seal s left join audit a on a.id = s.audit_id where s.seq = :seq")
_CONDITIONS = {
    "actor": "a.actor = :actor",
    "who": "starts_with(a.actor_name, :who)",
    "agency": "a.agency_id = :agency",
    "address": "a.address = :address",
    "action": "starts_with(a.action, :action)",
    "entity": "a.entity = :entity",
    "entity_id": "a.entity_id = :entity_id",
    "camera": "a.entity = 'camera' and a.entity_id = :camera",
    "person_id": "a.person_id = :person_id",
    "case": "(a.case_id = any(:case) or (a.entity = 'incident' and a.entity_id = any(:case)))",
    "purpose": f"(strpos(lower(a.purpose), lower(:purpose)) > 0 or strpos(a.purpose, '{reasons.MARK}') > 0)",
    "outcome": "a.outcome = :outcome",
    "since": "a.at >= :since",
    "until": "a.at < :until",
}
_BATCH = 500
"""Lines looked through at a time, where words that only the keys open are searched for."""
_Word = Annotated[str | None, Field(max_length=200)]


class Wanted(BaseModel):
    """What to read.

    Who: `actor` (`account:<id>`) or `who` (the beginning of the desk's name), `agency`, `address`. What: `action` (or
    its beginning), `entity` and `entity_id`, or `camera`. About whom: `person_id`. For which `case`, by number or id
    (also the lines of that incident itself, and of those that were merged into it). Why: words of the `purpose`. How it
    ended: `outcome`. When: `since`, `until`.
    """

    model_config = ConfigDict(extra="forbid")

    actor: _Word = None
    who: _Word = None
    agency: _Word = None
    address: _Word = None
    action: _Word = None
    entity: _Word = None
    entity_id: _Word = None
    camera: _Word = None
    person_id: UUID | None = None
    case: _Word = None
    purpose: _Word = None
    outcome: _Word = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    cursor: Annotated[str | None, Field(max_length=500)] = None
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = 100

    def filters(self) -> dict[str, Any]:
        """What was asked, without what was left out."""
        found = self.model_dump(exclude={"cursor", "limit"})
        return {name: value for name, value in found.items() if value is not None}


async def read(
    tx: Tx, principal: Principal, wanted: Wanted, *, after: tuple[datetime, UUID] | None
) -> Sequence[dict[str, Any]]:
    """Lines as people read them, the newest first, one more than the limit. The reading itself is a line of the same
    transaction; the words that it looks for stand there sealed.
    """
    filters = wanted.filters()
    asked = ", ".join(name if name == "purpose" else f"{name}={value}" for name, value in filters.items()) or "all"
    why = await reasons.sealed(tx, principal, wanted.purpose or "") or None
    if wanted.case is not None:
        filters["case"] = await cases.meant(tx, wanted.case)
    case = filters["case"][0] if "case" in filters else None
    await audit.record(tx, principal, "audit.read", "audit", asked, purpose=why, person_id=wanted.person_id, case=case)
    most, searched = wanted.limit + 1, (wanted.purpose or "").lower()
    found: list[dict[str, Any]] = []
    while True:
        rows = await _rows(tx, filters, after, _BATCH if searched else most)
        found += [one for one in readable(tx, rows) if searched in (one["purpose"] or "").lower()]
        if len(found) >= most or not searched or len(rows) < _BATCH:
            return await _named(tx, found[:most])
        after = (rows[-1]["at"], rows[-1]["id"])


async def _rows(
    tx: Tx, filters: dict[str, Any], after: tuple[datetime, UUID] | None, most: int
) -> Sequence[RowMapping]:
    conditions = [_CONDITIONS[name] for name in filters]
    values: dict[str, Any] = {**filters, "most": most}
    if after is not None:
        conditions.append("(a.at, a.id) < (:after_at, :after_id)")
        values.update(after_at=after[0], after_id=after[1])
    return await tx.rows(text(_READ.format(" and ".join(conditions) or "true")), values)


def readable(tx: Tx, rows: Sequence[RowMapping]) -> list[dict[str, Any]]:
    """The lines with sealed words opened; what the log itself holds is then their `purpose_kept`."""
    said = reasons.opened(tx, [row["purpose"] for row in rows])
    return [
        {**row, "purpose": why, "purpose_kept": row["purpose"] if reasons.MARK in (row["purpose"] or "") else None}
        for row, why in zip(rows, said, strict=True)
    ]


async def _named(tx: Tx, found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """With the numbers that people know cases by; of the thing, too, where that is a case."""
    ids = {str(one[name]) for one in found for name in ("case_id", "entity_id") if one[name] is not None}
    known = await cases.named(tx, ids)
    return [{**one, **_numbers(one, known)} for one in found]


def _numbers(one: Mapping[str, Any], known: Mapping[str, cases.Named]) -> dict[str, str | None]:
    case, thing = known.get(str(one["case_id"])), known.get(str(one["entity_id"]))
    return {
        "case_kind": case.kind if case else None,
        "case_no": case.number if case else None,
        "entity_no": thing.number if thing and thing.kind == one["entity"] else None,
    }


async def line(tx: Tx, principal: Principal, seq: int) -> dict[str, Any] | None:
    """One line with its proof: leaf, the checkpoint that covers it (None while it waits for its minute), the path to
    that checkpoint's root. None where no such line was ever written. The reading is a line, too.
    """
    row = await tx.row(_ONE, {"seq": seq})
    if row is None:
        return None
    await audit.record(tx, principal, "audit.read", "audit", f"line={seq}", person_id=row["person_id"])
    covering = await checkpoints.covering(tx, seq)
    return {
        "seq": seq,
        "leaf": bytes(row["leaf"]).hex(),
        "line": None if row["id"] is None else (await _named(tx, readable(tx, [row])))[0],
        "checkpoint": covering,
        "proof": [one.hex() for one in await tree.inclusion(tx, seq - 1, covering["size"])] if covering else [],
    }
