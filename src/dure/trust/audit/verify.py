"""The walk (walk.py) over the log in the database."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.trust.audit import rotating
from dure.trust.audit.note import Verifier
from dure.trust.audit.walk import Fault, Sealed, Verdict, Walk

_CHUNK = 2_000
_LINES = text(
    "select s.seq, s.leaf, s.hash, a.* from audit_seal s left join audit a on a.id = s.audit_id "
    "where s.seq > :after and s.seq <= :upto order by s.seq limit :chunk"
)
_UNSEALED = text("select exists (select from audit a where not exists (select from audit_seal where audit_id = a.id))")
_NOTES = text("select number, note from audit_checkpoint order by number")
_KEPT = text("select level, position, hash from audit_node")
_END = text("select coalesce(max(seq), 0) from audit_seal")


async def sealed(tx: Tx, after: int, upto: int) -> AsyncIterator[Sequence[Sealed]]:
    """The numbered lines after one, up to another, in chunks."""
    while after < upto:
        rows = await tx.rows(_LINES, {"after": after, "upto": upto, "chunk": _CHUNK})
        if not rows:
            return
        yield [_sealed(row) for row in rows]
        after = rows[-1]["seq"]


def _sealed(row: RowMapping) -> Sealed:
    return Sealed(row["seq"], bytes(row["leaf"]), bytes(row["hash"]), None if row["id"] is None else row)


async def verify(tx: Tx, key: Verifier, witnessed: Sequence[str] = ()) -> Verdict:
    """Walk every line, every kept subtree, every checkpoint, and the notes that a witness has kept."""
    notes = [(row["number"], row["note"]) for row in await tx.rows(_NOTES)]
    kept = {(row["level"], row["position"]): bytes(row["hash"]) for row in await tx.rows(_KEPT)}
    announced = [str(row["note"]) for row in await rotating.announced(tx)]
    walk = Walk(key, notes, witnessed, kept, announced)
    unsealed = bool(await tx.scalar(_UNSEALED))
    async for chunk in sealed(tx, 0, int(await tx.scalar(_END))):
        if not walk.feed(chunk):
            break
    found = walk.verdict()
    if found.whole and unsealed:
        return Verdict(
            found.lines, found.signed, found.destroyed, found.checkpoints, found.witnessed,
            Fault("unsealed", found.lines + 1), found.root,
        )  # fmt: skip
    return found


def told(found: Verdict) -> dict[str, Any]:
    """A verdict for machines: what `dure audit verify --json` prints."""
    fault = found.fault
    return {
        "ok": found.whole,
        "lines": found.lines,
        "broken_at": fault.seq if fault else None,
        "broken_upto": fault.upto if fault else None,
        "reason": fault.kind if fault else None,
        "checkpoint": fault.number if fault else None,
        "signed": found.signed,
        "checkpoints": found.checkpoints,
        "destroyed": found.destroyed,
        "witnessed": found.witnessed,
        "root": found.root.hex(),
    }


def witnessed_notes(file_text: str) -> list[str]:
    """The checkpoints that a witness has kept, out of its `seen.jsonl`. Raises ValueError."""
    return [str(json.loads(line)["note"]) for line in file_text.splitlines() if line.strip()]
