"""From the first form of the vault (one key for all, words of incidents as they were written) to a key for each.

Runs in the work process of a city that was made before, some hundred rows a transaction, and says when it is done.
"""

from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import text

from dure.engine.database import Database, Tx
from dure.trust.vault import texts
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


async def upgrade(database: Database, vault: Vault) -> int:
    """Upgrade all that waits; how many rows there were. Again after a crash, it goes on where it was."""
    async with database.transaction() as tx:
        if await tx.scalar(text("select form from vault_state")) != 1:
            return 0
    done = 0
    for step in (_people, _links, _words):
        while True:
            async with database.transaction() as tx:
                moved = await step(tx, vault)
            if not moved:
                break
            done += moved
    async with database.transaction() as tx:
        await tx.execute(text("update vault_state set form = 2"))
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


async def _words(tx: Tx, vault: Vault) -> int:
    moved = 0
    for table, key, incident, column in _WORDS:
        rows = await tx.rows(
            text(
                f"select {key} as key, {incident} as incident_id, {column} as words from {table} "
                f"where substring({column} from 1 for 1) = '\\x00' limit :many for update"
            ),
            {"many": _MANY},
        )
        vault.ensure(texts.KIND, {row["incident_id"] for row in rows})
        for row in rows:
            sealed = await texts.sealed_bytes(tx, row["incident_id"], f"{table}.{column}", bytes(row["words"])[1:])
            await tx.execute(
                text(f"update {table} set {column} = :sealed where {key} = :key"), {"key": row["key"], "sealed": sealed}
            )
        moved += len(rows)
    return moved
