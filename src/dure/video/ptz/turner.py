"""Turns are made here, in the relay's process: those of one camera one after the other, of several side by side. A
camera that was turned looks home again when its incident closes, or a while after its last turn.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import RowMapping, text

from dure.engine import outbox
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.kernel.errors import Unavailable
from dure.kernel.geometry import LonLat
from dure.trust import vault
from dure.trust.principal import system
from dure.trust.vault import Vault
from dure.video.onvif.client import Camera, Position, Preset
from dure.video.policy import camera_networks
from dure.video.ptz import asking, rules
from dure.video.source import NoPicture

log = logging.getLogger(__name__)
BY = system("cameras")
MOVE_S = 1.0
"""A move ends by itself after so long: a screen that is gone turns nothing."""
_LOOK_S = 2.0
_WAITING = text(
    "select t.*, v.onvif_url, v.onvif_login, v.profile, v.presets, c.azimuth_deg, c.lon as camera_lon, "
    "c.lat as camera_lat from video_turn t join video_control v on v.camera_id = t.camera_id "
    "join camera c on c.id = t.camera_id where t.done_at is null order by t.asked_at, t.id limit 200"
)
_DONE = text("update video_turn set done_at = :now, outcome = :outcome, why = :why where id = :id")
_LEFT = text("update video_turn set done_at = :now, outcome = 'stale' where done_at is null and asked_at < :before")
_PRESETS = text("update video_control set presets = cast(:presets as jsonb) where camera_id = :camera")
_AWAY = text(
    "select l.camera_id, l.incident_id from (select distinct on (camera_id) * from video_turn "
    "where asked_at > :since order by camera_id, asked_at desc, id desc) l "
    "left join incident i on i.id = l.incident_id where l.act <> 'home' and l.done_at is not null "
    "and (l.asked_at < :before or i.status = 'closed')"
)


def about(camera_id: str) -> str:
    """What the sealed login is bound to."""
    return f"camera/{camera_id}/onvif"


def address(held: Vault, row: RowMapping) -> str:
    """Where a camera is asked, with its login. Raises Unavailable."""
    parts = urlsplit(str(row["onvif_url"]))
    if row["onvif_login"] is None:
        return str(row["onvif_url"])
    login = held.unseal(about(row["camera_id"]), bytes(row["onvif_login"])).decode()
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))


async def run(context: Context) -> None:
    """For as long as the process lives."""
    async with outbox.wakes(context.database.url, asking.CHANNEL) as woken:
        while True:
            woken.clear()
            try:
                await once(context)
            except Unavailable as error:
                log.warning("turns: %s", error.key)
            try:
                async with asyncio.timeout(_LOOK_S):
                    await woken.wait()
            except TimeoutError:
                continue


async def once(context: Context) -> int:
    """Send home what is left turned, and make what is asked for; how many turns were made or failed."""
    async with context.database.transaction() as tx:
        await _homewards(tx)
        await tx.execute(_LEFT, {"now": tx.now(), "before": tx.now() - rules.STALE})
        asked = list(await tx.rows(_WAITING))
    cameras: dict[str, list[RowMapping]] = {}
    for row in asked:
        cameras.setdefault(row["camera_id"], []).append(row)
    await asyncio.gather(*(_of_one(context, rows) for rows in cameras.values()))
    return len(asked)


async def _homewards(tx: Tx) -> None:
    now = tx.now()
    away = {"before": now - rules.HOME_AFTER, "since": now - 100 * rules.HOME_AFTER}
    for row in await tx.rows(_AWAY, away):
        await asking.home(tx, BY, row["camera_id"], row["incident_id"])


async def _of_one(context: Context, rows: Sequence[RowMapping]) -> None:
    """The turns of one camera, in their order; of moves only the last counts."""
    last = rows[-1]
    for row in rows:
        if row["act"] == "move" and row is not last:
            await _end(context, row, "stale", None)
            continue
        try:
            await _make(context, row)
        except NoPicture as error:
            await _end(context, row, "failed", error.trouble.value)
        else:
            await _end(context, row, "done", None)


async def _end(context: Context, row: RowMapping, outcome: str, why: str | None) -> None:
    async with context.database.transaction() as tx:
        await tx.execute(_DONE, {"id": row["id"], "now": tx.now(), "outcome": outcome, "why": why})


async def _make(context: Context, row: RowMapping) -> None:
    allowed = camera_networks(context.settings.camera_networks)
    profile = row["profile"]
    async with await Camera.at(address(vault.at(context.settings.data), row), allowed) as camera:
        await camera.begin()
        match row["act"]:
            case "move":
                await camera.move(profile, row["pan"], row["tilt"], row["zoom"], MOVE_S)
            case "stop":
                await camera.stop(profile)
            case "preset":
                await camera.go(profile, row["preset"])
            case "home":
                await camera.home(profile)
            case _:
                await _to_place(context, camera, row)


async def _to_place(context: Context, camera: Camera, row: RowMapping) -> None:
    """To the preset nearest to the place; where the camera remembers none, straight to it."""
    presets = await camera.presets(row["profile"])
    await remember(context, row["camera_id"], presets)
    here = LonLat(row["camera_lon"], row["camera_lat"])
    place = None if row["lon"] is None else LonLat(row["lon"], row["lat"])
    best = rules.nearest(presets, row["preset"], here, row["azimuth_deg"], place)
    if best is not None:
        await camera.go(row["profile"], best.token)
    elif place is not None and row["azimuth_deg"] is not None:
        await camera.look_at(row["profile"], rules.looks_at(here, row["azimuth_deg"], place))
    else:
        await camera.home(row["profile"])


async def remember(context: Context, camera_id: str, presets: Sequence[Preset]) -> None:
    """Keep a camera's presets for the screens."""
    async with context.database.transaction() as tx:
        await tx.execute(_PRESETS, {"camera": camera_id, "presets": as_json(presets)})


def as_json(presets: Sequence[Preset]) -> str:
    """Presets as they are kept."""
    kept: list[dict[str, Any]] = [asdict(one) for one in presets]
    return json.dumps(kept)


def of_json(value: Sequence[dict[str, Any]]) -> list[Preset]:
    """Presets as they were kept."""
    return [
        Preset(one["token"], one["name"], None if one["position"] is None else Position(**one["position"]))
        for one in value
    ]
