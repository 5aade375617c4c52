"""The city's signed word each minute: how long the log is and what its root is.

Checkpoints are numbered, kept, published (`GET /audit/checkpoints`) and, where the city says so, written to a folder
that another office reads (`DURE_AUDIT_DROP`): one JSON line each, with the proof that it continues the one before; a
change of the key lies between them.
"""

import asyncio
import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import RowMapping, text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.trust.audit import tree
from dure.trust.audit.note import Checkpoint, Signer

EVERY_S = 60
_LOCK = text("select pg_advisory_xact_lock(hashtext('dure.audit.checkpoint'))")
_LAST = text("select number, size, at, note from audit_checkpoint order by number desc limit 1")
_KEEP = text("insert into audit_checkpoint (number, size, at, note) values (:number, :size, :at, :note)")
_AFTER = text("select number, size, at, note from audit_checkpoint where number > :after order by number limit :most")
_SIZE = text("select size from audit_checkpoint where number = :number")
_SINCE = text("select number, size, at, note from audit_checkpoint where number > :after order by number limit 10000")
_COVERING = text(
    "select number, size, at, note from audit_checkpoint where size >= :size order by size, number limit 1"
)


async def make(tx: Tx, signer: Signer) -> RowMapping:
    """Sign the log as it stands and keep it; also when nothing was added, so that its age tells that it lives."""
    await tx.execute(_LOCK)
    last = await latest(tx)
    total = await tree.size(tx)
    await tree.grow(tx, total)
    at = max(tx.now(), last["at"]) if last else tx.now()
    note = signer.signed(Checkpoint(signer.name, total, await tree.root(tx, total), at))
    await tx.execute(_KEEP, {"number": last["number"] + 1 if last else 1, "size": total, "at": at, "note": note})
    made = await latest(tx)
    assert made is not None
    return made


async def latest(tx: Tx) -> RowMapping | None:
    """The newest checkpoint: number, size, at, note."""
    return await tx.row(_LAST)


async def listing(tx: Tx, *, after: int, limit: int) -> Sequence[RowMapping]:
    """Checkpoints after a number, one more than `limit`."""
    return await tx.rows(_AFTER, {"after": after, "most": limit + 1})


async def covering(tx: Tx, size: int) -> RowMapping | None:
    """The first checkpoint that covers line `size`; None while it waits for its minute."""
    return await tx.row(_COVERING, {"size": size})


async def run(context: Context) -> None:
    """Each minute: sign, keep, and drop where the city says so."""
    from dure.trust.audit import rotating

    async with context.database.transaction() as tx:
        before = await latest(tx)
        await make(tx, await rotating.signer(tx, context.settings.data))
    told = os.environ.get("DURE_AUDIT_DROP")
    if not told:
        return
    folder = Path(told)
    dropped = await asyncio.to_thread(_dropped, folder)
    async with context.database.transaction() as tx:
        after = (before["number"] if before else 0) if dropped is None else dropped
        changes = [row for row in await rotating.announced(tx) if row["after"] >= after]
        first = await tx.scalar(_SIZE, {"number": after}) or 0
        for row in await tx.rows(_SINCE, {"after": after}):
            for change in [one for one in changes if one["after"] == row["number"] - 1]:
                await asyncio.to_thread(_drop, folder, change["at"], {"announced": change["note"]})
            proof = await tree.consistency(tx, first, row["size"]) if first else []
            line = {"number": row["number"], "note": row["note"], "first": first, "proof": [p.hex() for p in proof]}
            await asyncio.to_thread(_drop, folder, row["at"], line)
            first = row["size"]


def _dropped(folder: Path) -> int | None:
    """The number of the last checkpoint that lies in the folder; None where none does."""
    for file in sorted(folder.glob("*.jsonl"), reverse=True):
        numbers = [json.loads(row).get("number") for row in file.read_text(encoding="utf-8").splitlines()]
        found = [one for one in numbers if isinstance(one, int)]
        if found:
            return max(found)
    return None


def _drop(folder: Path, at: datetime, line: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{at:%Y-%m}.jsonl").open("a", encoding="utf-8") as out:
        out.write(json.dumps(line) + "\n")
        out.flush()
        os.fsync(out.fileno())
