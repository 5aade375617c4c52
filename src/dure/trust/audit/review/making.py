"""Making a month's review, and people's words on it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import RowMapping, text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.trust.audit.lines import record
from dure.trust.audit.review import owing, tables
from dure.trust.audit.review.owing import next_month
from dure.trust.audit.review.rules import Known, Line, Review
from dure.trust.principal import Principal, system
from dure.trust.vault import reasons

EVERY_S = 3_600
_CHUNK = 2_000
_LINES = text(
    "select s.seq, a.at, a.id, a.actor, a.actor_name, a.address, a.action, a.person_id, a.case_id, a.outcome "
    "from audit a join audit_seal s on s.audit_id = a.id where a.at >= :since and a.at < :until "
    "and (cast(:after_at as timestamptz) is null or (a.at, a.id) > (:after_at, :after_id)) "
    "order by a.at, a.id limit :most"
)
_ROLES = text("select account_id, array_agg(role) as roles from grant_role group by 1")
_DUTIES = text(
    "select account_id, starts_at, coalesce(least(ends_at, cancelled_at), ends_at) as ends_at from duty "
    "where ends_at > :since and starts_at < :until"
)
_LEFT = text("select id, left_at from account where left_at is not null")
_OWN = text(
    "select account_id, person_id from audit_own union select account_id, person_id from citizen_account "
    "where account_id not in (select account_id from audit_own)"
)
_KIN = text(
    "select distinct m.person_id as own, o.person_id as other from person_index m "
    "join person_index o on o.field = m.field and o.digest = m.digest and o.person_id <> m.person_id "
    "where m.person_id = any(:own) and m.field in ('phone', 'second_phone', 'device')"
)
_PRESENT = text("select id from audit_review where month = :month")
_ADD = text(
    "insert into audit_review (id, month, due_on, made_at, rules, lines, actors) "
    "values (:id, :month, :due, :now, :rules, :lines, :actors)"
)
_FIND = text(
    "insert into audit_finding (id, review_id, rule, actor, actor_name, first_at, last_at, count, facts) values "
    "(:id, :review, :rule, :actor, :actor_name, :first_at, :last_at, :count, cast(:facts as jsonb))"
)
_JUDGE = text(
    "update audit_finding set verdict = :verdict, word = :word, judged_by = :who, judged_at = :now where id = :id"
)
_FINDING = text(
    "select f.*, r.closed_at from audit_finding f join audit_review r on r.id = f.review_id where f.id = :id for update"
)
_OPEN = text("select count(*) from audit_finding where review_id = :id and verdict is null")
_CLOSE = text("update audit_review set closed_at = :now, closed_by = :who where id = :id and closed_at is null")
_REVIEW = text(
    "select r.*, (select count(*) from audit_finding f where f.review_id = r.id) as findings, "
    "(select count(*) from audit_finding f where f.review_id = r.id and f.verdict is null) as waiting "
    "from audit_review r where cast(:id as uuid) is null or r.id = :id order by r.month desc limit 60"
)
_FINDINGS = text("select * from audit_finding where review_id = :id order by rule, count desc, actor, id")
_SET_OWN = text(
    "insert into audit_own (account_id, person_id) values (:account, :person) "
    "on conflict (account_id) do update set person_id = :person"
)
_OWN_OF = text("select person_id from audit_own where account_id = :account")
_DROP_OWN = text("delete from audit_own where account_id = :account")


def month_before(today: date) -> date:
    """The first day of the month before `today`'s."""
    return (today.replace(day=1) - timedelta(days=1)).replace(day=1)


async def make(tx: Tx, principal: Principal, month: date, zone: ZoneInfo) -> UUID:
    """Review a month that is over, once. Raises Invalid for one that is not over, Conflict for one that was made."""
    after = next_month(month)
    if month.day != 1 or tx.now().astimezone(zone).date() < after:
        raise Invalid("trust.audit.month_running", fields=[FieldError("month", "trust.audit.month_running")])
    if await tx.row(_PRESENT, {"month": month}) is not None:
        raise Conflict("trust.audit.review_made")
    since, until = (datetime(day.year, day.month, 1, tzinfo=zone) for day in (month, after))
    table = tables.for_month(month)
    review = Review(table, await known(tx, since, until), zone)
    await _fed(tx, review, since, until)
    id_ = new_id()
    values = {"id": id_, "month": month, "due": after.replace(day=table.due_day), "now": tx.now()}
    await tx.execute(
        _ADD, {**values, "rules": table.since.isoformat(), "lines": review.lines, "actors": len(review.actors)}
    )
    rows = [
        {**asdict(one), "id": new_id(), "review": id_, "facts": msgspec.json.encode(one.facts()).decode()}
        for one in review.findings()
    ]
    if rows:
        await tx.execute(_FIND, [{k: v for k, v in row.items() if k not in {"lines", "most"}} for row in rows])
    await record(tx, principal, "audit.review_make", "audit_review", id_, purpose=f"{month:%Y-%m}")
    return id_


