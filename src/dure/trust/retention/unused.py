"""Records of people that nothing refers to any more: noticed each night, destroyed a few days later.

PIPA 21(1) and the standard guideline (표준 개인정보 보호지침) article 10(1): within five days once they are not needed.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.trust import vault
from dure.trust.retention import registry
from dure.trust.retention.model import Kind, Mark, Rule, Thing, due_values
from dure.trust.retention.recording import ending

# What keeps a record beside the rooms: another that was found to be the same person's, an entry of the ledger that
# stands, a request that is being answered or whose answer can still be taken.
_KEPT_OTHERWISE = (
    "exists (select from person k where k.merged_into = p.id)",
    "exists (select from purpose k where k.person_id = p.id and k.withdrawn_at is null and k.until_at > :now)",
    (
        "exists (select from rights_request k where k.person_id = p.id "
        "and (k.state = 'open' or (k.open_until > :now and k.given_at is null)))"
    ),
)
_FORGET = text("delete from person_unused u where not exists (select from person p where p.id = u.person_id)")
_DUE = (
    "select u.person_id, u.since from person_unused u join person p on p.id = u.person_id "
    "where u.since < :before and not ({kept}) "
    "and (cast(:after_at as timestamptz) is null or (u.since, u.person_id::text) > (:after_at, :after_id)) "
    "order by u.since, u.person_id::text limit :most for update of p skip locked"
)


def _kept() -> str:
    """The condition under which the record `p` is needed. What is put in comes from the rooms, never from a user."""
    rooms = [f"p.id in (select {id_} from {table} where {id_} is not null)" for table, id_ in registry.references()]
    return " or ".join([*rooms, *_KEPT_OTHERWISE])


async def notice(tx: Tx) -> None:
    """Note whom nothing refers to since tonight, and forget who is referred to again."""
    now = {"now": tx.now()}
    kept = _kept()
    await tx.execute(_FORGET)
    await tx.execute(
        text(f"delete from person_unused u using person p where p.id = u.person_id and ({kept})"),
        now,
    )
    await tx.execute(
        text(
            f"insert into person_unused (person_id, since) select p.id, :now from person p where not ({kept}) "
            "on conflict do nothing"
        ),
        now,
    )


async def _find_due(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    statement = text(_DUE.format(kept=_kept()))
    return [
        Thing(str(row["person_id"]), row["since"], people=frozenset({str(row["person_id"])}))
        for row in await tx.rows(statement, {**due_values(before, after, most), "now": tx.now()})
    ]


async def _destroy(context: Context, tx: Tx, things: Sequence[Thing]) -> None:
    ids = [UUID(one.id) for one in things]
    await vault.at(context.settings.data).remove(tx, ids, "retention")
    await tx.execute(text("delete from person_unused where person_id = any(:ids)"), {"ids": ids})


KIND = Kind(
    "person",
    (Rule(date(2011, 9, 30), 3, "개인정보 보호법 제21조제1항, 표준 개인정보 보호지침 제10조제1항(5일 이내)"),),
    _find_due,
    _destroy,
    begins="trust.retention.begins.unused",
)


async def take_out(tx: Tx, ids: Sequence[UUID]) -> None:
    """Destroy those of these records that nothing needs and nothing holds, now, for a room that knows it has done with
    them; the others go or stay with the nightly job.
    """
    found = await tx.rows(
        text(f"select p.id from person p where p.id = any(:ids) and not ({_kept()})"),
        {"ids": list(ids), "now": tx.now()},
    )
    things = [Thing(str(row["id"]), tx.now(), people=frozenset({str(row["id"])})) for row in found]
    going = await ending(tx, KIND, things)
    if going:
        await vault.of(tx).remove(tx, [UUID(one.id) for one in going], "retention")
