"""Erasing by destroying the key: what it sealed is unreadable wherever copies of it lie.

Ordered in the caller's transaction (record and blind index go, a row of `destruction` stays), carried out once that has
committed: a line in the ledger, then the key.
What a crash kept from being carried out is carried out by the work process.
"""

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.kernel.ids import new_id
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.vault import ledger, reasons
from dure.trust.vault.records import Vault, of

log = logging.getLogger(__name__)
CODE = re.compile(r"[a-z0-9_.]{1,40}")
"""A reason that is a code (`pipa.36`, `retention`); any other is words."""


async def erase(tx: Tx, principal: Principal, person_id: UUID, reason: str) -> UUID:
    """Destroy a person: their record, those that were found to be the same person's, and every key of these. The id of
    the destruction. It cannot be undone. Raises NotFound.
    """
    kept = await tx.scalar(
        text("select coalesce(merged_into, id) from person where id = :id for update"), {"id": person_id}
    )
    if kept is None:
        raise NotFound("trust.person.unknown")
    found = await tx.rows(text("select id from person where id = :id or merged_into = :id for update"), {"id": kept})
    reason = reason if CODE.fullmatch(reason) else await reasons.sealed(tx, principal, reason)
    for row in found:
        await audit.record(tx, principal, "person.erase", "person", row["id"], purpose=reason, person_id=row["id"])
    await order(tx, of(tx), "person", [row["id"] for row in found], reason, principal.actor)
    made = await tx.scalar(_ID, {"kind": "person", "id": person_id})
    assert isinstance(made, UUID)
    return made


async def order(tx: Tx, vault: Vault, kind: str, ids: Sequence[UUID], reason: str, by: str) -> int:
    """Order the destruction of things' keys (of people also the records); how many there were."""
    gone = list(ids)
    if kind == "person":
        gone = [row["id"] for row in await tx.rows(_TAKE, {"ids": gone})]
    if not gone:
        return 0
    now = tx.now()
    await tx.execute(
        _ORDER,
        [{"id": new_id(), "kind": kind, "subject": one, "reason": reason, "by": by, "now": now} for one in gone],
    )

    def carry_out() -> None:
        try:
            destroy(vault, kind, gone, now)
        except Exception:
            log.exception("the destruction of %d keys waits for its next try", len(gone))

    tx.after_commit(carry_out)
    return len(gone)


def destroy(vault: Vault, kind: str, ids: Sequence[UUID], at: Any) -> None:
    """The line first: a key that is gone without one could come back with a copy of the keys. Blocking."""
    vault.ledger.add(kind, ids, at)
    vault.keys.destroy(kind, ids)


async def finish(tx: Tx, vault: Vault) -> int:
    """Carry out what was ordered and not carried out; how many were noted as done."""
    rows = await tx.rows(_WAITING)
    for row in rows:
        if not vault.keys.is_destroyed(row["kind"], row["subject_id"]):
            destroy(vault, row["kind"], [row["subject_id"]], row["ordered_at"])
        await tx.execute(_DONE, {"id": row["id"], "now": tx.now()})
    return len(rows)


async def replay(tx: Tx, vault: Vault, others: Sequence[Path] = ()) -> int:
    """Make what came back from a copy as gone as any ledger says (this city's, its copy, `others`, the database's own
    rows): keys, records, blind indexes. How many records went.

    Done when a backup is restored, before anything serves, and at each start.
    """
    known = {(row["kind"], row["subject_id"]) for row in await tx.rows(_KNOWN)}
    told = [*vault.ledger.lines(), *(line for path in others for line in ledger.read(path))]
    gone = known | {(line.kind, line.id) for line in told}
    for kind in {kind for kind, _ in gone}:
        destroy(vault, kind, [id_ for of_kind, id_ in gone if of_kind == kind], tx.now())
    missing = gone - known
    if missing:
        values = {"reason": "ledger", "by": "system", "now": tx.now()}
        await tx.execute(_ORDER, [{"id": new_id(), "kind": kind, "subject": id_, **values} for kind, id_ in missing])
    return len(await tx.rows(_TAKE, {"ids": [id_ for kind, id_ in gone if kind == "person"]}))


async def proof(tx: Tx, vault: Vault, kind: str, id_: UUID) -> dict[str, Any]:
    """What shows that something was destroyed: who ordered it when and why, the ledger's line, and whether key, record
    and blind index are gone now. Raises NotFound where no destruction was ordered.
    """
    row = await tx.row(_ORDERED, {"kind": kind, "id": id_})
    if row is None:
        raise NotFound("trust.person.not_erased")
    line = vault.ledger.of(kind, id_)
    return {
        "subject_id": id_,
        "ordered_at": row["ordered_at"],
        "ordered_by": row["by"],
        "ordered_by_name": row["by_name"],
        "reason": reasons.opened(tx, [row["reason"]])[0],
        "key_destroyed": vault.keys.is_destroyed(kind, id_),
        "records": row["records"],
        "index_rows": row["index_rows"],
        "ledger_seq": line.seq if line else None,
        "ledger_at": line.at if line else None,
        "ledger_hash": line.hash if line else None,
        "ledger_whole": vault.ledger.broken_at() is None,
    }


_TAKE = text("delete from person where id = any(:ids) returning id")
_ORDER = text(
    "insert into destruction (id, kind, subject_id, reason, by, ordered_at) "
    "values (:id, :kind, :subject, :reason, :by, :now) on conflict (kind, subject_id) do nothing"
)
_ID = text("select id from destruction where kind = :kind and subject_id = :id")
_WAITING = text(
    "select id, kind, subject_id, ordered_at from destruction where done_at is null "
    "order by ordered_at limit 1000 for update skip locked"
)
_DONE = text("update destruction set done_at = :now where id = :id")
_KNOWN = text("select kind, subject_id from destruction")
BY_NAME = (
    "(select a.actor_name from audit a where a.entity = d.kind and a.entity_id = d.subject_id::text "
    "and a.action = d.kind || '.erase' and a.actor = d.by limit 1)"
)
"""The desk's name of who ordered it, as the log has it; null where the city itself did."""
_ORDERED = text(
    f"select d.*, {BY_NAME} as by_name, (select count(*) from person p where p.id = d.subject_id) as records, "
    "(select count(*) from person_index i where i.person_id = d.subject_id) as index_rows "
    "from destruction d where d.kind = :kind and d.subject_id = :id"
)
