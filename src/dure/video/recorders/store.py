"""Recorders and their recordings in the database; logins are sealed and shown to nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, NotFound
from dure.trust.vault import Vault
from dure.video.onvif.recorder import Kept, Stretch
from dure.video.past.model import DAYS

MOST = 200
"""Recorders of one city."""
_ADD = text(
    "insert into video_recorder (id, name, onvif_url, onvif_login, model, added_at, asked_at) "
    "values (:id, :name, :url, :login, :model, :now, :now) on conflict (onvif_url) do nothing returning id"
)
_COUNT = text("select count(*) from video_recorder")
_ALL = text("select * from video_recorder order by name, id")
_ONE = text("select * from video_recorder where id = :id")
_LOCKED = text("select * from video_recorder where id = :id for update")
_DROP = text("delete from video_recorder where id = :id returning name")
_TRACKS = text("select * from video_recorder_track where recorder_id = any(:ids) order by recorder_id, name, token")
_READ = text(
    "update video_recorder set ahead_ms = :ahead, trouble = null, asked_at = :now, read_at = :now where id = :id"
)
_FAILED = text("update video_recorder set trouble = :trouble, asked_at = :now where id = :id")
_PUT = text(
    "insert into video_recorder_track (recorder_id, token, name, started_at, ended_at, going) "
    "values (:id, :token, :name, :start, :end, :going) on conflict (recorder_id, token) do update set "
    "name = excluded.name, started_at = excluded.started_at, ended_at = excluded.ended_at, going = excluded.going"
)
_GONE = text("delete from video_recorder_track where recorder_id = :id and token <> all(:tokens) and camera_id is null")
_EMPTY = text("delete from video_recorder_span where recorder_id = :id and token <> all(:tokens)")
_WHOSE = text(
    "update video_recorder_track set camera_id = :camera where recorder_id = :id and token = :token returning token"
)
_TAKEN = text("select 1 from video_recorder_track where camera_id = :camera and (recorder_id, token) <> (:id, :token)")
_CAMERA = text("select 1 from camera where id = :id")
_OF_CAMERAS = text(
    "select t.*, coalesce(c.retention_days, :days) as days from video_recorder_track t "
    "left join camera c on c.id = t.camera_id where t.recorder_id = :id and t.camera_id is not null"
)
_NO_SPANS = text("delete from video_recorder_span where recorder_id = :id and token = :token and ended_at > :since")
_OLD_SPANS = text("delete from video_recorder_span where recorder_id = :id and token = :token and ended_at <= :before")
_CUT = text(
    "update video_recorder_span set ended_at = :since where recorder_id = :id and token = :token "
    "and started_at < :since and ended_at > :since"
)
_SPAN = text(
    "insert into video_recorder_span (recorder_id, token, started_at, ended_at) "
    "values (:id, :token, :start, :end) on conflict (recorder_id, token, started_at) do update "
    "set ended_at = excluded.ended_at"
)
_STANDS = text(
    "select r.id, r.onvif_url, r.onvif_login, r.ahead_ms, t.token, t.camera_id, "
    "coalesce(c.retention_days, :days) as days from video_recorder_track t "
    "join video_recorder r on r.id = t.recorder_id left join camera c on c.id = t.camera_id "
    "where t.camera_id = :camera"
)
_SPANS = text(
    "select greatest(s.started_at, :since) as started_at, least(s.ended_at, :until) as ended_at "
    "from video_recorder_span s where s.recorder_id = :id and s.token = :token and s.started_at < :until "
    "and s.ended_at > :since order by s.started_at"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a camera's past stands on a recorder: which recording, where it is asked (with its login), by how much its
    clock is before ours, and from when until when it has something of what was asked for and may still be shown.
    """

    camera_id: str
    recorder_id: UUID
    token: str
    address: str
    ahead: timedelta
    spans: Sequence[Stretch]


def about(recorder_id: UUID) -> str:
    """What the sealed login is bound to."""
    return f"recorder/{recorder_id}/onvif"


def address_of(held: Vault, row: RowMapping) -> str:
    """Where a recorder is asked, with its login. Raises Unavailable."""
    parts = urlsplit(str(row["onvif_url"]))
    if row["onvif_login"] is None:
        return str(row["onvif_url"])
    said = held.unseal(about(row["id"]), bytes(row["onvif_login"])).decode()
    return urlunsplit(parts._replace(netloc=f"{said}@{parts.netloc}"))


def with_login(url: str, address: str) -> str:
    """An address of the same recorder, with the login of the one that it is asked by."""
    said = urlsplit(address).netloc.rpartition("@")[0]
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{said}@{parts.netloc}")) if said else url


def login(username: str, password: str) -> str:
    """As it stands in an address; empty where there is none."""
    return f"{quote(username, safe='')}:{quote(password, safe='')}" if username else ""


