"""Reviews over HTTP."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Response
from pydantic import BaseModel, StringConstraints

from dure.engine.web import ContextDep, LanguageDep, Model, Router, TxDep
from dure.kernel.sheet import csv_bytes
from dure.trust.audit.lines import record
from dure.trust.audit.review import making, owing
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(prefix="/audit", tags=["audit"])
Reads = Annotated[Principal, Depends(require("audit.read"))]
Reviews = Annotated[Principal, Depends(require("audit.review"))]
Links = Annotated[Principal, Depends(require("audit.own"))]
Month = Annotated[str, StringConstraints(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]


class MonthIn(Model):
    """A month that is over: 2026-10."""

    month: Month


class WordIn(Model):
    """A reviewer's word."""

    verdict: Literal["proper", "improper", "unclear"]
    word: Word


class OwnIn(Model):
    """The person of the vault that an account is; null takes it back."""

    person_id: UUID | None


class OwnOut(BaseModel):
    """The person of the vault that an account is; null where nobody said."""

    person_id: UUID | None


class ReviewOut(BaseModel):
    """A month's review; `waiting` findings have no word yet."""

    id: UUID
    month: date
    due_on: date
    made_at: datetime
    rules: str
    lines: int
    actors: int
    findings: int
    waiting: int
    overdue: bool
    closed_at: datetime | None
    closed_by: str | None


class Facts(BaseModel):
    """Numbers of the first lines of a finding, and the most people or refusals at a time."""

    lines: list[int]
    most: int


class FindingOut(BaseModel):
    """Something odd that one actor did."""

    id: UUID
    rule: str
    actor: str
    actor_name: str
    first_at: datetime
    last_at: datetime
    count: int
    facts: Facts
    verdict: str | None
    word: str | None
    judged_by: str | None
    judged_at: datetime | None


class OwedOut(BaseModel):
    """A past month whose review is not finished; without `id` it has not been made. `days_overdue` counts from the day
    after `due_on`.
    """

    id: UUID | None
    month: date
    due_on: date
    days_overdue: int
    waiting: int


class OweList(BaseModel):
    """What is owed, the oldest first."""

    items: list[OwedOut]
    next: None = None


class GlassesOut(BaseModel):
    """The month's broken glasses: how many, reviewed, reviewed after their time, waiting, and overdue of these."""

    opened: int
    reviewed: int
    late: int
    waiting: int
    overdue: int


class ReviewWhole(ReviewOut):
    """A month's report: the review with its findings, how late it is, other months that owe theirs, and how the reviews
    of broken glasses stand.
    """

    days_overdue: int
    owed: list[OwedOut]
    glasses: GlassesOut
    items: list[FindingOut]


class ReviewsOut(BaseModel):
    """Reviews, the newest first; `due` are those that wait for somebody."""

    items: list[ReviewOut]
    due: int
    next: str | None = None


def _today(tx: TxDep, context: ContextDep) -> date:
    return tx.now().astimezone(ZoneInfo(context.settings.city_zone)).date()


async def _shown(tx: TxDep, context: ContextDep, review_id: UUID) -> ReviewWhole:
    today, zone = _today(tx, context), context.settings.city_zone
    row = await making.one(tx, review_id)
    found = await making.findings(tx, review_id)
    waits = row["closed_at"] is None
    return ReviewWhole(
        **row,
        overdue=waits and today > row["due_on"],
        days_overdue=owing.late_by(row["due_on"], today) if waits else 0,
        owed=[OwedOut(**asdict(one)) for one in await owing.now_owed(tx, zone, today) if one.month != row["month"]],
        glasses=GlassesOut(**asdict(await owing.glasses(tx, row["month"], zone))),
        items=[FindingOut(**one) for one in found],
    )


