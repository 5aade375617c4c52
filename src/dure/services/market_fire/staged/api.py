"""The stages over HTTP: how an alarm is verified, the control room's answer, works that were announced."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query

from dure.engine import paging
from dure.engine.database import Tx
from dure.engine.web import Router, TxDep
from dure.kernel.errors import NotFound
from dure.respond import reading
from dure.respond.policy import scope_of
from dure.respond.types import TYPES
from dure.services.market_fire.staged import announcing, running, views
from dure.services.market_fire.staged.answering import Said
from dure.services.market_fire.staged.shapes import (
    AnnounceForm,
    AnnouncementOut,
    AnnouncementsOut,
    AnswerForm,
    VerificationOut,
)
from dure.services.market_fire.verification import Says, Who
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(prefix="/market-fire", tags=["market-fire"])
Sees = Annotated[Principal, Depends(require("market_fire.stages"))]
Answers = Annotated[Principal, Depends(require("market_fire.answer"))]
Reads = Annotated[Principal, Depends(require("market_fire.announced"))]
Announces = Annotated[Principal, Depends(require("market_fire.announce"))]


async def _shown(tx: Tx, who: Principal, incident_id: UUID) -> VerificationOut:
    row = await reading.one(tx, incident_id, scope_of(who, TYPES))
    found = await views.verification(tx, row["merged_into"] or incident_id)
    if found is None:
        raise NotFound("market_fire.verification.none")
    return found


@router.get("/verifications/{incident_id}")
async def read_verification(tx: TxDep, who: Sees, incident_id: UUID) -> VerificationOut:
    """How the alarm of an incident is verified: its stage and clock, what speaks for a fire and what against, who
    answered what. 404 where nothing is to be verified: people told of the fire, or it is a drill.
    """
    return await _shown(tx, who, incident_id)


@router.post("/verifications/{incident_id}/answers")
async def answer(tx: TxDep, who: Answers, incident_id: UUID, form: AnswerForm) -> VerificationOut:
    """Say what was seen. A fire is reported to 119 at once; that it is none closes its alarms with the cause; who
    cannot say lets somebody be sent.
    """
    await _shown(tx, who, incident_id)
    key = f"{form.who}:{who.actor}"
    said = Said(key, Who(form.who), Says(form.says), "screen", who.name, who.actor, form.cause, who)
    await running.give(tx, incident_id, said)
    await audit.record(tx, who, "market_fire.answer", "incident", incident_id, purpose=f"{form.who}: {form.says}")
    return await _shown(tx, who, incident_id)


@router.get("/announcements")
async def list_announcements(
    tx: TxDep,
    _: Reads,
    market_id: UUID | None = None,
    standing: Annotated[bool, Query(description="Now and for later; else what is over.")] = True,
    cursor: paging.Cursor = None,
    limit: paging.Limit = 50,
) -> AnnouncementsOut:
    """Works, disinfection, welding and tests that were announced."""
    after = paging.decode(cursor, datetime, UUID)
    rows = await announcing.listed(tx, market_id, standing=standing, after=after, most=limit + 1)
    page: dict[str, Any] = paging.page(rows, limit, lambda row: (row["starts_at"], str(row["id"])))
    return AnnouncementsOut(items=[_announced(row) for row in page["items"]], next=page["next"])


@router.post("/announcements", status_code=201)
async def announce(tx: TxDep, who: Announces, form: AnnounceForm) -> AnnouncementOut:
    """Write down what was announced: half a day at most, at most thirty days ahead."""
    return _announced(await announcing.one(tx, await announcing.announce(tx, who, form)))


@router.post("/announcements/{announcement_id}/end")
async def end_announcement(tx: TxDep, who: Announces, announcement_id: UUID) -> AnnouncementOut:
    """It is over before its time, or was taken back."""
    await announcing.end(tx, who, announcement_id)
    return _announced(await announcing.one(tx, announcement_id))


def _announced(row: Any) -> AnnouncementOut:
    return AnnouncementOut(**announcing.shown(row))