async def _fed(tx: Tx, review: Review, since: datetime, until: datetime) -> None:
    values: dict[str, Any] = {"since": since, "until": until, "after_at": None, "after_id": None, "most": _CHUNK}
    while rows := await tx.rows(_LINES, values):
        review.feed(
            Line(
                row["seq"], row["at"], row["actor"], row["actor_name"], row["address"], row["action"],
                row["person_id"], row["case_id"], row["outcome"],
            )
            for row in rows
        )  # fmt: skip
        values.update(after_at=rows[-1]["at"], after_id=rows[-1]["id"])


async def known(tx: Tx, since: datetime, until: datetime) -> Known:
    """What the rules may know of the accounts in that time. People by id and blind index only; nothing is opened."""

    def actor(id_: UUID) -> str:
        return f"account:{id_}"

    duties: defaultdict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in await tx.rows(_DUTIES, {"since": since, "until": until}):
        duties[actor(row["account_id"])].append((row["starts_at"], row["ends_at"]))
    own = {actor(row["account_id"]): row["person_id"] for row in await tx.rows(_OWN)}
    kin: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for row in await tx.rows(_KIN, {"own": list(own.values())}):
        kin[row["own"]].add(row["other"])
    return Known(
        roles={actor(row["account_id"]): frozenset(row["roles"]) for row in await tx.rows(_ROLES)},
        duties=duties,
        own=own,
        kin={who: frozenset(kin[person]) for who, person in own.items()},
        left={actor(row["id"]): row["left_at"] for row in await tx.rows(_LEFT)},
    )


async def run(context: Context) -> None:
    """Each hour: make the reviews of past months that are not there yet, the oldest first; also of those that went by
    while the city was off.
    """
    zone = ZoneInfo(context.settings.city_zone)
    async with context.database.transaction() as tx:
        first, made = await owing.standing(tx, context.settings.city_zone)
        months = owing.unmade(first, made, tx.now().astimezone(zone).date())
    for month in months:
        async with context.database.transaction() as tx:
            if await tx.row(_PRESENT, {"month": month}) is None:
                await make(tx, system("audit review"), month, zone)


# --- people's words ---


async def judge(tx: Tx, principal: Principal, finding_id: UUID, verdict: str, word: str) -> UUID:
    """A reviewer's word on a finding; the review's id. Raises NotFound, Forbidden (one's own), Conflict (closed)."""
    row = await tx.row(_FINDING, {"id": finding_id})
    if row is None:
        raise NotFound("trust.audit.finding_unknown")
    if row["actor"] == principal.actor:
        raise Forbidden("trust.audit.finding_own")
    if row["closed_at"] is not None:
        raise Conflict("trust.audit.review_closed")
    kept = await reasons.sealed(tx, principal, word)
    values = {"id": finding_id, "verdict": verdict, "word": kept, "who": principal.name, "now": tx.now()}
    await tx.execute(_JUDGE, values)
    told = await reasons.sealed(tx, principal, word, code=verdict)
    await record(tx, principal, "audit.review_judge", "audit_finding", finding_id, purpose=told)
    review_id: UUID = row["review_id"]
    return review_id


async def close(tx: Tx, principal: Principal, review_id: UUID) -> None:
    """End a review once every finding has a word. Raises NotFound, Conflict."""
    await one(tx, review_id)
    if await tx.scalar(_OPEN, {"id": review_id}):
        raise Conflict("trust.audit.findings_wait")
    if (await tx.execute(_CLOSE, {"id": review_id, "who": principal.name, "now": tx.now()})).rowcount == 0:
        raise Conflict("trust.audit.review_closed")
    await record(tx, principal, "audit.review_close", "audit_review", review_id)


async def listing(tx: Tx) -> Sequence[RowMapping]:
    """Every review of the last five years, the newest first, with how many findings wait for a word."""
    return await tx.rows(_REVIEW, {"id": None})


async def one(tx: Tx, review_id: UUID) -> RowMapping:
    """A review. Raises NotFound."""
    row = await tx.row(_REVIEW, {"id": review_id})
    if row is None:
        raise NotFound("trust.audit.review_unknown")
    return row


async def findings(tx: Tx, review_id: UUID) -> list[dict[str, Any]]:
    """A review's findings, with reviewers' words as people read them."""
    return reasons.opened_in(tx, await tx.rows(_FINDINGS, {"id": review_id}), "word")


async def own(tx: Tx, account_id: UUID) -> UUID | None:
    """The person that somebody said an account is."""
    found = await tx.scalar(_OWN_OF, {"account": account_id})
    return found if isinstance(found, UUID) else None


async def set_own(tx: Tx, principal: Principal, account_id: UUID, person_id: UUID | None) -> None:
    """Say which person of the vault an account is, so that a look at one's own or a relative's record is found.

    Raises Forbidden for one's own account: who looked could else hide it.
    """
    if account_id == principal.account_id:
        raise Forbidden("trust.audit.own_self")
    if person_id is None:
        await tx.execute(_DROP_OWN, {"account": account_id})
    else:
        await tx.execute(_SET_OWN, {"account": account_id, "person": person_id})
    await record(tx, principal, "audit.own_person", "account", account_id, person_id=person_id)