async def add(tx: Tx, held: Vault, id_: UUID, told: Mapping[str, str], username: str, password: str) -> None:
    """Register a recorder: `told` is its name, url and model. Raises Conflict where it is already, or there are too
    many.
    """
    if int(await tx.scalar(_COUNT)) >= MOST:
        raise Conflict("video.recorder.many", most=MOST)
    said = login(username, password)
    sealed = held.seal(about(id_), said.encode()) if said else None
    if await tx.scalar(_ADD, {**told, "id": id_, "login": sealed, "now": tx.now()}) is None:
        raise Conflict("video.recorder.known")


async def all_of(tx: Tx) -> Sequence[RowMapping]:
    """All recorders by name."""
    return await tx.rows(_ALL)


async def one(tx: Tx, id_: UUID, *, locked: bool = False) -> RowMapping:
    """A recorder. Raises NotFound."""
    row = await tx.row(_LOCKED if locked else _ONE, {"id": id_})
    if row is None:
        raise NotFound("video.recorder.unknown")
    return row


async def drop(tx: Tx, id_: UUID) -> str:
    """Forget a recorder and where its recordings are; its name. The pictures are its own. Raises NotFound."""
    name = await tx.scalar(_DROP, {"id": id_})
    if name is None:
        raise NotFound("video.recorder.unknown")
    return str(name)


async def tracks(tx: Tx, ids: Sequence[UUID]) -> Mapping[UUID, list[RowMapping]]:
    """The recordings of recorders, by name."""
    found: dict[UUID, list[RowMapping]] = {id_: [] for id_ in ids}
    for row in await tx.rows(_TRACKS, {"ids": list(ids)}):
        found[row["recorder_id"]].append(row)
    return found


async def read(tx: Tx, id_: UUID, ahead: timedelta, found: Sequence[Kept]) -> Sequence[RowMapping]:
    """A recorder answered: what it has is noted; those recordings that are some camera's. What it has no more and is a
    camera's stays named, without pictures.
    """
    milliseconds = round(ahead.total_seconds() * 1_000)
    await tx.execute(_READ, {"id": id_, "ahead": milliseconds, "now": tx.now()})
    rows = [
        {"id": id_, "token": one.token, "name": one.name, "start": one.start, "end": one.end, "going": one.going}
        for one in found
    ]
    if rows:
        await tx.execute(_PUT, rows)
    tokens = {"id": id_, "tokens": [one.token for one in found]}
    await tx.execute(_EMPTY, tokens)
    await tx.execute(_GONE, tokens)
    return await tx.rows(_OF_CAMERAS, {"id": id_, "days": DAYS})


async def failed(tx: Tx, id_: UUID, trouble: str) -> None:
    """A recorder did not answer as it should; what is known of it stays."""
    await tx.execute(_FAILED, {"id": id_, "trouble": trouble, "now": tx.now()})


async def note(tx: Tx, id_: UUID, token: str, since: datetime, oldest: datetime, found: Sequence[Stretch]) -> None:
    """From when until when there are pictures from `since` on; what is before `oldest` is over."""
    key: dict[str, Any] = {"id": id_, "token": token}
    await tx.execute(_OLD_SPANS, {**key, "before": oldest})
    await tx.execute(_CUT, {**key, "since": since})
    await tx.execute(_NO_SPANS, {**key, "since": since})
    if found:
        await tx.execute(_SPAN, [{**key, "start": start, "end": end} for start, end in found])


async def assign(tx: Tx, id_: UUID, token: str, camera_id: str | None) -> None:
    """Say whose pictures a recording has; None: nobody's. Raises NotFound; Conflict where the camera has another."""
    await one(tx, id_, locked=True)
    if camera_id is not None:
        if await tx.scalar(_CAMERA, {"id": camera_id}) is None:
            raise NotFound("city.camera.unknown", camera=camera_id[:80])
        if await tx.scalar(_TAKEN, {"camera": camera_id, "id": id_, "token": token}) is not None:
            raise Conflict("video.recorder.taken", camera=camera_id[:80])
    if await tx.scalar(_WHOSE, {"id": id_, "token": token, "camera": camera_id}) is None:
        raise NotFound("video.recorder.no_track")
    await tx.execute(_EMPTY, {"id": id_, "tokens": await _others(tx, id_, token)})


async def _others(tx: Tx, id_: UUID, token: str) -> list[str]:
    return [row["token"] for row in (await tracks(tx, [id_]))[id_] if row["token"] != token]


async def standing(tx: Tx, held: Vault, camera_id: str, since: datetime, until: datetime) -> Standing | None:
    """Where of a camera's past something between these times stands; None where no recorder has any that may still be
    shown. Raises Unavailable.
    """
    row = await tx.row(_STANDS, {"camera": camera_id, "days": DAYS})
    if row is None:
        return None
    since = max(since, tx.now() - timedelta(days=row["days"]))
    if since >= until:
        return None
    key = {"id": row["id"], "token": row["token"], "since": since, "until": until}
    spans = [(one["started_at"], one["ended_at"]) for one in await tx.rows(_SPANS, key)]
    if not spans:
        return None
    ahead = timedelta(milliseconds=row["ahead_ms"])
    return Standing(camera_id, row["id"], row["token"], address_of(held, row), ahead, spans)
