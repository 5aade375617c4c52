"""Reviews over HTTP, and the policy that asks for them."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Query
from sqlalchemy import RowMapping, text

from dure.engine import paging
from dure.engine.paging import Cursor, Limit
from dure.engine.web import ExpectedVersion, Router, TxDep, tag
from dure.kernel.errors import Conflict
from dure.learn import drafts, facts, findings, listing, policies, reviews, shapes
from dure.learn.api_findings import shown as finding_shown
from dure.learn.model import ReviewState
from dure.learn.rules import Policy, Rule
from dure.respond import reading, views
from dure.respond.api import Desk, DeskDep
from dure.respond.policy import scope_of
from dure.respond.runs import keeping
from dure.respond.types import TYPES
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(tags=["learn"])
Reads = Annotated[Principal, Depends(require("review.read"))]
Writes = Annotated[Principal, Depends(require("review.write"))]
Configures = Annotated[Principal, Depends(require("review.configure"))]
_OWNER = text("select label from account where id = :id")


def line(row: RowMapping, today: date) -> dict[str, Any]:
    """A review as lists show it."""
    return {
        "id": str(row["id"]),
        "incident_id": str(row["incident_id"]),
        "receipt_no": row["receipt_no"],
        "type": row["type"],
        "type_title": TYPES.kept(row["type"]).title,
        "severity": row["severity"],
        "mode": row["mode"],
        "outcome": row["outcome"],
        "place": row["place"] or row["address"],
        "incident_at": row["incident_at"],
        "state": row["state"],
        "rule": row["rule"],
        "opened_at": row["opened_at"],
        "due_on": row["due_on"],
        "overdue": row["state"] != ReviewState.CLOSED and row["due_on"] < today,
        "owner_id": None if row["owner_id"] is None else str(row["owner_id"]),
        "owner": row["owner"],
        "findings": row["findings"],
        "standing": row["standing"],
        "version": row["version"],
    }


async def _shown(desk: Desk, who: Principal, incident_id: UUID) -> dict[str, Any]:
    tx = desk.tx
    incident = await reading.one(tx, incident_id, scope_of(who, TYPES))
    row = await reviews.of(tx, incident_id)
    reader = views.Reader(desk.context.catalogue, desk.language, tx.now())
    known = await facts.of(tx, incident, reader, desk.language)
    kept = await keeping.load(tx, incident_id, lock=False)
    plan = None if kept is None else keeping.plan_of(kept.row, desk.language)
    zone = ZoneInfo(desk.context.settings.city_zone)
    tag(desk.response, row["version"])
    return {
        "id": str(row["id"]),
        "incident": views.with_time(incident, tx.now()),
        "title_text": reader.say(TYPES.kept(incident["type"]).title),
        "manual": TYPES.kept(incident["type"]).id,
        "state": row["state"],
        "rule": row["rule"],
        "opened_at": row["opened_at"],
        "due_on": row["due_on"],
        "overdue": row["state"] != ReviewState.CLOSED and row["due_on"] < policies.today(tx),
        "owner_id": None if row["owner_id"] is None else str(row["owner_id"]),
        "owner": await tx.scalar(_OWNER, {"id": row["owner_id"]}) if row["owner_id"] else None,
        "written_at": row["written_at"],
        "written_by": row["written_by"],
        "closed_at": row["closed_at"],
        "closed_by": row["closed_by"],
        "answers": reviews.answers(tx, row),
        "drafts": {
            "happened": drafts.happened(known, reader.say, zone),
            "expected": drafts.expected(known, plan, reader.say),
        },
        "facts": known,
        "findings": [finding_shown(one) for one in await listing.findings(tx, incident_id=incident_id)],
        "version": row["version"],
    }


@router.get("/reviews")
async def list_reviews(
    tx: TxDep,
    who: Reads,
    state: Annotated[list[ReviewState] | None, Query()] = None,
    overdue: bool = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """After-action reviews, the newest first."""
    after = paging.decode(cursor, datetime, UUID)
    today = policies.today(tx)
    states = [one.value for one in state or ()]
    rows = await listing.reviews(tx, scope_of(who, TYPES), states, today if overdue else None, after, limit + 1)
    page = paging.page(rows, limit, lambda row: (row["opened_at"], str(row["id"])))
    return {"items": [line(row, today) for row in page["items"]], "next": page["next"]}


@router.get("/incidents/{incident_id}/review")
async def read_review(incident_id: UUID, who: Reads, desk: DeskDep) -> dict[str, Any]:
    """The review of an incident, with the facts that the platform filled in."""
    return await _shown(desk, who, incident_id)


@router.post("/incidents/{incident_id}/review", status_code=201)
async def open_review(incident_id: UUID, who: Writes, desk: DeskDep) -> dict[str, Any]:
    """Open a review that the policy did not ask for. Where there is one, it is the answer."""
    incident = await reading.one(desk.tx, incident_id, scope_of(who, TYPES))
    if incident["status"] != "closed" or incident["merged_into"] is not None:
        raise Conflict("learn.review.incident_open")
    due = Rule(reviews.BY_HAND, True).days
    day = date.fromordinal(policies.today(desk.tx).toordinal() + due)
    await reviews.open_review(desk.tx, incident, reviews.BY_HAND, day, who)
    return await _shown(desk, who, incident_id)


@router.put("/incidents/{incident_id}/review")
async def write_review(
    incident_id: UUID, form: shapes.AnswersForm, who: Writes, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """Write the answers."""
    await reading.one(desk.tx, incident_id, scope_of(who, TYPES))
    written = {name: value for name, value in form.model_dump().items() if value is not None}
    await reviews.write(desk.tx, who, incident_id, written, expected)
    return await _shown(desk, who, incident_id)


@router.post("/incidents/{incident_id}/review/owner")
async def give_review(
    incident_id: UUID, form: shapes.GiveForm, who: Writes, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """Say who writes it, until when."""
    await reading.one(desk.tx, incident_id, scope_of(who, TYPES))
    await reviews.give(desk.tx, who, incident_id, form.owner_id, form.due_on, expected)
    return await _shown(desk, who, incident_id)


@router.post("/incidents/{incident_id}/review/state")
async def move_review(
    incident_id: UUID, form: shapes.StateForm, who: Writes, desk: DeskDep, expected: ExpectedVersion
) -> dict[str, Any]:
    """Call it written, close it, or open it again."""
    await reading.one(desk.tx, incident_id, scope_of(who, TYPES))
    await reviews.move(desk.tx, who, incident_id, ReviewState(form.state), expected)
    return await _shown(desk, who, incident_id)


@router.post("/incidents/{incident_id}/findings", status_code=201)
async def raise_finding(incident_id: UUID, form: shapes.RaiseForm, who: Writes, desk: DeskDep) -> dict[str, Any]:
    """A finding: what the manual should say otherwise. It begins with the text in force."""
    incident = await reading.one(desk.tx, incident_id, scope_of(who, TYPES))
    if incident["status"] != "closed":
        raise Conflict("learn.review.incident_open")
    kind = form.kind or incident["type"]
    finding_id = await findings.raise_one(desk.tx, who, incident, kind, form.title, form.why)
    return finding_shown(await findings.one(desk.tx, finding_id))


def _policy(row: RowMapping) -> dict[str, Any]:
    return {name: row[name] for name in ("from_day", "rules", "pass_score", "source", "set_by", "set_at")}


@router.get("/review-policy")
async def read_policy(tx: TxDep, _who: Reads) -> dict[str, Any]:
    """Which closings need a review: every list, the latest first, and the day that counts."""
    return {"today": policies.today(tx), "items": [_policy(row) for row in await policies.listed(tx)], "next": None}


@router.put("/review-policy")
async def change_policy(tx: TxDep, form: shapes.PolicyForm, who: Configures) -> dict[str, Any]:
    """Put another list in force from a day on."""
    rules = tuple(Rule(**one.model_dump()) for one in form.rules)
    await policies.put(tx, who, Policy(form.from_day, rules, form.pass_score, form.source))
    return {"today": policies.today(tx), "items": [_policy(row) for row in await policies.listed(tx)], "next": None}
