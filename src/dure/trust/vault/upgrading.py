"""From the first form of the vault (one key for all, words of incidents as they were written) to a key for each, and
from the second (reasons of delegations, holds and reviews as they were written) to the third.

Runs in the work process of a city that was made before, some hundred rows a transaction, and says when it is done.
"""

from dataclasses import dataclass
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import text

from dure.engine.database import Database, Tx
from dure.trust.vault import reasons, texts
from dure.trust.vault.records import Vault

_MANY = 300
_WORDS = (
    ("incident", "id", "id", "description"),
    ("incident", "id", "id", "outcome_reason"),
    ("report", "id", "incident_id", "description"),
    ("handoff", "id", "incident_id", "note"),
    ("handoff", "id", "incident_id", "answer"),
    ("timeline", "seq", "incident_id", "text"),
)
_FORM = 3


@dataclass(frozen=True, slots=True)
class _Reasons:
    """A column with somebody's words: of which person they say something, and who wrote them, as SQL."""

    table: str
    column: str
    person: str = "null"
    writer: str = "null"
    where: str = "true"


_REASONS = (
    _Reasons("delegation", "reason", writer="from_account::text"),
    _Reasons("retention_hold", "reason", "case when scope = 'person' then target end", "created_by"),
    _Reasons("retention_hold", "released_why", "case when scope = 'person' then target end", "released_by"),
    _Reasons("glass", "review_note", "person_id::text", "reviewed_by::text"),
    _Reasons("purpose", "withdrawn_why", "person_id::text", where="withdrawn_by = 'desk'"),  # a person's is a code
    _Reasons(
        "audit_finding",
        "word",
        writer="(select a.actor from audit a where a.action = 'audit.review_judge' "
        "and a.entity_id = audit_finding.id::text order by a.at desc limit 1)",
    ),
)


async def upgrade(database: Database, vault: Vault) -> int:
    """Upgrade all that waits; how many rows there were. Again after a crash, it goes on where it was."""
    async with database.transaction() as tx:
        if await tx.scalar(text("select form from vault_state")) == _FORM:
            return 0
    done = 0
    for step in (_people, _links, _words, _reasons):
        while True:
            async with database.transaction() as tx:
                moved = await step(tx, vault)
            if not moved:
                break
            done += moved
    async with database.transaction() as tx:
        await tx.execute(text("update vault_state set form = :form"), {"form": _FORM})
    return done


async def _people(tx: Tx, vault: Vault) -> int:
    rows = await tx.rows(
        text("select id from person where substring(sealed from 1 for 1) = '\\x01' limit :many for update"),
        {"many": _MANY},
    )
    people = await vault.opened(tx, [row["id"] for row in rows])
    keys = vault.ensure("person", list(people))
    if people:
        await tx.execute(
            text("update person set sealed = :sealed where id = :id"),
            [{"id": id_, "sealed": vault.sealed(keys[id_], person)} for id_, person in people.items()],
        )
        await tx.execute(text("delete from person_index where person_id = any(:ids)"), {"ids": list(people)})
        await vault.index(tx, people)
    return len(people)


async def _links(tx: Tx, vault: Vault) -> int:
    """Devices of people in care go from the city's table into the vault."""
    rows = await tx.rows(
        text("delete from vault_link_waiting where person_id in "
             "(select person_id from vault_link_waiting limit :many) returning person_id, devices"),
        {"many": _MANY},
    )  # fmt: skip
    people = await vault.opened(tx, [row["person_id"] for row in rows])
    devices: dict[UUID, tuple[str, ...]] = {row["person_id"]: tuple(row["devices"]) for row in rows}
    await vault.put_all(tx, [(id_, replace(person, devices=devices[id_])) for id_, person in people.items()])
    return len(rows)


async def _words(tx: Tx, _vault: Vault) -> int:
    moved = 0
    for table, key, incident, column in _WORDS:
        rows = await tx.rows(
            text(
                f"select {key} as key, {incident} as incident_id, {column} as words from {table} "
                f"where substring({column} from 1 for 1) = '\\x00' limit :many for update"
            ),
            {"many": _MANY},
        )
        for row in rows:
            sealed = await texts.sealed_bytes(tx, row["incident_id"], f"{table}.{column}", bytes(row["words"])[1:])
            await tx.execute(
                text(f"update {table} set {column} = :sealed where {key} = :key"), {"key": row["key"], "sealed": sealed}
            )
        moved += len(rows)
    return moved


async def _reasons(tx: Tx, _vault: Vault) -> int:
    moved = 0
    for one in _REASONS:
        rows = await tx.rows(
            text(
                f"select id, {one.column} as words, {one.person} as person, {one.writer} as writer from {one.table} "
                f"where {one.column} <> '' and not starts_with({one.column}, :mark) and {one.where} "
                "order by id limit :many for update"
            ),
            {"mark": reasons.MARK, "many": _MANY},
        )
        for row in rows:
            said = await reasons.sealed_by(
                tx, _id(row["writer"]) or row["id"], row["words"], person_id=_id(row["person"])
            )
            await tx.execute(
                text(f"update {one.table} set {one.column} = :said where id = :id"), {"id": row["id"], "said": said}
            )
        moved += len(rows)
    return moved


def _id(told: str | None) -> UUID | None:
    """The id in `account:<uuid>`, a bare one, or none: a part of the city has none."""
    try:
        return UUID(told.rpartition(":")[2]) if told else None
    except ValueError:
        return None
