"""Learning over HTTP. Thin."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Query
from pydantic import Field, StringConstraints

from dure.engine import paging
from dure.engine.paging import Cursor, Limit
from dure.engine.settings import city_zone
from dure.engine.web import ContextDep, Model, Number, Router, TxDep, Whole
from dure.services.market_fire.learning import curve, night, proposing, queries
from dure.services.market_fire.learning.settings import Cause, Setting, bounds
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(prefix="/market-fire", tags=["market-fire"])
Reads = Annotated[Principal, Depends(require("market_fire.learn"))]
Judges = Annotated[Principal, Depends(require("market_fire.judge"))]
Settles = Annotated[Principal, Depends(require("market_fire.settle"))]
Days = Annotated[int, Query(ge=1, le=400)]
Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=300)]
Minute = Annotated[int, Whole, Field(ge=0, le=1440)]


class CauseForm(Model):
    """What the alarm turned out to be."""

    cause: Cause


class ProposalForm(Model):
    """A stall's setting: hours of steam as minutes of the city's day, seconds to answer. What is left out is as the
    city has it."""

    stall_id: UUID
    steam_from: Minute | None = None
    steam_until: Minute | None = None
    answer_s: Annotated[float, Number, Field(gt=0, le=3600)] | None = None
    why: Why

    def setting(self) -> Setting:
        """With a half of the hours left out, the other is out of every bound."""
        if self.steam_from is None and self.steam_until is None:
            return Setting(None, self.answer_s)
        return Setting((self.steam_from or 0, self.steam_until or 0), self.answer_s)


class DecisionForm(Model):
    """Why it is approved, or not."""

    reason: Why


def proposal_shown(row: Any) -> dict[str, Any]:
    """A proposal as screens get it."""
    names = (
        *("id", "state", "because", "replay", "replayed_at", "made_at", "made_by", "decided_at", "decided_by"),
        *("reason", "version", "stall", "market_id", "market", "steam_from", "steam_until", "answer_s"),
    )
    now = {name: row[f"now_{name}"] for name in ("steam_from", "steam_until", "answer_s")}
    misses = row["replay"] is not None and proposing.misses(row["replay"])
    return {**{name: row[name] for name in names}, "stall_id": row["asset_id"], "now": now, "misses": misses}


@router.get("/alarms")
async def list_alarms(
    tx: TxDep,
    _: Reads,
    owed: bool = False,
    market: UUID | None = None,
    days: Days = 30,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """Stalls' alarms with their causes, the newest first; `owed`: those over without a cause."""
    rows = await queries.alarms(
        tx,
        since=tx.now() - timedelta(days=days),
        until=tx.now() + timedelta(days=1),
        market=market,
        owed=owed,
        after=paging.decode(cursor, datetime, UUID),
        most=limit + 1,
    )
    return paging.page([night.shown(row) for row in rows], limit, lambda row: (row["raised_at"], str(row["id"])))


@router.put("/alarms/{alarm_id}/cause")
async def tell_cause(tx: TxDep, who: Judges, alarm_id: UUID, form: CauseForm) -> dict[str, Any]:
    """Say what an alarm turned out to be; what was said before is replaced, and both stand in the audit log."""
    await queries.alarm(tx, alarm_id)
    await queries.tell(tx, alarm_id, form.cause.value, who.name)
    await audit.record(tx, who, "market_fire.cause", "alarm", alarm_id, purpose=form.cause.value)
    return night.shown(await queries.alarm(tx, alarm_id))


@router.get("/figures")
async def read_figures(
    tx: TxDep,
    _: Reads,
    by: Literal["stall", "sensor", "rule", "cause"] = "stall",
    days: Days = 365,
    market: UUID | None = None,
) -> dict[str, Any]:
    """False reports and delays (s, first reading to the report) by stall, sensor, rule or cause, the worst first."""
    now = tx.now()
    rows = await queries.figures(tx, by, now - timedelta(days=days), market)
    return {"items": [dict(row) for row in rows], "next": None, "as_of": now}


@router.get("/nights")
async def read_night(tx: TxDep, _: Reads, market: UUID, night_of: date | None = None) -> dict[str, Any]:
    """A market's night, from closing on `night_of` (else the last whole one) to opening."""
    zone = ZoneInfo(city_zone())
    local = tx.now().astimezone(zone)
    minute = local.hour * 60 + local.minute
    last = local.date() - timedelta(days=1 if minute >= bounds().earliest else 2)
    return await night.report(tx, market, min(max(night_of or last, date(2000, 1, 1)), date(2999, 1, 1)), zone)


@router.get("/stalls/{stall_id}/story")
async def read_story(tx: TxDep, _: Reads, stall_id: UUID) -> dict[str, Any]:
    """A stall's year: alarms, causes, setting, what was proposed."""
    found = await night.story(tx, stall_id)
    rows = await queries.proposals(tx, state=None, stall=stall_id, most=100)
    return {**found, "proposals": [proposal_shown(row) for row in rows]}


@router.get(
    "/stalls/{stall_id}/health", responses={503: {"description": "history is away, or the search takes too long"}}
)
async def read_health(
    tx: TxDep, _: Reads, stall_id: UUID, context: ContextDep, days: Annotated[int, Query(ge=1, le=60)] = 14
) -> dict[str, Any]:
    """Each detector's lowest battery (%EL) and number of readings, day by day."""
    return {"items": await night.health(context, tx, stall_id, days, ZoneInfo(city_zone())), "next": None}


@router.get("/proposals")
async def list_proposals(
    tx: TxDep,
    _: Reads,
    state: Literal["open", "approved", "refused"] | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """Proposals to change a stall's setting, the newest first, each with its replay of the past year."""
    after = paging.decode(cursor, datetime, UUID)
    rows = await queries.proposals(tx, state=state, after=after, most=limit + 1)
    return paging.page([proposal_shown(row) for row in rows], limit, lambda row: (row["made_at"], str(row["id"])))


@router.post("/proposals", status_code=201)
async def propose(tx: TxDep, who: Settles, form: ProposalForm) -> dict[str, Any]:
    """A person's own proposal. It is replayed like any other and decided by a person."""
    id_ = await proposing.by_hand(tx, who, form.stall_id, form.setting(), form.why)
    return proposal_shown(await queries.proposal(tx, id_))


@router.post("/proposals/{proposal_id}/replay")
async def replay(tx: TxDep, who: Settles, proposal_id: UUID) -> dict[str, Any]:
    """Replay the past year anew; what was found is gone until then."""
    await proposing.again(tx, who, proposal_id)
    return proposal_shown(await queries.proposal(tx, proposal_id))


@router.post("/proposals/{proposal_id}/approve")
async def approve(tx: TxDep, who: Settles, proposal_id: UUID, form: DecisionForm) -> dict[str, Any]:
    """The stall is judged so from now on. Only what was replayed and misses no fire can be approved."""
    await proposing.decide(tx, who, proposal_id, approve=True, reason=form.reason)
    return proposal_shown(await queries.proposal(tx, proposal_id))


@router.post("/proposals/{proposal_id}/refuse")
async def refuse(tx: TxDep, who: Settles, proposal_id: UUID, form: DecisionForm) -> dict[str, Any]:
    """It stays as it is."""
    await proposing.decide(tx, who, proposal_id, approve=False, reason=form.reason)
    return proposal_shown(await queries.proposal(tx, proposal_id))


@router.get("/curve")
async def read_curve(tx: TxDep, _: Reads) -> dict[str, Any]:
    """False reports against delay: the policies on simulated nights, and this city's own year."""
    return {**curve.measured(), "city": await curve.own(tx)}
