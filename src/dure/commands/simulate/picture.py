"""The picture of a simulated camera: a street at night with the camera's id and a clock burnt in, drawn and encoded by
the FFmpeg program, and only while somebody watches.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable

from dure.commands.simulate.jpeg import JpegReader
from dure.commands.simulate.rtp import FlvReader, Unit
from dure.engine import ffmpeg

RATE = 15
Seen = Callable[[Unit], None]


def scene(camera: str, width: int, height: int) -> str:
    """A street at night as FFmpeg's filters draw it: a road, its marks, cars and people who go their ways. Each camera
    has its own, in the colours of a dark room's wall of screens.
    """
    chance = random.Random(camera)
    top = height * chance.uniform(0.34, 0.5)
    deep = height * chance.uniform(0.24, 0.32)
    boxes = [
        _box("0", height * 0.16, width, top - height * 0.16, "0x2b3138"),
        _box("0", top, width, deep, "0x3a4048"),
        *(_box(str(x), top + deep / 2 - 2, width / 16, 4, "0x8b8f86") for x in range(0, width, width // 8)),
        *(
            _box(str(x), height * 0.2, width / 14, height * 0.1, "0x6b6a4f")
            for x in range(width // 20, width, width // 6)
        ),
    ]
    for number in range(3):
        long, speed = width * chance.uniform(0.1, 0.17), chance.uniform(0.12, 0.3) * width
        begins, colour = chance.uniform(0, width * 1.3), chance.choice(("0xa8b0b8", "0x8a3b35", "0x4a6a8c", "0xc9c4b2"))
        way = f"mod({begins:.0f}+t*{speed:.0f}\\,{width * 1.3:.0f})-{long:.0f}"
        onward = number % 2 == 0
        lane = top + deep * (0.12 if onward else 0.58)
        boxes.append(_box(way if onward else f"{width}-({way})-{long:.0f}", lane, long, deep * 0.3, colour))
    for _ in range(4):
        pace, begins = chance.uniform(0.015, 0.05) * width, chance.uniform(0, width)
        foot = top + deep + chance.uniform(0.04, 0.22) * height
        way = f"mod({begins:.0f}+t*{pace:.0f}\\,{width * 1.1:.0f})-{width * 0.05:.0f}"
        boxes.append(
            _box(way, foot, width * 0.014, height * 0.085, chance.choice(("0xb9a58d", "0x7f8f9d", "0x9c6f5a")))
        )
    return f"color=c=0x1d2228:size={width}x{height}:rate={RATE}," + ",".join(boxes)


def _box(x: str, y: float, width: float, height: float, colour: str) -> str:
    return f"drawbox=x='{x}':y={y:.0f}:w={max(1, width):.0f}:h={max(1, height):.0f}:color={colour}:t=fill"


_ENCODED = {
    "jpeg": "-c:v mjpeg -huffman default -q:v 6 -strict unofficial",
    "h264": "-c:v libx264 -preset ultrafast -tune zerolatency",
    "h265": "-c:v libx265 -preset ultrafast -tune zerolatency -x265-params log-level=error:pools=1:frame-threads=1",
}


def arguments(camera: str, *, size: tuple[int, int], written: bool, codec: str = "h264") -> list[str]:
    """What FFmpeg is told. Where it finds no typeface to write with, what moves must do."""
    label = f"{camera.replace('-', chr(92) + '-')}  %{{gmtime\\:%T.%3N}}"
    place = "x=(w-tw)/2:y=h*0.78:fontsize=h*0.08:fontcolor=0xd8dde2:box=1:boxborderw=6:boxcolor=black@0.6"
    text = f",drawtext=text='{label}':{place}"
    picture = scene(camera, *size) + (text if written else "")
    encoded = f"{_ENCODED[codec]} -threads 1 -g {RATE} -crf 30 -pix_fmt yuv420p"
    out = "-flvflags no_duration_filesize -flush_packets 1 -f flv pipe:1" if codec != "jpeg" else "-f mjpeg pipe:1"
    return ["-re", "-f", "lavfi", "-i", picture, *encoded.split(), *out.split()]


class Encoder:
    """One camera's picture for all who watch it."""

    def __init__(self, camera: str, size: tuple[int, int] = (640, 360), codec: str = "h264") -> None:
        self.camera = camera
        self.codec = codec
        self.parameters: tuple[bytes, ...] = ()
        self._size = size
        self._watchers: set[Seen] = set()
        self._task: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._described = asyncio.Event()

    @property
    def idle(self) -> bool:
        """Whether nothing is drawn."""
        return self._task is None

    async def described(self, within_s: float = 8.0) -> tuple[bytes, ...]:
        """SPS and PPS; the encoder begins for them. Raises TimeoutError."""
        if not self._described.is_set():
            self._begin()
            await asyncio.wait_for(self._described.wait(), within_s)
        return self.parameters

    def watch(self, seen: Seen) -> None:
        """Give each picture to `seen`, from the next one on."""
        self._watchers.add(seen)
        self._begin()

    def leave(self, seen: Seen) -> None:
        """No more pictures; without anybody left the encoder ends."""
        self._watchers.discard(seen)
        if not self._watchers:
            self.end()

    def end(self) -> None:
        """No more pictures."""
        if self._task is not None:
            self._task.cancel()
            self._ending = self._task
            self._task = None

    async def ended(self) -> None:
        """No more pictures, and the program has gone."""
        self.end()
        if self._ending is not None:
            await asyncio.wait({self._ending}, timeout=3)

    def _begin(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"picture {self.camera}")

    async def _run(self) -> None:
        for written in (True, False):
            process = await ffmpeg.start(arguments(self.camera, size=self._size, written=written, codec=self.codec))
            assert process.stdout is not None
            assert process.stderr is not None
            deaf = asyncio.create_task(_drain(process.stderr))
            reader: FlvReader | JpegReader = JpegReader(RATE) if self.codec == "jpeg" else FlvReader()
            try:
                while data := await process.stdout.read(1 << 16):
                    for unit in reader.feed(data):
                        for seen in tuple(self._watchers):
                            seen(unit)
                    if reader.parameters and not self._described.is_set():
                        self.parameters = reader.parameters
                        self._described.set()
            finally:
                deaf.cancel()
                await ffmpeg.end(process)
            if self._described.is_set():
                return


async def _drain(stream: asyncio.StreamReader) -> None:
    """Warnings are read away, so that the program never waits for somebody to read them."""
    with contextlib.suppress(ValueError):
        while await stream.read(1 << 16):
            pass
