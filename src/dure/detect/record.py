"""What the core gives out becomes rows: alarms raised, re-opened and cleared, each once, however often it is told.

A condition that comes back within `CHATTER` of its clearing re-opens its alarm and counts, instead of making another
(IEC 62682, chattering alarms); one that a person has judged or whose incident has ended does not: that is a new alarm.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import RowMapping, text

from dure.city.devices import mark_fault
from dure.detect import events
from dure.detect.model import Absence, Cleared, ClockSkew, Condition, Judged, Raised, Rise, Rule
from dure.engine.database import Tx
from dure.kernel.clock import from_epoch
from dure.kernel.events import Event
from dure.kernel.ids import new_id

CHATTER: Final = timedelta(minutes=5)
_SAME: Final = timedelta(microseconds=2)
"""Onsets are Unix seconds as floats; a microsecond may be lost between them and the database."""
_json = msgspec.json.Encoder()
_LAST = text(
    "select a.* from (select distinct * from unnest("
    "cast(:rules as text[]), cast(:subjects as text[]), cast(:lates as boolean[])) as k (rule, subject, late)) k "
    "cross join lateral (select * from alarm where rule = k.rule and subject = k.subject and late = k.late "
    "order by (closed_at is null) desc, last_onset_at desc limit 1) a"
)
_INSERT = text(
    """
    insert into alarm (
        id, rule, rule_ko, rule_en, subject, device, group_id, members, category, lane, incident_type, severity,
        life_safety, stage, late, property, value, threshold, recent, onset_at, matured_at, raised_at, last_onset_at,
        last_raised_at, judged_at, judged_by, created_at, updated_at
    ) values (
        :id, :rule, :rule_ko, :rule_en, :subject, :device, :group_id, :members, :category, :lane, :incident_type,
        :severity, :life_safety, :stage, :late, :property, :value, :threshold, cast(:recent as jsonb), :onset_at,
        :matured_at, :raised_at, :onset_at, :raised_at, :judged_at, :judged_by, :now, :now
    ) on conflict do nothing returning *
    """
)
_REOPEN = text(
    """
    update alarm set cleared_at = null, closed_at = null, count = count + 1, last_onset_at = :onset_at,
        last_raised_at = :raised_at, stage = case when judged_at is null then :stage else 'confirmed' end,
        value = :value, recent = cast(:recent as jsonb), members = :members, version = version + 1, updated_at = :now
    where id = :id returning *
    """
)
_COUNT = text(
    "update alarm set count = count + 1, last_onset_at = :onset_at, last_raised_at = :raised_at, "
    "version = version + 1, updated_at = :now where id = :id returning *"
)
_CLEAR = text(
    """
    update alarm set cleared_at = greatest(:at, onset_at), closed_at = coalesce(closed_at, :now),
        stage = case stage when 'false' then 'false' else 'cleared' end, version = version + 1, updated_at = :now
    where rule = :rule and subject = :subject and late = :late and cleared_at is null and last_onset_at <= :onset_at
    returning *
    """
)

Key = tuple[str, str, bool]


async def record(tx: Tx, outcomes: Sequence[Judged], rules: Mapping[str, Rule]) -> None:
    """Write outcomes in order and emit their events. Those of rules that are no longer known are dropped."""
    raised = [outcome for outcome, _ in outcomes if isinstance(outcome, Raised) and outcome.rule in rules]
    last = await _last(tx, raised)
    told: list[Event] = []
    for outcome, at in outcomes:
        rule = rules.get(outcome.rule)
        if rule is None:
            continue
        if isinstance(outcome, Cleared):
            cleared = await _clear(tx, outcome)
            told += [events.alarm_event(events.CLEARED, row) for row in cleared]
            if rule.category == "fault":
                await mark(tx, rule, cleared, there=False)
            for row in cleared:
                last[row["rule"], row["subject"], row["late"]] = row
            continue
        key = (outcome.rule, outcome.subject, outcome.late)
        kind, written = await _raise(tx, outcome, rule, last.get(key), at)
        if written is not None:
            last[key] = written
            told.append(events.alarm_event(kind, written))
            if rule.category == "fault":
                await mark(tx, rule, [written], there=True)
    await tx.emit(*told)


async def mark(tx: Tx, rule: Rule, rows: Sequence[RowMapping], *, there: bool) -> None:
    """The city's devices say what is wrong with them."""
    ids = {name for row in rows for name in (row["device"], *row["members"]) if name is not None}
    if ids:
        await mark_fault(tx, sorted(ids), fault_of(rule), there=there)


