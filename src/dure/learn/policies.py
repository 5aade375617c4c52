"""The review policy: read for a day, and set from a day on. What was in force stays in the table."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.errors import FieldError, Invalid
from dure.learn.rules import Policy, Rule
from dure.trust import audit
from dure.trust.principal import Principal

_ON = text("select * from review_policy where from_day <= :day order by from_day desc limit 1")
_ALL = text("select * from review_policy order by from_day desc limit 200")
_SET = text(
    "insert into review_policy (from_day, rules, pass_score, source, set_by, set_at) "
    "values (:day, cast(:rules as jsonb), :score, :source, :by, :now) on conflict (from_day) do update set "
    "rules = excluded.rules, pass_score = excluded.pass_score, source = excluded.source, set_by = excluded.set_by, "
    "set_at = excluded.set_at"
)
_NONE = Policy(date.min, (), 70, "")


def today(tx: Tx) -> date:
    """The day in the city."""
    return tx.now().astimezone(ZoneInfo(city_zone())).date()


async def on(tx: Tx, day: date) -> Policy:
    """The list in force on a day; before the first one no closing needs a review."""
    row = await tx.row(_ON, {"day": day})
    return _NONE if row is None else policy(row)


async def listed(tx: Tx) -> Sequence[RowMapping]:
    """Every list that there ever was or will be, the latest first."""
    return await tx.rows(_ALL)


def policy(row: RowMapping) -> Policy:
    """A row as the rules need it."""
    rules = msgspec.convert(row["rules"], list[Rule])
    return Policy(row["from_day"], tuple(rules), row["pass_score"], row["source"])


async def put(tx: Tx, who: Principal, wanted: Policy) -> None:
    """Put a list in force from a day on. Raises Invalid for a day that is over: what was decided was decided by the
    list of its day.
    """
    if wanted.from_day < today(tx):
        raise Invalid("learn.policy.past", fields=[FieldError("from_day", "learn.policy.past")])
    values = {
        "day": wanted.from_day,
        "rules": msgspec.json.encode(list(wanted.rules)).decode(),
        "score": wanted.pass_score,
        "source": wanted.source,
        "by": who.name,
        "now": tx.now(),
    }
    await tx.execute(_SET, values)
    await audit.record(tx, who, "review.configure", "review_policy", wanted.from_day.isoformat())
