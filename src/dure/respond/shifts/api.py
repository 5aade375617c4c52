"""Rosters over HTTP. Thin: forms in, use cases, views out."""

from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, File, Form, Query, Response, UploadFile

from dure.engine.database import Tx
from dure.engine.web import ContextDep, ExpectedVersion, LanguageDep, Router, TxDep, tag
from dure.kernel.errors import FieldError, Invalid, TooLarge
from dure.kernel.messages import Language
from dure.respond.shifts import exporting, forms, importing, keeping, patterns, planning, swapping, views
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(tags=["shifts"])
Reads = Annotated[Principal, Depends(require("roster.read"))]
Manages = Annotated[Principal, Depends(require("roster.manage"))]
Asks = Annotated[Principal, Depends(require("roster.ask"))]
Month = Annotated[
    str | None, Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="A month, as 2026-12; this month without it.")
]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _files(kind: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "the roster as a file", "content": {kind: {"schema": {"type": "string"}}}}}


@router.get("/rosters")
async def list_rosters(tx: TxDep, who: Reads, language: LanguageDep) -> dict[str, Any]:
    """The rosters within one's reach, the control centre's first, and the patterns that there are."""
    rows = await views.all_seen(tx, who)
    items = [views.brief(row, who, language) for row in rows]
    return {"items": items, "next": None, "patterns": patterns.listed()}


@router.post("/rosters", status_code=201)
async def create_roster(
    form: forms.RosterForm, tx: TxDep, who: Manages, language: LanguageDep, response: Response
) -> dict[str, Any]:
    """Make a roster."""
    row = await planning.create(tx, who, {**form.model_dump(), "name_en": form.name_en or form.name})
    tag(response, row["version"])
    return await views.whole(tx, row, who, language)


@router.get("/rosters/{roster_id}")
async def get_roster(
    roster_id: UUID, tx: TxDep, who: Reads, language: LanguageDep, response: Response
) -> dict[str, Any]:
    """A roster with its plans, its ladder, and who may stand in it."""
    row = await keeping.row(tx, roster_id, who)
    tag(response, row["version"])
    return await views.whole(tx, row, who, language)


@router.patch("/rosters/{roster_id}")
async def change_roster(
    roster_id: UUID,
    form: forms.RosterChange,
    tx: TxDep,
    who: Manages,
    language: LanguageDep,
    response: Response,
    expected: ExpectedVersion,
) -> dict[str, Any]:
    """Change its names, the word of manuals that it answers to, whether it keeps a log, its ladder."""
    changes = form.model_dump(exclude_unset=True)
    wrong = [name for name in ("name", "name_en", "keeps_log", "ladder") if name in changes and changes[name] is None]
    if wrong:
        raise Invalid("engine.fields.wrong", fields=[FieldError(wrong[0], "engine.fields.wrong")])
    if form.ladder is not None:
        changes["ladder"] = [one.value() for one in form.ladder]
    row = await planning.change(tx, who, roster_id, changes, expected)
    tag(response, row["version"])
    return await views.whole(tx, row, who, language)


@router.put("/rosters/{roster_id}/plan")
async def set_plan(
    roster_id: UUID,
    form: forms.PlanForm,
    tx: TxDep,
    who: Manages,
    language: LanguageDep,
    response: Response,
    expected: ExpectedVersion,
) -> dict[str, Any]:
    """Who takes turns with whom, from a day on."""
    if isinstance(form.pattern, str):
        pattern = patterns.PATTERNS.get(form.pattern)
        if pattern is None:
            raise Invalid(
                "respond.shifts.pattern.unknown", fields=[FieldError("pattern", "respond.shifts.pattern.unknown")]
            )
        if not pattern.cycle:  # in turn: as many teams as there are
            pattern = patterns.with_teams(pattern, len(form.teams))
    else:
        pattern = form.pattern.value(len(form.teams))
    teams = [one.value() for one in form.teams]
    row = await planning.plan(tx, who, roster_id, form.since, pattern, form.anchor, teams, expected)
    tag(response, row["version"])
    return await views.whole(tx, row, who, language)


@router.get("/rosters/{roster_id}/month")
async def get_month(
    roster_id: UUID, tx: TxDep, who: Reads, language: LanguageDep, month: Month = None
) -> dict[str, Any]:
    """A month day by day: who is on duty, what is missing, what changes wait."""
    row, first, last = await _month(tx, who, roster_id, month)
    kept = await keeping.load(tx, row, first, last)
    waiting = await swapping.listed(tx, roster_id, first, last, decided=True)
    return {
        "month": first.strftime("%Y-%m"),
        "as_of": tx.now(),
        "manned": kept.manned,
        "days": views.days_of(kept, first, last, language),
        "gaps": [views.gap_value(one, language) for one in views.gaps_of(kept, first, last)],
        "changes": [_change(one) for one in waiting],
    }


@router.get("/rosters/{roster_id}/month.csv", response_class=Response, responses=_files("text/csv"))
async def month_csv(roster_id: UUID, tx: TxDep, who: Reads, language: LanguageDep, month: Month = None) -> Response:
    """The month as CSV: a row for each desk, a column for each day. It can be read in again."""
    name, rows = await _rows(tx, who, roster_id, month, language)
    return _file(exporting.csv_of(rows), "text/csv; charset=utf-8", f"{name}.csv")


