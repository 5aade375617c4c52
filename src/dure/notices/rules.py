"""The city's quiet hours and rates: dated, the city's own before the usual."""

from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import text

from dure.engine.database import Tx
from dure.notices.timing import USUAL, Rule
from dure.trust import audit
from dure.trust.principal import Principal

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
_ALL = text("select * from notice_rule order by begins")
_PUT = text(
    "insert into notice_rule (begins, quiet_from, quiet_until, per_number_hour, per_city_minute, source, set_by, "
    "set_at) values (:begins, :quiet_from, :quiet_until, :per_number_hour, :per_city_minute, :source, :by, :now) "
    "on conflict (begins) do update set quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until, "
    "per_number_hour = excluded.per_number_hour, per_city_minute = excluded.per_city_minute, "
    "source = excluded.source, set_by = excluded.set_by, set_at = excluded.set_at"
)


async def kept(tx: Tx) -> tuple[Rule, ...]:
    """All rules, the oldest first."""
    own = [
        Rule(
            row["begins"], row["quiet_from"], row["quiet_until"], row["per_number_hour"], row["per_city_minute"],
            row["source"],
        )
        for row in await tx.rows(_ALL)
    ]  # fmt: skip
    return (*(one for one in USUAL if all(one.begins != each.begins for each in own)), *own)


async def put(
    tx: Tx, principal: Principal, begins: date, quiet: tuple[time, time], rates: tuple[int, int], source: str
) -> None:
    """Set the rule from a day on: quiet hours, texts a number and hour, texts of the city a minute."""
    await audit.record(tx, principal, "notice.rule", "notice_rule", begins)
    await tx.execute(
        _PUT,
        {
            "begins": begins,
            "quiet_from": quiet[0],
            "quiet_until": quiet[1],
            "per_number_hour": rates[0],
            "per_city_minute": rates[1],
            "source": source,
            "by": principal.name,
            "now": tx.now(),
        },
    )


def shown(rule: Rule) -> dict[str, Any]:
    """A rule as the API shows it."""
    return {
        "begins": rule.begins,
        "quiet_from": rule.quiet_from.isoformat("minutes"),
        "quiet_until": rule.quiet_until.isoformat("minutes"),
        "per_number_hour": rule.per_number_hour,
        "per_city_minute": rule.per_city_minute,
        "source": rule.source,
    }
