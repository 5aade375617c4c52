"""Recorders over HTTP, for who manages cameras: registered by their ONVIF address, and whose pictures each of their
recordings has. Logins are sealed and never shown again.
"""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import RowMapping

from dure.engine.database import Tx
from dure.engine.web import ContextDep, Model, Router, TxDep
from dure.kernel.errors import Invalid
from dure.kernel.ids import new_id
from dure.trust import audit, vault
from dure.trust.principal import Principal
from dure.trust.web import require
from dure.video.onvif.api import LoginForm
from dure.video.onvif.recorder import LONGEST_TOKEN, Recorder
from dure.video.policy import camera_networks
from dure.video.recorders import reading, store
from dure.video.source import NoPicture, Trouble

router = Router(tags=["video"])
Manages = Annotated[Principal, Depends(require("camera.manage"))]
_PRINTS = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100, pattern=_PRINTS)]


class TrackOut(BaseModel):
    """One of its recordings: from when until when, and whose pictures these are (none: nobody has said)."""

    token: str
    name: str
    start: datetime
    end: datetime
    going: Annotated[bool, Field(description="It is being recorded")]
    camera_id: str | None


class RecorderOut(BaseModel):
    """A recorder. `ahead_ms` is by how much its clock is before ours (all times here are ours); `trouble` why it could
    not be read the last time, none where it could.
    """

    id: UUID
    name: str
    address: str
    model: str
    ahead_ms: int
    trouble: str | None
    read_at: datetime | None
    tracks: list[TrackOut]


class RecorderList(BaseModel):
    """All recorders by name."""

    items: list[RecorderOut]


class RecorderForm(LoginForm):
    """Where a recorder is asked, its login, and what it is called here (else by its model)."""

    name: Name = ""


class TrackForm(Model):
    """Whose pictures a recording has; null: nobody's."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TOKEN, pattern=_PRINTS)]
    camera_id: Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=_PRINTS)] | None


@router.get("/video/recorders")
async def list_recorders(tx: TxDep, _by: Manages) -> RecorderList:
    """All recorders with their recordings."""
    rows = await store.all_of(tx)
    tracks = await store.tracks(tx, [row["id"] for row in rows])
    return RecorderList(items=[_out(row, tracks[row["id"]]) for row in rows])


@router.post("/video/recorders", status_code=201)
async def add_recorder(tx: TxDep, by: Manages, context: ContextDep, form: RecorderForm) -> RecorderOut:
    """Register a recorder: it is asked at once what it has. 422 with the reason where it does not answer, refuses the
    login or is none (ONVIF Profile G); 409 where it is registered already.
    """
    id_ = new_id()
    allowed = camera_networks(context.settings.camera_networks)
    held = vault.at(context.settings.data)
    try:
        async with await Recorder.at(_with_login(form), allowed) as recorder:
            await recorder.begin()
            if not recorder.records:
                raise NoPicture(Trouble.NO_RECORDER)
            model = await recorder.model()
            told = {"name": form.name or model or urlsplit(form.address).netloc, "url": form.address, "model": model}
            await store.add(tx, held, id_, told, form.username, form.password)
            await store.read(tx, id_, recorder.ahead, await recorder.recordings())
    except NoPicture as error:
        raise Invalid(f"video.onvif.{error.trouble.value}") from error
    await audit.record(tx, by, "recorder.add", "recorder", id_)
    return await _one(tx, id_)


@router.put("/video/recorders/{recorder_id}/track")
async def assign_track(tx: TxDep, by: Manages, recorder_id: UUID, form: TrackForm) -> RecorderOut:
    """Say whose pictures a recording has: that camera's past is found there from then on. 409 where the camera has
    another recording.
    """
    await store.assign(tx, recorder_id, form.token, form.camera_id)
    await audit.record(tx, by, "recorder.assign", "camera", form.camera_id or "*")
    tx.ring(reading.CHANNEL)
    return await _one(tx, recorder_id)


@router.delete("/video/recorders/{recorder_id}", status_code=204)
async def drop_recorder(tx: TxDep, by: Manages, recorder_id: UUID) -> None:
    """Forget a recorder. What it recorded stays with it, and is found here no more."""
    await store.drop(tx, recorder_id)
    await audit.record(tx, by, "recorder.remove", "recorder", recorder_id)


async def _one(tx: Tx, id_: UUID) -> RecorderOut:
    row = await store.one(tx, id_)
    return _out(row, (await store.tracks(tx, [id_]))[id_])


def _out(row: RowMapping, tracks: list[RowMapping]) -> RecorderOut:
    return RecorderOut(
        id=row["id"],
        name=row["name"],
        address=row["onvif_url"],
        model=row["model"],
        ahead_ms=row["ahead_ms"],
        trouble=row["trouble"],
        read_at=row["read_at"],
        tracks=[
            TrackOut(
                token=one["token"],
                name=one["name"],
                start=one["started_at"],
                end=one["ended_at"],
                going=one["going"],
                camera_id=one["camera_id"],
            )
            for one in tracks
        ],
    )


def _with_login(form: LoginForm) -> str:
    parts = urlsplit(form.address)
    login = store.login(form.username, form.password)
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}")) if login else form.address
