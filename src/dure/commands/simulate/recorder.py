"""`dure simulate recorder`: a recorder (NVR) with two cameras of yesterday, to be registered in a city."""

import asyncio
import time
from collections.abc import Callable, Mapping

from dure.commands.simulate.answering import interrupted
from dure.commands.simulate.archive import Archive, Film, Recording, Stretch
from dure.commands.simulate.picture import scene
from dure.commands.simulate.rtp import FlvReader
from dure.commands.simulate.rtsp import Fault
from dure.engine import ffmpeg

_LASTS_S = 30
_HOUR_MS = 3_600_000
_ENCODED = "-c:v libx264 -preset ultrafast -threads 1 -g 15 -pix_fmt yuv420p -f flv pipe:1"


async def drawn(camera: str) -> Film:
    """Half a minute of a camera's street. Raises OSError, RuntimeError."""
    source = ("-f", "lavfi", "-i", scene(camera, 640, 360), "-t", str(_LASTS_S))
    process = await ffmpeg.start([*source, *_ENCODED.split()])
    try:
        data, _ = await process.communicate()
    finally:
        await ffmpeg.end(process)
    reader = FlvReader()
    units = reader.feed(data)
    if not units:
        raise RuntimeError("FFmpeg drew nothing")
    return Film(units, reader.parameters, _LASTS_S * 1_000)


async def filled(archive: Archive) -> None:
    """Give it a day of two cameras, with an hour of nothing in it."""
    now = round(time.time()) * 1_000
    gap = now - 6 * _HOUR_MS, now - 5 * _HOUR_MS
    for number in (1, 2):
        film = await drawn(f"NVR-{number}")
        stretches = [Stretch(now - 24 * _HOUR_MS, gap[0], film), Stretch(gap[1], now + 24 * _HOUR_MS, film)]
        archive.kept.recordings[f"T-{number}"] = Recording(f"CH {number}", stretches, going=True)


async def play(faults: Mapping[str, Fault], told: Callable[..., None]) -> int:
    """Be the recorder until interrupted."""
    archive = Archive(faults=faults)
    await filled(archive)
    told("recorder_up", address=await archive.open())
    await interrupted()
    await archive.close()
    return 0


def run(faults: Mapping[str, Fault], told: Callable[..., None]) -> int:
    """The same, as a command."""
    return asyncio.run(play(faults, told))