def fault_of(rule: Rule) -> str:
    """The short name of the fault that a rule finds."""
    if isinstance(rule.pattern, ClockSkew):
        return "clock"
    if isinstance(rule.pattern, Absence):
        return "silent"
    return "battery" if "battery" in rule.properties else rule.id


async def _clear(tx: Tx, outcome: Cleared) -> list[RowMapping]:
    """End the open alarm that the outcome names; an older end than the newest onset changes nothing."""
    now = tx.now()
    onset = from_epoch(outcome.at if outcome.onset is None else outcome.onset) + _SAME
    rows = await tx.rows(
        _CLEAR,
        {
            "rule": outcome.rule,
            "subject": outcome.subject,
            "late": outcome.late,
            "at": min(from_epoch(outcome.at), now),
            "onset_at": onset,
            "now": now,
        },
    )
    return list(rows)


async def _last(tx: Tx, raised: Sequence[Raised]) -> dict[Key, RowMapping]:
    """The newest alarm of each rule and subject: the open one, else the last."""
    if not raised:
        return {}
    columns = {
        "rules": [one.rule for one in raised],
        "subjects": [one.subject for one in raised],
        "lates": [one.late for one in raised],
    }
    return {(row["rule"], row["subject"], row["late"]): row for row in await tx.rows(_LAST, columns)}


async def _raise(
    tx: Tx, one: Raised, rule: Rule, last: RowMapping | None, judged: datetime
) -> tuple[str, RowMapping | None]:
    values = _values(one, rule, tx.now()) | {"raised_at": judged}
    onset: datetime = values["onset_at"]
    if last is not None and onset <= last["last_onset_at"] + _SAME:
        return "", None  # told before
    if last is not None and last["closed_at"] is None:
        return events.CHANGED, await tx.row(_COUNT, values | {"id": last["id"]})
    if last is not None and not one.late and _chatters(last, tx.now()):
        return events.CHANGED, await tx.row(_REOPEN, values | {"id": last["id"]})
    return events.RAISED, await tx.row(_INSERT, values)


def _chatters(last: RowMapping, now: datetime) -> bool:
    if last["cleared_at"] is None or last["settled_at"] is not None or last["stage"] != "cleared":
        return False
    return bool(now - last["cleared_at"] <= CHATTER)


def _values(one: Raised, rule: Rule, now: datetime) -> dict[str, Any]:
    confirmed = rule.stage == "confirmed"
    return {
        "id": new_id(),
        "rule": rule.id,
        "rule_ko": rule.name_ko,
        "rule_en": rule.name_en,
        "subject": one.subject,
        "device": one.device,
        "group_id": one.group,
        "members": list(one.members),
        "category": rule.category,
        "lane": rule.lane,
        "incident_type": rule.incident,
        "severity": rule.severity.value,
        "life_safety": rule.life_safety,
        "stage": rule.stage,
        "late": one.late,
        "property": one.property,
        "value": None if one.value is None else float(one.value),
        "threshold": threshold(rule, one.property),
        "recent": _json.encode([(round(at, 3), value) for at, value in one.recent]).decode(),
        "onset_at": from_epoch(one.onset),
        "matured_at": from_epoch(one.at),
        "judged_at": now if confirmed else None,
        "judged_by": f"rule:{rule.id}" if confirmed else None,
        "now": now,
    }


def threshold(rule: Rule, prop: str | None) -> float | None:
    """The number that a reading of `prop` is held against, for the picture; None for yes and no, and for changes."""
    if isinstance(rule.pattern, Rise):
        return None
    return next((float(c.value) for c in rule.conditions if c.property == prop and _is_number(c)), None)


def _is_number(condition: Condition) -> bool:
    return not isinstance(condition.value, bool)
