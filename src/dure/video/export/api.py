"""Exports over HTTP."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends
from fastapi.responses import FileResponse
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from dure.engine.web import ContextDep, Model, Router, TxDep
from dure.kernel.errors import Conflict
from dure.trust.principal import Principal
from dure.trust.web import require
from dure.video.export import running, store
from dure.video.export.store import Wanted
from dure.video.tickets.model import MOST_CAMERAS

router = Router(tags=["video"])
Reads = Annotated[Principal, Depends(require("export.read"))]
Asks = Annotated[Principal, Depends(require("export.ask"))]
Cancels = Annotated[Principal, Depends(require("export.cancel"))]
Fetches = Annotated[Principal, Depends(require("export.download"))]
CameraId = Annotated[str, StringConstraints(min_length=1, max_length=120)]


class ExportForm(Model):
    """Which cameras, from when until when, for which incident, and why. An approval for a file must cover it."""

    incident_id: UUID
    camera_ids: Annotated[list[CameraId], Field(min_length=1, max_length=MOST_CAMERAS)]
    begin: AwareDatetime
    end: AwareDatetime
    purpose: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)]


class StepOut(BaseModel):
    """A link of the chain of custody."""

    at: datetime
    what: Literal["asked", "begun", "ready", "failed", "cancelled", "downloaded", "destroyed"]
    who_name: str
    address: str | None


class ExportOut(BaseModel):
    """An export. `progress` is a share; `why` it failed: empty, stopped, full. `digest` is the SHA-256 of its manifest,
    `detector` what looked for faces and plates.
    """

    id: UUID
    number: int
    incident_id: UUID
    receipt_no: str
    camera_ids: list[str]
    begin_at: datetime
    end_at: datetime
    purpose: str
    ground: str
    document: str
    asked_name: str
    agency_id: str | None
    approved_by: str
    asked_at: datetime
    state: Literal["waiting", "running", "ready", "failed", "cancelled", "destroyed"]
    progress: float
    why: str | None
    ready_at: datetime | None
    expires_at: datetime | None
    most_downloads: int
    downloads: int
    bytes: int | None
    digest: str | None
    detector: str | None
    destroyed_at: datetime | None
    mine: bool
    steps: list[StepOut]


class ExportsOut(BaseModel):
    """The newest first."""

    items: list[ExportOut]
    next: None = None


async def _shown(tx: TxDep, who: Principal) -> ExportsOut:
    rows = await store.listing(tx, who)
    ids = [row["id"] for row in rows]
    steps = await store.steps(tx, ids)
    return ExportsOut(
        items=[
            ExportOut.model_validate(
                {
                    **row,
                    "purpose": store.purpose_of(tx, row),
                    "mine": (row["asked_kind"], row["asked_by"]) == (who.kind, who.id),
                    "steps": [dict(one) for one in steps[row["id"]]],
                }
            )
            for row in rows
        ]
    )


@router.get("/video/exports")
async def list_exports(tx: TxDep, who: Reads) -> ExportsOut:
    """Files that were made of past pictures, and are being made: the centre sees all, an officer their own."""
    return await _shown(tx, who)


@router.post("/video/exports", status_code=201)
async def ask_export(tx: TxDep, who: Asks, form: ExportForm) -> ExportsOut:
    """Have a file made under an approved request: masked, faces and plates blurred, with the officer's name, the time
    and the case burnt in. 409 where no approval covers it, 422 for more than 24 hours of one camera in all.
    """
    cameras = tuple(dict.fromkeys(form.camera_ids))
    await store.ask(tx, who, Wanted(form.incident_id, cameras, form.begin, form.end, form.purpose))
    return await _shown(tx, who)


@router.post("/video/exports/{export_id}/cancel")
async def cancel_export(tx: TxDep, who: Cancels, export_id: UUID) -> ExportsOut:
    """Stop making it, or destroy it before its time."""
    await store.cancel(tx, who, export_id)
    return await _shown(tx, who)


@router.post(
    "/video/exports/{export_id}/download",
    response_class=FileResponse,
    responses={200: {"content": {"application/zip": {}}, "description": "films, manifest and signature"}},
)
async def download_export(tx: TxDep, who: Fetches, context: ContextDep, export_id: UUID) -> FileResponse:
    """The archive: films, manifest, signature. Counted and written down before a byte leaves; who asked for it fetches
    it, three times within seven days at most.
    """
    path = running.archive(context.settings.data, export_id)
    row = await store.fetch(tx, who, export_id)
    if not path.is_file():
        raise Conflict("video.export.over")
    name = f"dure-video-{row['number']}.zip"
    return FileResponse(path, media_type="application/zip", filename=name, headers={"Cache-Control": "no-store"})
