"""The log for an auditor: lines, checkpoints and hashes that `docs/verify_audit.py` proves without dure.

`log.json` names the range, the city's key, the checkpoint over it, and the hashes of the subtrees left and right of
the range, so that a part is proven as the whole is. `lines.jsonl` holds the lines, `checkpoints.jsonl` the city's
signed word.
"""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text

from dure.engine.database import Tx
from dure.trust.audit import rotating, tree, verify
from dure.trust.audit.lines import FIELDS
from dure.trust.audit.note import Verifier, unchecked
from dure.trust.audit.walk import Sealed

FORMAT = "dure-audit-1"
_SPAN = text(
    "select min(s.seq) as first, max(s.seq) as last from audit a join audit_seal s on s.audit_id = a.id "
    "where (cast(:since as timestamptz) is null or a.at >= :since) "
    "and (cast(:until as timestamptz) is null or a.at < :until)"
)
_NOTES = text("select number, note from audit_checkpoint where number > :after order by number limit 1000")
_LAST = text("select note from audit_checkpoint order by number desc limit 1")
_CHAIN = text("select hash from audit_seal where seq = :seq")


async def span(tx: Tx, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """The lines of a time as (lines before them, last number); the whole log where no time is named."""
    if since is None and until is None:
        return 0, await tree.size(tx)
    row = await tx.row(_SPAN, {"since": since, "until": until})
    assert row is not None
    return (0, 0) if row["first"] is None else (row["first"] - 1, row["last"])


async def parts(tx: Tx, key: Verifier, begin: int, end: int) -> AsyncIterator[tuple[str, str]]:
    """Pieces of the export as (file, text to append). `end` is within the newest checkpoint (make one first)."""
    note = str(await tx.scalar(_LAST))
    total = unchecked(note).size
    chain = await tx.scalar(_CHAIN, {"seq": begin})
    head = {
        "format": FORMAT,
        "key": str(key),
        "keys": [row["note"] for row in await rotating.announced(tx)],
        "begin": begin,
        "end": end,
        "chain": bytes(chain).hex() if chain else "",
        "before": [one.hex() for one in await tree.span(tx, 0, begin)],
        "after": [one.hex() for one in await tree.span(tx, end, total)],
        "note": note,
    }
    yield "log.json", json.dumps(head, indent=1) + "\n"
    yield "lines.jsonl", ""
    async for chunk in verify.sealed(tx, begin, end):
        yield "lines.jsonl", "".join(json.dumps(told(one), ensure_ascii=False) + "\n" for one in chunk)
    after = 0
    while rows := await tx.rows(_NOTES, {"after": after}):
        yield (
            "checkpoints.jsonl",
            "".join(json.dumps({"number": row["number"], "note": row["note"]}) + "\n" for row in rows),
        )
        after = rows[-1]["number"]


def told(one: Sealed) -> dict[str, Any]:
    """A numbered line as JSON."""
    return {"seq": one.seq, "leaf": one.leaf.hex(), "hash": one.chain.hex(), "line": one.line and _plain(one.line)}


def _plain(line: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: _text(line[name]) for name in FIELDS}


def _text(value: object) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    return None if value is None else str(value)
