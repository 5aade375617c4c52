"""Shift logs, handovers, who is on duty now and what goes up, over HTTP."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response

from dure.engine import paging
from dure.engine.database import Tx
from dure.engine.paging import Cursor, Limit
from dure.engine.web import ContextDep, LanguageDep, Router, TxDep, tag
from dure.respond.shifts import exporting, forms, keeping, logs, now, rising, sheets
from dure.respond.views import Reader
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(tags=["shifts"])
Reads = Annotated[Principal, Depends(require("shift.read"))]
Remarks = Annotated[Principal, Depends(require("shift.remark"))]
Signs = Annotated[Principal, Depends(require("shift.sign"))]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Wanted:
    """What a list of logs asks for; a dependency."""

    def __init__(
        self,
        roster_id: Annotated[UUID | None, Query()] = None,
        since: Annotated[date | None, Query(description="Shifts that begin on this day or later.")] = None,
        until: Annotated[date | None, Query(description="Shifts that begin on this day or before.")] = None,
        q: Annotated[
            str | None, Query(max_length=100, description="Words in signed logs: a receipt number ...")
        ] = None,
        owed: Annotated[bool, Query(description="Only those that wait for a signature.")] = False,
    ) -> None:
        words = (q or "").strip() or None
        self.values = {"roster": roster_id, "since": since, "until": until, "words": words, "owed": owed}


@router.get("/shifts/now")
async def on_duty_now(tx: TxDep, who: Reads, language: LanguageDep) -> dict[str, Any]:
    """Who is on duty in the control room now, who is next, what is missing, which signatures are owed, what is on its
    way up the ladder.
    """
    return await now.seen(tx, who, language)


@router.post("/rises/{rise_id}/take", status_code=204)
async def take_rise(rise_id: UUID, tx: TxDep, who: Remarks) -> None:
    """Somebody takes it up: nobody further is told."""
    await rising.take(tx, who, rise_id)


@router.get("/shift-logs")
async def list_logs(
    tx: TxDep, _who: Reads, wanted: Annotated[Wanted, Depends()], cursor: Cursor = None, limit: Limit = 50
) -> dict[str, Any]:
    """Logs, the newest first."""
    key = paging.decode(cursor, datetime, UUID)
    rows = await logs.listed(tx, wanted.values, (key[0], key[1]) if key else None, limit)
    page = paging.page(rows, limit, lambda row: (row["begins_at"], str(row["id"])))
    return {"items": [logs.head(row) for row in page["items"]], "next": page["next"]}


@router.get("/shift-logs/{log_id}")
async def get_log(log_id: UUID, tx: TxDep, who: Reads, response: Response) -> dict[str, Any]:
    """A log as it stands, or as it was signed."""
    row = await logs.get(tx, who, log_id)
    tag(response, row["version"])
    return await logs.whole(tx, row)


@router.get(
    "/shift-logs/{log_id}/log.xlsx",
    response_class=Response,
    responses={200: {"description": "the log as a workbook", "content": {_XLSX: {"schema": {"type": "string"}}}}},
)
async def log_xlsx(log_id: UUID, tx: TxDep, who: Reads, context: ContextDep, language: LanguageDep) -> Response:
    """A log as a workbook, for the office's files."""
    row = await logs.get(tx, who, log_id)
    reader = Reader(context.catalogue, language, tx.now())
    rows = sheets.rows(await logs.whole(tx, row), reader.say, keeping.zone(), language)
    body = await exporting.xlsx_of(f"{row['day']} {row['shift']}", rows)
    name = f"shift-log-{row['day']}-{row['shift']}.xlsx"
    return Response(body, media_type=_XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.post("/shift-logs/{log_id}/remarks", status_code=201)
async def add_remark(log_id: UUID, form: forms.RemarkForm, tx: TxDep, who: Remarks) -> dict[str, Any]:
    """Write into a log; into a signed one as a correction."""
    await logs.remark(tx, who, log_id, form.text)
    return await _whole(tx, who, log_id)


@router.post("/shift-logs/{log_id}/sign")
async def sign_log(log_id: UUID, form: forms.GiveForm, tx: TxDep, who: Signs) -> dict[str, Any]:
    """Sign the log and hand over to the next shift."""
    await logs.sign(tx, who, log_id, form.note)
    return await _whole(tx, who, log_id)


@router.post("/shift-logs/{log_id}/take")
async def take_over(log_id: UUID, form: forms.TakeForm, tx: TxDep, who: Signs) -> dict[str, Any]:
    """Sign that the next shift has read the handover."""
    await logs.take(tx, who, log_id, form.note)
    return await _whole(tx, who, log_id)


async def _whole(tx: Tx, who: Principal, log_id: UUID) -> dict[str, Any]:
    return await logs.whole(tx, await logs.get(tx, who, log_id))
