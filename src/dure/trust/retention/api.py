"""Retention over HTTP: the table, what goes tomorrow, what went, and holds."""

from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Response
from sqlalchemy import RowMapping

from dure.engine import paging
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.paging import Cursor, Limit
from dure.engine.web import ContextDep, LanguageDep, Router, TxDep
from dure.kernel.messages import Language
from dure.kernel.sheet import csv_bytes
from dure.trust import audit
from dure.trust.audit import keeping
from dure.trust.principal import Principal
from dure.trust.purposes import cases
from dure.trust.retention import coming, holding, queries, registry, shapes
from dure.trust.retention.model import Kind, Thing
from dure.trust.retention.night import decided
from dure.trust.web import require

router = Router(prefix="/retention", tags=["trust"])

Reads = Annotated[Principal, Depends(require("retention.read"))]
Holds = Annotated[Principal, Depends(require("retention.hold"))]
Tells = Annotated[Principal, Depends(require("retention.facts"))]
KindName = Annotated[str | None, Query(pattern=r"^[a-z_]{1,40}$")]
_BY_TIME = (datetime, UUID)
_MOST_EXPORTED = 100_000


def _label(context: Context, language: Language, kind: str) -> str:
    return context.catalogue.text(language, f"trust.retention.kind.{kind}", {})


@router.get("")
async def table(tx: TxDep, _who: Reads, context: ContextDep, language: LanguageDep) -> shapes.KindsOut:
    """What is kept how long and why, with the law or the city's own rule, dated."""
    day = _today(tx, context)
    items = [await _kind(context, tx, kind, day, language) for kind in registry.kinds().values()]
    return shapes.KindsOut(items=items, log=await _log(tx, day))


def _today(tx: Tx, context: Context) -> date:
    return tx.now().astimezone(ZoneInfo(context.settings.city_zone)).date()


async def _kind(context: Context, tx: Tx, kind: Kind, day: date, language: Language) -> shapes.KindOut:
    now = await decided(context, tx, kind, day)
    return shapes.KindOut(
        name=kind.name,
        label=_label(context, language, kind.name),
        begins=context.catalogue.text(language, kind.begins, {}),
        collected=kind.find_due is not None,
        days=now.rule.days,
        why=[context.catalogue.text(language, key, {}) for key in now.why],
        rules=[
            shapes.RuleOut(
                since=rule.since,
                days=rule.days,
                source=rule.source,
                confirm=rule.confirm,
                in_force=rule is kind.rule(day),
            )
            for rule in kind.rules
        ],
    )


async def _log(tx: Tx, day: date) -> shapes.LogOut:
    now, seen, told = await keeping.decided(tx, day), await keeping.seen(tx), await keeping.told_on(tx, day)
    return shapes.LogOut(
        days=now.days,
        why=list(now.why),
        terms=[shapes.TermOut(**asdict(one), in_force=one is now.term) for one in keeping.TERMS],
        told=None if told is None else shapes.FactsIn(**{name: told[name] for name in shapes.FactsIn.model_fields}),
        told_by=None if told is None else told["told_by"],
        told_at=None if told is None else told["told_at"],
        since=None if told is None else told["since"],
        seen_people=seen.people,
        seen_unique_ids=seen.unique_ids,
    )


@router.put("/log-facts")
async def tell_facts(body: shapes.FactsIn, tx: TxDep, who: Tells, context: ContextDep) -> shapes.LogOut:
    """Say what the city handles, from today on: it decides whether the audit log is kept for one year or two."""
    day = _today(tx, context)
    await keeping.tell(tx, who, keeping.Facts(**body.model_dump()), day)
    return await _log(tx, day)


@router.get("/tomorrow")
async def tomorrow(tx: TxDep, _who: Reads, context: ContextDep, language: LanguageDep) -> shapes.Tomorrow:
    """What the next night destroys as things stand now: how many of each kind, what is held, some of them by id."""
    at, found = await coming.tomorrow(context, tx)
    last = await tx.row(queries.RUNS, {"most": 1})
    return shapes.Tomorrow(
        at=at,
        last=shapes.NightOut(**last) if last else None,
        items=[
            shapes.ComingOut(
                name=one.kind.name,
                label=_label(context, language, one.kind.name),
                days=one.rule.days,
                source=one.rule.source,
                going=one.going,
                held=one.held,
                more=one.more,
                examples=[_thing(thing) for thing in one.examples],
                held_examples=[_thing(thing) for thing in one.held_examples],
            )
            for one in found
            if one.kind.find_due is not None
        ],
    )


