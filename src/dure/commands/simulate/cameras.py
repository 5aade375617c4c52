"""Simulated cameras: they speak RTSP and ONVIF over sockets, and nothing is encoded while nobody watches.

`dure simulate cameras` serves them until it is ended; `dure up --sample` serves them by itself, in the relay's process.
"""

import asyncio
import os
import signal
from collections.abc import Mapping

from sqlalchemy import text

from dure.city.sample import pictures
from dure.commands.simulate.onvif import PRESETS, Onvif
from dure.commands.simulate.rtsp import Cameras, Fault
from dure.commands.simulate.telling import Teller
from dure.engine.context import Context
from dure.engine.database import Database
from dure.video.onvif.client import Position, Preset
from dure.video.ptz import turner


def faults_of(told: str) -> dict[str, Fault]:
    """`C-0001=hang,*=time` as faults by camera. Raises ValueError."""
    pairs = [part.partition("=") for part in told.split(",") if part.strip()]
    return {camera.strip(): Fault(fault.strip()) for camera, _, fault in pairs}


SWITCH = "DURE_SAMPLE_CAMERAS"
"""Set to 1 by `dure up --sample`."""
RECORDED = "DURE_SAMPLE_RECORDED"
"""How many of the sample's cameras are recorded from the beginning; 5 where it is not set."""


_DOMES = text(
    "insert into video_control (camera_id, onvif_url, profile, sub_url, presets, changed_at) "
    "select c.id, replace(:onvif, 'ID', c.id), 'main', :base || c.id || '/sub', cast(:presets as jsonb), now() "
    "from camera c where c.stream_url = :base || c.id on conflict (camera_id) do update set "
    "onvif_url = excluded.onvif_url, sub_url = excluded.sub_url, presets = excluded.presets, changed_at = now() "
    "where video_control.onvif_url ~ '^http://127[.]0[.]0[.]1:[0-9]+/onvif/'"
)


class Played:
    """The sample's cameras: their pictures, and how they are asked and turned."""

    def __init__(self, faults: Mapping[str, Fault] | None = None) -> None:
        self.cameras = Cameras(faults=faults)
        self.onvif: Onvif | None = None

    async def open(self, database: Database, count: int | None = None) -> tuple[int, int]:
        """Begin to serve, on the port of before where it is free, and register the sample's cameras there: the port,
        and how many were told anew.
        """
        async with database.transaction() as tx:
            before = await pictures.port_before(tx)
        try:
            port = await self.cameras.open("127.0.0.1", before or 0)
        except OSError:
            port = await self.cameras.open("127.0.0.1", 0)
        self.onvif = Onvif(port)
        await self.onvif.open("127.0.0.1", 0)
        async with database.transaction() as tx:
            told = await pictures.register(tx, port, count)
            presets = [Preset(token, name, Position(pan, tilt, 0.0)) for token, (name, pan, tilt) in PRESETS.items()]
            values = {"onvif": self.onvif.address("ID"), "base": f"rtsp://127.0.0.1:{port}/"}
            await tx.execute(_DOMES, {**values, "presets": turner.as_json(presets)})
        return port, told

    async def close(self) -> None:
        """Serve no more."""
        await self.cameras.close()
        if self.onvif is not None:
            await self.onvif.close()


async def beside(context: Context) -> None:
    """The sample's cameras, for as long as the process that relays them lives."""
    played = Played()
    try:
        await played.open(context.database)
        await asyncio.Event().wait()
    finally:
        await played.close()


def wanted() -> bool:
    """Whether this city plays its own cameras."""
    return os.environ.get(SWITCH) == "1"


async def play(database: Database, teller: Teller, count: int | None, faults: Mapping[str, Fault]) -> int:
    """Serve until it is ended, which is not a failure."""
    played = Played(faults)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        port, told = await played.open(database, count)
        teller.say("cameras_up", port=port, told=told)
        await stop.wait()
    finally:
        await played.close()
    teller.say("cameras_down")
    return 0
