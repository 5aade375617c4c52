"""Alarms over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import AwareDatetime

from dure.detect import alarms, shapes
from dure.detect.listing import listed, summary
from dure.detect.views import shown
from dure.engine import paging
from dure.engine.paging import Cursor, Limit
from dure.engine.web import ExpectedVersion, Router, TxDep, tag
from dure.kernel.errors import FieldError, Invalid
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(prefix="/alarms", tags=["detect"])
Reads = Annotated[Principal, Depends(require("alarm.read"))]
Handles = Annotated[Principal, Depends(require("alarm.handle"))]
Word = Annotated[str | None, Query(min_length=1, max_length=200)]


@router.get("", response_model=shapes.Alarms)
async def list_alarms(
    tx: TxDep,
    _by: Reads,
    stage: shapes.Stage | None = None,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    late: bool | None = None,
    shelved: bool | None = None,
    severity: shapes.SeverityName | None = None,
    category: Literal["event", "fault"] | None = None,
    rule: Word = None,
    device: Word = None,
    subject: Word = None,
    lane: Word = None,
    incident: UUID | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """Alarms, newest first; filters are joined by and. `device` finds those of a group, too."""
    filters = {
        "stage": stage,
        "open": is_open,
        "late": late,
        "shelved": shelved,
        "severity": severity,
        "category": category,
        "rule": rule,
        "device": device,
        "subject": subject,
        "lane": lane,
        "incident": incident,
        "since": since,
        "until": until,
    }
    return await listed(tx, filters, limit=limit, cursor=paging.decode(cursor, datetime, UUID))


@router.get("/summary", response_model=shapes.Summary)
async def read_summary(tx: TxDep, _by: Reads) -> dict[str, Any]:
    """The strip below the board: lanes over 30 minutes, open alarms by severity, flood."""
    return await summary(tx)


@router.get("/{alarm_id}", response_model=shapes.Alarm)
async def read_alarm(tx: TxDep, _by: Reads, alarm_id: UUID, response: Response) -> dict[str, Any]:
    """One alarm."""
    return await _answer(tx, alarm_id, response)


@router.post("/{alarm_id}/acknowledge", response_model=shapes.Alarm)
async def acknowledge(
    tx: TxDep, who: Handles, alarm_id: UUID, expected: ExpectedVersion, response: Response
) -> dict[str, Any]:
    """Somebody has seen it."""
    await alarms.acknowledge(tx, who, alarm_id, expected)
    return await _answer(tx, alarm_id, response)


@router.post("/{alarm_id}/confirm", response_model=shapes.Alarm)
async def confirm(
    tx: TxDep,
    who: Handles,
    alarm_id: UUID,
    expected: ExpectedVersion,
    response: Response,
    body: shapes.Confirmed | None = None,
) -> dict[str, Any]:
    """It is so. A late alarm that is confirmed opens an incident."""
    reason, words = _because(body)
    await alarms.judge(tx, who, alarm_id, "confirmed", expected, reason=reason, words=words)
    return await _answer(tx, alarm_id, response)


@router.post("/{alarm_id}/false", response_model=shapes.Alarm)
async def call_false(
    tx: TxDep,
    who: Handles,
    alarm_id: UUID,
    expected: ExpectedVersion,
    response: Response,
    body: shapes.Doubted | None = None,
) -> dict[str, Any]:
    """It is not so (비화재보, 오경보)."""
    reason, words = _because(body)
    await alarms.judge(tx, who, alarm_id, "false", expected, reason=reason, words=words)
    return await _answer(tx, alarm_id, response)


@router.post("/{alarm_id}/shelve", response_model=shapes.Alarm)
async def shelve(
    tx: TxDep, who: Handles, alarm_id: UUID, body: shapes.Shelving, expected: ExpectedVersion, response: Response
) -> dict[str, Any]:
    """Hide this rule's alarms of this subject for a while; never those about life and limb."""
    reason, words = _because(body)
    await alarms.shelve(tx, who, alarm_id, body.until, str(reason), expected, words=words)
    return await _answer(tx, alarm_id, response)


@router.post("/{alarm_id}/unshelve", response_model=shapes.Alarm)
async def unshelve(
    tx: TxDep, who: Handles, alarm_id: UUID, expected: ExpectedVersion, response: Response
) -> dict[str, Any]:
    """Show it again before its time."""
    await alarms.unshelve(tx, who, alarm_id, expected)
    return await _answer(tx, alarm_id, response)


def _because(body: shapes.Doubted | shapes.Confirmed | shapes.Shelving | None) -> tuple[str | None, str | None]:
    """The coded reason and the words. Raises Invalid for `other` without words."""
    if body is None:
        return None, None
    if body.reason == "other" and body.text is None:
        raise Invalid("engine.fields.wrong", fields=[FieldError("text", "detect.alarm.say_why")])
    return body.reason, body.text


async def _answer(tx: TxDep, alarm_id: UUID, response: Response) -> dict[str, Any]:
    [one] = await shown(tx, [await alarms.get(tx, alarm_id)])
    tag(response, one["version"])
    return one
