"""What people and the incident room do with alarms. Every act is one transaction of the caller, with its audit line."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import RowMapping as Row
from sqlalchemy import text

from dure.detect import events
from dure.detect.views import COLUMNS, SHELF_WORDS, WORDS
from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.vault import texts

LONGEST_SHELF: Final = timedelta(days=30)
_ONE = text(f"select {COLUMNS} where a.id = :id")
_LOCKED = text("select * from alarm where id = :id for update")
_TOUCH: Final = "version = version + 1, updated_at = :now"
_OUTCOMES: Final = {"real": "confirmed", "false": "false", "drill": "cleared"}


async def get(tx: Tx, alarm_id: UUID) -> Row:
    """The alarm with its shelf. Raises NotFound."""
    row = await tx.row(_ONE, {"id": alarm_id})
    if row is None:
        raise NotFound("detect.alarm.unknown")
    return row


async def _taken(tx: Tx, alarm_id: UUID, expected: int | None) -> Row:
    row = await tx.row(_LOCKED, {"id": alarm_id})
    if row is None:
        raise NotFound("detect.alarm.unknown")
    check_version(expected, row["version"])
    return row


async def _changed(tx: Tx, alarm_id: UUID, kind: str, assignments: str, values: Mapping[str, Any]) -> Row:
    statement = text(f"update alarm set {assignments}, {_TOUCH} where id = :id returning *")
    row = await tx.row(statement, {"id": alarm_id, "now": tx.now(), **values})
    assert row is not None
    await events.tell(tx, kind, [row])
    return row


async def acknowledge(tx: Tx, who: Principal, alarm_id: UUID, expected: int | None = None) -> Row:
    """Somebody has seen it. A late alarm is history, so seeing it ends it. Again changes nothing."""
    row = await _taken(tx, alarm_id, expected)
    if row["acknowledged_at"] is not None:
        return row
    ends = row["late"] and row["closed_at"] is None and row["stage"] == "pre_alarm"
    more = ", stage = 'cleared', cleared_at = :now, closed_at = :now" if ends else ""
    assignments = f"acknowledged_at = :now, acknowledged_by = :by{more}"
    kind = events.CLEARED if ends else events.CHANGED
    await audit.record(tx, who, "alarm.acknowledge", "alarm", alarm_id)
    return await _changed(tx, alarm_id, kind, assignments, {"by": who.name})


async def judge(
    tx: Tx,
    who: Principal,
    alarm_id: UUID,
    verdict: Literal["confirmed", "false"],
    expected: int | None = None,
    *,
    reason: str | None = None,
    words: str | None = None,
) -> Row:
    """Somebody says that it is so, or that it is not (비화재보, 오경보): a false alarm is closed.

    `reason` is a code of `shapes.FalseReason` or `shapes.RealReason`, `words` what the person adds. Raises Conflict
    where an incident that held it has ended; the incident's outcome judged it.
    """
    row = await _taken(tx, alarm_id, expected)
    if row["settled_at"] is not None:
        raise Conflict("detect.alarm.settled")
    told = texts.opened_lines(tx, WORDS, {alarm_id: row["judged_words"]})[alarm_id]
    if row["stage"] == verdict and (reason is None or (row["judged_reason"], told) == (reason, words)):
        return row
    if row["closed_at"] is not None and verdict == "confirmed":
        raise Conflict("detect.alarm.over")
    closes = ", closed_at = coalesce(closed_at, :now)" if verdict == "false" else ""
    assignments = (
        "stage = :stage, judged_at = :now, judged_by = :by, judged_reason = :reason, judged_words = :words, "
        "acknowledged_at = coalesce(acknowledged_at, :now), "
        f"acknowledged_by = coalesce(acknowledged_by, :by){closes}"
    )
    action = "alarm.confirm" if verdict == "confirmed" else "alarm.false"
    await audit.record(tx, who, action, "alarm", alarm_id, purpose=reason)
    kept = await texts.sealed_line(tx, alarm_id, WORDS, words)
    values = {"stage": verdict, "by": who.name, "reason": reason, "words": kept}
    return await _changed(tx, alarm_id, events.CHANGED, assignments, values)


async def shelve(
    tx: Tx,
    who: Principal,
    alarm_id: UUID,
    until: datetime,
    reason: str,
    expected: int | None = None,
    *,
    words: str | None = None,
) -> Row:
    """Hide this rule's alarms of this subject until a time. Shelving again replaces it. `reason` is a code of
    `shapes.ShelfReason`; `words`, what the person adds, are sealed and stand in no log.

    Raises Forbidden for alarms about life and limb: those are never hidden. Raises Invalid for a time that is past or
    more than 30 days ahead.
    """
    row = await _taken(tx, alarm_id, expected)
    if row["life_safety"]:
        raise Forbidden("detect.shelf.life_safety", rule_ko=row["rule_ko"], rule_en=row["rule_en"])
    now = tx.now()
    if not now < until <= now + LONGEST_SHELF:
        raise Invalid("detect.shelf.until", fields=[FieldError("until", "detect.shelf.until")], days=LONGEST_SHELF.days)
    await _end_shelf(tx, row, who.name)
    id_ = new_id()
    await tx.execute(
        text(
            "insert into alarm_shelf (id, rule, subject, reason, words, until, shelved_at, shelved_by) "
            "values (:id, :rule, :subject, :reason, :words, :until, :now, :by)"
        ),
        {
            "id": id_,
            "words": await texts.sealed_line(tx, id_, SHELF_WORDS, words),
            "rule": row["rule"],
            "subject": row["subject"],
            "reason": reason,
            "until": until,
            "now": now,
            "by": who.name,
        },
    )
    await audit.record(tx, who, "alarm.shelve", "alarm", alarm_id, purpose=reason)
    return await _touched(tx, row)


async def unshelve(tx: Tx, who: Principal, alarm_id: UUID, expected: int | None = None) -> Row:
    """Show it again. Raises Conflict where it is not shelved."""
    row = await _taken(tx, alarm_id, expected)
    if not await _end_shelf(tx, row, who.name):
        raise Conflict("detect.shelf.none")
    await audit.record(tx, who, "alarm.unshelve", "alarm", alarm_id)
    return await _touched(tx, row)


async def end_expired_shelves(tx: Tx) -> int:
    """Show again what was shelved until now or before; how many shelves ended."""
    ended = await tx.rows(
        text(
            "update alarm_shelf set ended_at = :now, ended_by = 'time' where ended_at is null and until <= :now "
            "returning rule, subject"
        ),
        {"now": tx.now()},
    )
    for shelf in ended:
        rows = await tx.rows(
            text(
                f"update alarm set {_TOUCH} where rule = :rule and subject = :subject and closed_at is null returning *"
            ),
            {"now": tx.now(), "rule": shelf["rule"], "subject": shelf["subject"]},
        )
        await events.tell(tx, events.CHANGED, rows)
    return len(ended)


async def _end_shelf(tx: Tx, row: Row, by: str) -> bool:
    ended = await tx.execute(
        text(
            "update alarm_shelf set ended_at = :now, ended_by = :by "
            "where rule = :rule and subject = :subject and ended_at is null"
        ),
        {"now": tx.now(), "by": by, "rule": row["rule"], "subject": row["subject"]},
    )
    return ended.rowcount > 0


async def _touched(tx: Tx, row: Row) -> Row:
    touched = await tx.row(
        text(f"update alarm set {_TOUCH} where id = :id returning *"), {"id": row["id"], "now": tx.now()}
    )
    assert touched is not None
    await events.tell(tx, events.CHANGED, [touched])
    return touched


# For the incident room


async def attach(tx: Tx, alarm_ids: Sequence[UUID], incident_id: UUID | None) -> None:
    """These alarms belong to that incident now (None: to none). Those that do already stay as they are."""
    rows = await tx.rows(
        text(
            f"update alarm set incident_id = :incident, {_TOUCH} "
            "where id = any(:ids) and incident_id is distinct from :incident returning *"
        ),
        {"incident": incident_id, "ids": list(alarm_ids), "now": tx.now()},
    )
    await events.tell(tx, events.CHANGED, rows)


async def settle(tx: Tx, incident_id: UUID, outcome: Literal["real", "false", "drill"]) -> None:
    """The incident ended so: its alarms are judged by it and closed. A condition that comes back is a new alarm."""
    rows = await tx.rows(
        text(
            f"update alarm set stage = :stage, settled_at = :now, closed_at = coalesce(closed_at, :now), {_TOUCH} "
            "where incident_id = :incident and settled_at is null returning *"
        ),
        {"incident": incident_id, "stage": _OUTCOMES[outcome], "now": tx.now()},
    )
    await events.tell(tx, events.CHANGED, rows)


async def unsettle(tx: Tx, incident_id: UUID) -> None:
    """The incident was opened again: alarms whose condition never went stand again."""
    rows = await tx.rows(
        text(
            f"""
            update alarm a set settled_at = null, {_TOUCH},
                stage = case when cleared_at is null then 'confirmed' else stage end,
                closed_at = case when cleared_at is null and not exists (
                    select from alarm b
                    where b.rule = a.rule and b.subject = a.subject and b.late = a.late and b.closed_at is null
                ) then null else closed_at end
            where incident_id = :incident and settled_at is not null returning *
            """
        ),
        {"incident": incident_id, "now": tx.now()},
    )
    await events.tell(tx, events.CHANGED, rows)
