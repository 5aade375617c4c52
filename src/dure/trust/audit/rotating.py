"""Changing the key that signs the log: the new one is announced under the old one's signature, then takes over.

The new key lies on the disk before the announcement is committed, and takes its place after: whenever a crash comes,
the key that the database names is at hand. The old key stays as `audit.key.former`, so that a backup from before the
change can be signed on; it is destroyed by the next change, or at once where it may have leaked.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.trust.audit import checkpoints, keys
from dure.trust.audit.lines import record
from dure.trust.audit.note import Signer, unchecked
from dure.trust.audit.succession import Announcement
from dure.trust.principal import Principal

_ALL = text("select number, key, after, size, at, note from audit_key order by number")
_NEWEST = text("select key from audit_key order by number desc limit 1")
_KEEP = text(
    "insert into audit_key (number, key, after, size, at, note) "
    "select coalesce(max(number), 0) + 1, :key, :after, :size, :at, :note from audit_key"
)


async def announced(tx: Tx) -> Sequence[RowMapping]:
    """Every change of the key, the first one first: number, key, after, size, at, note."""
    return await tx.rows(_ALL)


async def signer(tx: Tx, data: Path) -> Signer:
    """The key that signs this log now. Where none of those at hand is the one that signed last, it is `audit.key`: the
    break shows in every verification. Raises Unavailable where a file is not fit to be used.
    """
    newest, last = await tx.scalar(_NEWEST), await checkpoints.latest(tx)
    name = str(newest).partition("+")[0] if newest else unchecked(last["note"]).origin if last else None
    return await asyncio.to_thread(keys.of_name, data, name)


async def rotate(tx: Tx, principal: Principal, data: Path) -> Announcement:
    """Announce a new key under a last checkpoint of the old one. Once this has committed, `keys.settle` puts the new
    one in its place; who signs next does that, too.
    """
    old = await signer(tx, data)
    new = await asyncio.to_thread(keys.prepared, data)
    await record(tx, principal, "audit.rotate", "audit_key", new.name)
    last = await checkpoints.make(tx, old)
    made = Announcement(old.verifier(), new.verifier(), last["number"], last["size"], last["at"])
    values = {"key": str(made.new), "after": made.after, "size": made.size, "at": made.at}
    await tx.execute(_KEEP, {**values, "note": made.signed(old, new)})
    return made
