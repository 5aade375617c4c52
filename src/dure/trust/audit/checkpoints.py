"""The city's signed word each minute: how long the log is and what its root is.

Checkpoints are numbered, kept, published (`GET /audit/checkpoints`) and, where the city says so, written to a folder
that another office reads (`DURE_AUDIT_DROP`): one JSON line each, with the proof that it continues the one before.
"""

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import RowMapping, text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.trust.audit import keys, tree
from dure.trust.audit.note import Checkpoint, Signer

EVERY_S = 60
_LOCK = text("select pg_advisory_xact_lock(hashtext('dure.audit.checkpoint'))")
_LAST = text("select number, size, at, note from audit_checkpoint order by number desc limit 1")
_KEEP = text("insert into audit_checkpoint (number, size, at, note) values (:number, :size, :at, :note)")
_AFTER = text("select number, size, at, note from audit_checkpoint where number > :after order by number limit :most")
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
    signer = await asyncio.to_thread(keys.signer, context.settings.data)
    async with context.database.transaction() as tx:
        before = await latest(tx)
        made = await make(tx, signer)
        first = before["size"] if before else 0
        proof = await tree.consistency(tx, first, made["size"]) if first else []
    folder = os.environ.get("DURE_AUDIT_DROP")
    if folder:
        dropped = {
            "number": made["number"],
            "note": made["note"],
            "first": first,
            "proof": [one.hex() for one in proof],
        }
        await asyncio.to_thread(_drop, Path(folder), f"{made['at']:%Y-%m}.jsonl", json.dumps(dropped))


def _drop(folder: Path, name: str, line: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("a", encoding="utf-8") as out:
        out.write(line + "\n")
        out.flush()
        os.fsync(out.fileno())
