"""How the log is: its size, the age of the city's last word, and who else has seen it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, FieldError, Invalid, NotFound
from dure.trust.audit import checkpoints, tree
from dure.trust.audit.lines import record
from dure.trust.audit.note import COSIGNATURE, BadNote, Verifier, unchecked, verifier
from dure.trust.principal import Principal

STALE = timedelta(minutes=3)
_DESTROYED = text("select count(*) from audit_seal where audit_id is null")
_OLDEST = text("select min(at) from audit")
_WITNESSES = text("select name, key, added_at, size, seen_at from audit_witness order by name")
_ADD = text("insert into audit_witness (name, key, added_at) values (:name, :key, :now) on conflict do nothing")
_DROP = text("delete from audit_witness where name = :name")
_SEEN = text(
    "update audit_witness set size = :size, seen_at = :at, cosignature = :note "
    "where name = :name and (size is null or size <= :size) and (seen_at is null or seen_at <= :at)"
)


async def health(tx: Tx, key: Verifier) -> dict[str, Any]:
    """What the screen of the log's health shows."""
    lines = await tree.size(tx)
    last = await checkpoints.latest(tx)
    destroyed = int(await tx.scalar(_DESTROYED))
    age = tx.now() - last["at"] if last else None
    return {
        "lines": lines,
        "kept": lines - destroyed,
        "destroyed": destroyed,
        "unsigned": lines - (last["size"] if last else 0),
        "oldest_at": await tx.scalar(_OLDEST),
        "key": str(key),
        "checkpoint": last,
        "age_s": age.total_seconds() if age is not None else None,
        "stale": age is None or age > STALE,
        "witnesses": await witnesses(tx),
        "as_of": tx.now(),
    }


async def witnesses(tx: Tx) -> Sequence[RowMapping]:
    """Every witness by name."""
    return await tx.rows(_WITNESSES)


async def add_witness(tx: Tx, principal: Principal, told: str) -> None:
    """Know a witness by its public key. Raises Invalid for what is no witness's key, Conflict for a name taken."""
    try:
        key = verifier(told)
    except BadNote:
        key = None
    if key is None or key.kind != COSIGNATURE:
        raise Invalid("trust.audit.witness_key", fields=[FieldError("key", "trust.audit.witness_key")])
    await record(tx, principal, "audit.witness_add", "audit_witness", key.name)
    if (await tx.execute(_ADD, {"name": key.name, "key": str(key), "now": tx.now()})).rowcount == 0:
        raise Conflict("trust.audit.witness_taken", name=key.name)


async def drop_witness(tx: Tx, principal: Principal, name: str) -> None:
    """Know a witness no more. Raises NotFound."""
    await record(tx, principal, "audit.witness_drop", "audit_witness", name)
    if (await tx.execute(_DROP, {"name": name})).rowcount == 0:
        raise NotFound("trust.audit.witness_unknown", name=name)


async def cosigned(tx: Tx, city: Verifier, note: str) -> Sequence[RowMapping]:
    """Keep what a known witness says it saw. The signatures alone decide: nobody need be signed in.

    Raises Invalid where the checkpoint is not the city's or no known witness signed it.
    """
    found = None
    try:
        city.opened(note)
        for row in await witnesses(tx):
            at = verifier(row["key"]).cosigned_at(note)
            if at is not None:
                values = {"size": unchecked(note).size, "at": min(at, tx.now()), "note": note, "name": row["name"]}
                await tx.execute(_SEEN, values)
                found = row
    except BadNote:
        found = None
    if found is None:
        raise Invalid("trust.audit.cosignature", fields=[FieldError("note", "trust.audit.cosignature")])
    return await witnesses(tx)
