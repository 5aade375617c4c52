"""Cameras of the running city whose picture shows what time it is: `python -m benchmarks.barcode FOLDER`.

All share one picture of 640 x 360, 15 a second, drawn and encoded by FFmpeg all the time, as a real camera's is. Its
upper rows are 24 cells of 24 pixels, the milliseconds since `EPOCH_S` modulo 2^24 when the picture was drawn, least
first, white for 1, and below them the same inverted. Prints `{"port": ...}` once they are registered, and serves until
it is ended.
"""

import asyncio
import json
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

from dure.city.sample import pictures
from dure.commands.simulate import picture
from dure.commands.simulate.picture import Encoder
from dure.commands.simulate.rtsp import Cameras
from dure.commands.simulate.stage import stage
from dure.engine import ffmpeg
from dure.engine.servers.place import Place

EPOCH_S = int(time.time()) // 1_000_000 * 1_000_000
"""Some days ago at most: FLV counts milliseconds with 31 bits."""
CELL, BITS, TOP = 24, 24, 12


CODED = "-c:v libx264 -preset ultrafast -tune zerolatency -threads 1 -g 15 -crf 30 -pix_fmt yuv420p"
_SIZE = (640, 360)


def arguments(_camera: str, *, size: tuple[int, int], **_more: object) -> list[str]:
    """What FFmpeg is told in place of the simulator's own picture."""
    source = f"{_picture(size)},realtime,settb=1/1000000,setpts=RTCTIME-{EPOCH_S}000000,{_clock(size[0])}"
    out = "-fps_mode passthrough -enc_time_base 1/1000 -flvflags no_duration_filesize -flush_packets 1 -f flv pipe:1"
    return ["-f", "lavfi", "-i", source, *CODED.split(), *out.split()]


def film(begin: datetime, seconds: int) -> bytes:
    """What such a camera sent from `begin` on, as fragmented MP4 with a fragment a picture."""
    first = round((begin.timestamp() - EPOCH_S) * 1_000_000)
    clock = f"settb=1/1000000,setpts={first}+N*1000000/15,{_clock(_SIZE[0])},setpts=PTS-STARTPTS"
    source = ["-f", "lavfi", "-i", f"{_picture(_SIZE)},{clock}", "-t", str(seconds)]
    out = "-fps_mode passthrough -movflags frag_every_frame+empty_moov+default_base_moof -f mp4 pipe:1"
    words = [ffmpeg.program(), "-loglevel", "error", "-nostdin", *source, *CODED.split(), *out.split()]
    return subprocess.run(words, capture_output=True, check=True).stdout


def _picture(size: tuple[int, int]) -> str:
    return f"testsrc2=size={size[0]}x{size[1]}:rate=15,format=yuv420p"


def _clock(width: int) -> str:
    """Draws what the picture's own time says."""
    drawn = [f"drawbox=x=0:y=0:w={width}:h={TOP * 2 + CELL * 2}:color=black:t=fill"]
    for bit in range(BITS):
        one = f"gte(mod(floor(t*1000/{2**bit})\\,2)\\,1)"
        for row, shown in enumerate((one, f"not({one})")):
            place = f"x={12 + bit * CELL}:y={TOP + row * CELL}:w={CELL}:h={CELL}"
            drawn.append(f"drawbox={place}:color=white:t=fill:enable='{shown}'")
    return ",".join(drawn)


class Shared(Cameras):
    """Every camera has the one picture."""

    def encoder(self, camera: str, stream: str = "main") -> Encoder:  # noqa: ARG002
        """It."""
        return super().encoder("all")


async def serve(folder: Path) -> None:
    """Serve until it is ended."""
    picture.arguments = arguments  # type: ignore[assignment]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    cameras = Shared()
    port = await cameras.open("127.0.0.1", 0)
    cameras.encoder("all").watch(lambda _unit: None)
    async with stage(Place(folder)) as ready:
        async with ready.database.transaction() as tx:
            await pictures.register(tx, port)
        sys.stdout.write(json.dumps({"port": port}) + "\n")
        sys.stdout.flush()
        await stop.wait()
    await cameras.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