def _thing(thing: Thing) -> shapes.ThingOut:
    return shapes.ThingOut(id=thing.id, at=thing.at, end=thing.end)


@router.get("/records")
async def records(
    tx: TxDep,
    _who: Reads,
    context: ContextDep,
    language: LanguageDep,
    kind: KindName = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> shapes.Records:
    """What was destroyed, the newest first."""
    rows = await _records(tx, kind, cursor, limit)
    page = paging.page(rows, limit, lambda row: (row["at"], str(row["id"])))
    return shapes.Records(
        items=[
            shapes.RecordOut(
                **{**row, "digest": bytes(row["digest"]).hex()}, label=_label(context, language, row["kind"])
            )
            for row in page["items"]
        ],
        next=page["next"],
    )


async def _records(tx: Tx, kind: str | None, cursor: str | None, limit: int) -> list[RowMapping]:
    before_at, before_id = paging.decode(cursor, *_BY_TIME) or (None, None)
    values = {"kind": kind, "before_at": before_at, "before_id": before_id, "most": limit + 1}
    return list(await tx.rows(queries.RECORDS, values))


@router.get("/records.csv", response_class=Response)
async def export(tx: TxDep, who: Reads, kind: KindName = None) -> Response:
    """The record of destruction as a CSV file."""
    rows = await _records(tx, kind, None, _MOST_EXPORTED)
    await audit.record(tx, who, "retention.export", "retention", kind or "all")
    names = (
        *("id", "day", "kind", "at", "things", "digest", "first_at", "last_at"),
        *("rule_since", "rule_days", "source", "actor"),
    )
    body = [[bytes(row[name]).hex() if name == "digest" else row[name] for name in names] for row in rows]
    return Response(
        csv_bytes([names, *body]),
        media_type="text/csv; charset=utf-8",
        headers={"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="destruction.csv"'},
    )


# --- holds ---


def _hold(row: dict[str, Any], now: datetime) -> shapes.HoldOut:
    state: shapes.Standing = "over" if row["until_at"] <= now else "standing"
    return shapes.HoldOut(**row, state="released" if row["released_at"] is not None else state)


@router.get("/holds")
async def list_holds(
    tx: TxDep, _who: Reads, standing: bool = False, cursor: Cursor = None, limit: Limit = 100
) -> shapes.Holds:
    """Holds, the newest first."""
    after = paging.decode(cursor, *_BY_TIME)
    rows = await holding.listing(tx, standing_only=standing, after=after, most=limit)
    page = paging.page(rows, limit, lambda row: (row["created_at"], str(row["id"])))
    return shapes.Holds(items=[_hold(row, tx.now()) for row in page["items"]], next=page["next"])


@router.post("/holds", status_code=201)
async def place_hold(body: shapes.HoldIn, tx: TxDep, who: Holds) -> shapes.HoldOut:
    """Hold what an investigation needs: from now on nothing of it is destroyed."""
    wanted = holding.Wanted(**body.model_dump())
    if wanted.scope == "incident" and "incident" in cases.known():  # by its receipt number, too
        case = await cases.find(tx, who, "incident", wanted.target)
        wanted = replace(wanted, target=case.id if case else None)
    id_ = await holding.place(tx, who, wanted)
    return _hold(await holding.get(tx, id_), tx.now())


@router.post("/holds/{hold_id}/release")
async def release_hold(body: shapes.ReleaseIn, tx: TxDep, who: Holds, hold_id: UUID) -> shapes.HoldOut:
    """End a hold: what it kept goes the next night where it is due."""
    await holding.release(tx, who, hold_id, body.why)
    return _hold(await holding.get(tx, hold_id), tx.now())