@router.get("/reviews")
async def list_reviews(tx: TxDep, _who: Reads, context: ContextDep) -> ReviewsOut:
    """The monthly reviews, and how many wait."""
    today = _today(tx, context)
    rows = await making.listing(tx)
    items = [ReviewOut(**row, overdue=row["closed_at"] is None and today > row["due_on"]) for row in rows]
    return ReviewsOut(items=items, due=sum(one.closed_at is None for one in items))


@router.get("/reviews/owed")
async def list_owed(tx: TxDep, _who: Reads, context: ContextDep) -> OweList:
    """Past months whose review is not finished, and how many days late each is; also those that nobody has made."""
    found = await owing.now_owed(tx, context.settings.city_zone, _today(tx, context))
    return OweList(items=[OwedOut(**asdict(one)) for one in found])


@router.post("/reviews", status_code=201)
async def make_review(body: MonthIn, tx: TxDep, who: Reviews, context: ContextDep) -> ReviewWhole:
    """Review a month that is over, where the night did not."""
    zone = ZoneInfo(context.settings.city_zone)
    review_id = await making.make(tx, who, date.fromisoformat(f"{body.month}-01"), zone)
    return await _shown(tx, context, review_id)


@router.get("/reviews/{review_id}")
async def read_review(tx: TxDep, _who: Reads, context: ContextDep, review_id: UUID) -> ReviewWhole:
    """A review with its findings."""
    return await _shown(tx, context, review_id)


@router.get("/reviews/{review_id}/findings.csv", response_class=Response)
async def review_csv(tx: TxDep, who: Reads, context: ContextDep, review_id: UUID, language: LanguageDep) -> Response:
    """A review as a sheet."""
    shown = await _shown(tx, context, review_id)
    say = context.catalogue.text
    heads = (
        "rule",
        "actor",
        "count",
        "most",
        "first_at",
        "last_at",
        "lines",
        "verdict",
        "word",
        "judged_by",
        "judged_at",
    )
    rows = [
        [
            say(language, f"trust.audit.rule.{one.rule}"), one.actor_name or one.actor, one.count, one.facts.most,
            one.first_at.isoformat(), one.last_at.isoformat(), " ".join(map(str, one.facts.lines)),
            say(language, f"trust.audit.verdict.{one.verdict}") if one.verdict else "", one.word or "",
            one.judged_by or "", one.judged_at.isoformat() if one.judged_at else "",
        ]
        for one in shown.items
    ]  # fmt: skip
    await record(tx, who, "audit.review_export", "audit_review", review_id)
    headers = {"Content-Disposition": f'attachment; filename="audit-review-{shown.month:%Y-%m}.csv"'}
    sheet = csv_bytes([[say(language, f"trust.audit.column.{head}") for head in heads], *rows])
    return Response(sheet, 200, headers, "text/csv; charset=utf-8")


@router.post("/findings/{finding_id}/word")
async def judge_finding(body: WordIn, tx: TxDep, who: Reviews, context: ContextDep, finding_id: UUID) -> ReviewWhole:
    """Say whether what was found was proper; nobody about themself."""
    return await _shown(tx, context, await making.judge(tx, who, finding_id, body.verdict, body.word))


@router.post("/reviews/{review_id}/close")
async def close_review(tx: TxDep, who: Reviews, context: ContextDep, review_id: UUID) -> ReviewWhole:
    """End a review; every finding has a word by then."""
    await making.close(tx, who, review_id)
    return await _shown(tx, context, review_id)


@router.get("/own-people/{account_id}")
async def own_person(tx: TxDep, _who: Reads, account_id: UUID) -> OwnOut:
    """Which person of the vault an account is; who that is, the vault tells, masked."""
    return OwnOut(person_id=await making.own(tx, account_id))


@router.put("/own-people/{account_id}", status_code=204)
async def set_own_person(body: OwnIn, tx: TxDep, who: Links, account_id: UUID) -> None:
    """Say which person of the vault an account is; used by the review alone. One's own is another's to say."""
    await making.set_own(tx, who, account_id, body.person_id)
