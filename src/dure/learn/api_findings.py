"""Findings over HTTP: write, propose, decide, close; and how many are not closed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response

from dure.engine import paging
from dure.engine.paging import Cursor, Limit
from dure.engine.web import ExpectedVersion, Router, TxDep, tag
from dure.kernel.errors import NotFound
from dure.kernel.messages import LANGUAGES
from dure.learn import findings, listing, shapes
from dure.learn.model import FindingState
from dure.respond import reading
from dure.respond.playbooks import library
from dure.respond.policy import scope_of
from dure.respond.types import TYPES
from dure.trust.principal import Principal
from dure.trust.vault import texts
from dure.trust.web import require

router = Router(tags=["learn"])
Reads = Annotated[Principal, Depends(require("playbook.read"))]
Proposes = Annotated[Principal, Depends(require("finding.propose"))]
Decides = Annotated[Principal, Depends(require("finding.decide"))]


def shown(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A finding as lists show it, without its texts."""
    names = (
        *("kind", "title", "state", "base_number", "published_number", "receipt_no", "type", "mode", "raised_at"),
        *("raised_by", "proposed_at", "proposed_by", "decided_at", "decided_by", "decision", "closed_at", "closed_by"),
        "version",
    )
    return {
        "id": str(row["id"]),
        "incident_id": str(row["incident_id"]),
        "kind_title": TYPES.kept(row["kind"]).title,
        **{name: row[name] for name in names},
    }


async def _whole(tx: TxDep, who: Principal, finding_id: UUID, response: Response) -> dict[str, Any]:
    row = await findings.one(tx, finding_id)
    base = await library.version(tx, row["kind"], row["base_number"])
    now = await library.get(tx, row["kind"])
    tag(response, row["version"])
    return {
        **shown(row),
        "why": await _why(tx, who, row),
        "texts": {one: row[one] for one in LANGUAGES},
        "base": {one: base.texts.get(one) for one in LANGUAGES},
        "in_force": now.number,
        "owner": {one: now.plans[one].owner if one in now.plans else None for one in LANGUAGES},
        "mine": row["proposed_by_id"] == who.actor,
        "drills": [
            {
                "id": str(one["id"]),
                "incident_id": str(one["incident_id"]),
                "number": one["number"],
                "started_at": one["started_at"],
                "ended_at": one["ended_at"],
                "score": one["score"],
            }
            for one in await listing.drills_of(tx, finding_id)
        ],
    }


async def _why(tx: TxDep, who: Principal, row: Mapping[Any, Any]) -> str | None:
    """What was written about an incident is for those who see that incident."""
    try:
        await reading.one(tx, row["incident_id"], scope_of(who, TYPES))
    except NotFound:
        return None
    (opened,) = texts.opened(tx, "finding", [row], "why")
    return opened["why"] or ""


@router.get("/findings")
async def list_findings(
    tx: TxDep,
    _who: Reads,
    state: Annotated[list[FindingState] | None, Query()] = None,
    kind: Annotated[str | None, Query(max_length=64)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Findings, the newest first."""
    after = paging.decode(cursor, datetime, UUID)
    states = [one.value for one in state or ()]
    rows = await listing.findings(tx, states=states, kind=kind, after=after, limit=limit + 1)
    page = paging.page(rows, limit, lambda row: (row["raised_at"], str(row["id"])))
    return {"items": [shown(row) for row in page["items"]], "next": page["next"]}


@router.get("/findings/summary")
async def summary(tx: TxDep, _who: Reads) -> dict[str, Any]:
    """How many findings and reviews are not closed: what stays in sight until it is."""
    return {**await listing.standing(tx), "as_of": tx.now()}


@router.get("/findings/{finding_id}")
async def read_finding(tx: TxDep, who: Reads, finding_id: UUID, response: Response) -> dict[str, Any]:
    """A finding with its text, the text that it was written from, and its drills."""
    return await _whole(tx, who, finding_id, response)


@router.put("/findings/{finding_id}")
async def write_finding(
    tx: TxDep,
    who: Proposes,
    finding_id: UUID,
    form: shapes.FindingForm,
    expected: ExpectedVersion,
    response: Response,
) -> dict[str, Any]:
    """Write it, against the version that is in force now."""
    new = {one: body for one in LANGUAGES if (body := getattr(form, one))}
    await findings.write(tx, who, finding_id, form.title, form.why, new, expected)
    return await _whole(tx, who, finding_id, response)


@router.post("/findings/{finding_id}/propose")
async def propose_finding(
    tx: TxDep, who: Proposes, finding_id: UUID, expected: ExpectedVersion, response: Response
) -> dict[str, Any]:
    """Put it before whoever keeps the manual. A text that is no manual is refused with line and reason."""
    await findings.propose(tx, who, finding_id, expected)
    return await _whole(tx, who, finding_id, response)


@router.post("/findings/{finding_id}/approve")
async def approve_finding(
    tx: TxDep,
    who: Decides,
    finding_id: UUID,
    form: shapes.DecisionForm,
    expected: ExpectedVersion,
    response: Response,
) -> dict[str, Any]:
    """Approve it: it is published as the manual's next version at once."""
    await findings.decide(tx, who, finding_id, approved=True, reason=form.reason, expected=expected)
    return await _whole(tx, who, finding_id, response)


@router.post("/findings/{finding_id}/decline")
async def decline_finding(
    tx: TxDep,
    who: Decides,
    finding_id: UUID,
    form: shapes.DecisionForm,
    expected: ExpectedVersion,
    response: Response,
) -> dict[str, Any]:
    """Decline it, with the reason."""
    await findings.decide(tx, who, finding_id, approved=False, reason=form.reason, expected=expected)
    return await _whole(tx, who, finding_id, response)


@router.post("/findings/{finding_id}/close")
async def close_finding(
    tx: TxDep, who: Proposes, finding_id: UUID, expected: ExpectedVersion, response: Response
) -> dict[str, Any]:
    """Close it: rehearsed in a drill, or declined and taken note of."""
    await findings.close(tx, who, finding_id, expected)
    return await _whole(tx, who, finding_id, response)