@router.get("/rosters/{roster_id}/month.xlsx", response_class=Response, responses=_files(_XLSX))
async def month_xlsx(roster_id: UUID, tx: TxDep, who: Reads, language: LanguageDep, month: Month = None) -> Response:
    """The same as a workbook."""
    name, rows = await _rows(tx, who, roster_id, month, language)
    return _file(await exporting.xlsx_of(name, rows), _XLSX, f"{name}.xlsx")


@router.get("/rosters/{roster_id}/duty.ics", response_class=Response, responses=_files("text/calendar"))
async def duty_ics(
    roster_id: UUID,
    tx: TxDep,
    who: Reads,
    language: LanguageDep,
    month: Month = None,
    account_id: Annotated[UUID | None, Query(description="Only this desk's shifts.")] = None,
) -> Response:
    """The month as a calendar (iCalendar)."""
    row, first, last = await _month(tx, who, roster_id, month)
    kept = await keeping.load(tx, row, first, last)
    title = row["name_en"] if language == "en" else row["name"]
    found = list(exporting.crews(kept, first, last))
    text = exporting.ics_of(kept, title, found, account_id, tx.now(), language)
    return _file(text.encode(), "text/calendar; charset=utf-8", "duty.ics")


@router.post("/rosters/{roster_id}/import")
async def import_month(
    roster_id: UUID,
    tx: TxDep,
    who: Manages,
    context: ContextDep,
    language: LanguageDep,
    file: Annotated[UploadFile, File()],
    month: Annotated[str | None, Form(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")] = None,
    dry_run: Annotated[bool, Form()] = False,
) -> dict[str, Any]:
    """Read a roster from XLSX or CSV: rows of duties (날짜, 근무, 자리, 직책), or a row for each desk with a column for
    each day. Good rows go in; each bad one is named with its reason.
    """
    body = await file.read(importing.MOST_BYTES + 1)
    if len(body) > importing.MOST_BYTES:
        raise TooLarge("respond.shifts.sheet.large")
    day = None if month is None else date.fromisoformat(f"{month}-01")
    counts, refused = await importing.take_in(tx, who, roster_id, body, day, dry=dry_run)
    return {**counts, "dry_run": dry_run, "rejected": importing.said(refused, context.catalogue, language)}


@router.get("/rosters/{roster_id}/changes")
async def list_changes(
    roster_id: UUID,
    tx: TxDep,
    who: Reads,
    decided: Annotated[bool, Query(description="Also those that were decided.")] = False,
) -> dict[str, Any]:
    """Substitutes, swaps and absences of the last month and the year to come."""
    await keeping.row(tx, roster_id, who)
    today = tx.now().astimezone(keeping.zone()).date()
    rows = await swapping.listed(
        tx, roster_id, today - timedelta(days=31), today + swapping.LONGEST_AWAY, decided=decided
    )
    return {"items": [_change(one) for one in rows], "next": None}


@router.post("/rosters/{roster_id}/changes", status_code=201)
async def ask_change(
    roster_id: UUID, form: forms.ChangeForm, tx: TxDep, who: Asks, language: LanguageDep
) -> dict[str, Any]:
    """Ask for a substitute, a swap or time away; what somebody who sets the roster enters for others holds at once."""
    wanted = swapping.Wanted(swapping.Kind(form.kind), **form.model_dump(exclude={"kind"}))
    row, near = await swapping.ask(tx, who, roster_id, wanted)
    return {**_change(row), "short_rest": [views.slot_value(one, language) for one in near]}


@router.post("/rosters/changes/{change_id}/{what}")
async def say_change(
    change_id: UUID, what: swapping.Say, tx: TxDep, who: Asks, expected: ExpectedVersion
) -> dict[str, Any]:
    """Agree to it, approve it, refuse it, or take it back."""
    return _change(await swapping.say(tx, who, change_id, what, expected))


async def _month(tx: Tx, who: Principal, roster_id: UUID, month: str | None) -> tuple[Any, date, date]:
    row = await keeping.row(tx, roster_id, who)
    today = tx.now().astimezone(keeping.zone()).date()
    return row, *views.month_of(today if month is None else date.fromisoformat(f"{month}-01"))


async def _rows(
    tx: Tx, who: Principal, roster_id: UUID, month: str | None, language: Language
) -> tuple[str, list[list[str]]]:
    row, first, last = await _month(tx, who, roster_id, month)
    kept = await keeping.load(tx, row, first, last)
    return f"roster-{first:%Y-%m}", exporting.month_rows(kept, first, last, language)


def _file(body: bytes, kind: str, name: str) -> Response:
    return Response(body, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


_SHOWN = (
    *("kind", "status", "why", "day", "shift", "other_day", "other_shift", "last_day", "asked_by", "agreed_at"),
    *("decided_by", "decided_at", "created_at", "version"),
)


def _change(row: Any) -> dict[str, Any]:
    ids = {name: None if row[name] is None else str(row[name]) for name in ("id", "out_account", "in_account")}
    labels = {name: row[name] for name in ("out_label", "in_label") if name in row}
    return {**ids, **labels, **{name: row[name] for name in _SHOWN}}
