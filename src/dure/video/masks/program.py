"""Pictures through a mask: the FFmpeg program decodes, covers, and encodes anew (H.264), one picture out for each in.

What comes out has a clock of its own, and each picture the moment at which it came in. Fragments go in as they are;
out comes FLV, because it ends with a picture's last byte (an MP4 writer waits for the next picture).
"""

import asyncio
import tempfile
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

from dure.engine import ffmpeg
from dure.video.masks.flv import Reader
from dure.video.masks.shapes import Polygon, plane
from dure.video.model import BrokenStream, Fragment, Init
from dure.video.rtsp.fmp4 import CLOCK_HZ, Muxer, beginning
from dure.video.rtsp.sets import Codec, h264

Take = Callable[[Init | Fragment], None]
_READ = 1 << 16
_MOST_WAITING: Final = 120
"""Pictures that may wait for the program; one that falls so far behind is begun anew."""
BLOCKS: Final = 24
"""What is covered is drawn with the means of so many blocks along the shorter side: nobody is known by it."""


def graph(width: int, height: int) -> str:
    """FFmpeg's filters: the picture, and over it a coarse one where the mask (second input) is white."""
    share = min(width, height) / BLOCKS
    small = f"{max(2, round(width / share))}:{max(2, round(height / share))}"
    return (
        f"[0:v]split[a][b];[b]scale={small}:flags=area,scale={width}:{height}:flags=bilinear[c];"
        "[c][1:v]alphamerge[m];[a][m]overlay=format=yuv420[out]"
    )


def arguments(mask: Path, width: int, height: int) -> list[str]:
    """What FFmpeg is told."""
    into = "-fpsprobesize 0 -analyzeduration 1 -flags low_delay -threads 1 -f mp4 -i pipe:0"
    shape = f"-f rawvideo -pixel_format gray -video_size {width}x{height} -framerate 1"
    coded = "-c:v libx264 -preset superfast -tune zerolatency -threads 1 -g 15 -crf 26 -pix_fmt yuv420p"
    out = "-fps_mode passthrough -flvflags no_duration_filesize -flush_packets 1 -f flv pipe:1"
    return [
        *into.split(),
        *shape.split(),
        *("-i", str(mask), "-filter_threads", "1", "-filter_complex_threads", "1"),
        *("-filter_complex", graph(width, height), "-map", "[out]", "-an"),
        *coded.split(),
        *out.split(),
    ]


class Masking:
    """One life of the program, for a stream that begins with `init`. `take` is given the new stream's pieces."""

    def __init__(self, init: Init, polygons: Collection[Polygon], take: Take) -> None:
        self._init = init
        self._polygons = polygons
        self._take = take
        self._waiting: deque[Fragment] = deque()
        self._came: deque[tuple[float, float]] = deque()
        self._needs_key = True
        self._zero_s: float | None = None  # FLV counts 24 days of milliseconds: from the first picture on
        self._more = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._ended = False

    def begin(self) -> None:
        """Start the program."""
        self._task = asyncio.create_task(self._run())

    @property
    def failed(self) -> bool:
        """Whether it ended by itself."""
        return self._task is not None and self._task.done() and not self._ended

    def show(self, fragment: Fragment) -> None:
        """One more picture goes in. Beyond what may wait, all that waits is let go until one that stands by itself."""
        if len(self._waiting) >= _MOST_WAITING:
            self._waiting.clear()
            self._needs_key = True
        if self._needs_key and not fragment.key:
            return
        self._needs_key = False
        self._waiting.append(fragment)
        self._more.set()

    def all_of(self, fragments: Collection[Fragment]) -> None:
        """These go in, however many, and then nothing more."""
        self._waiting.extend(fragments)
        self.finish()

    def finish(self) -> None:
        """Nothing more goes in; what is in comes out (`done`)."""
        self._ended = True
        self._more.set()

    async def done(self) -> None:
        """Wait until all that went in has come out."""
        if self._task is not None:
            await asyncio.wait({self._task})

    def end(self) -> None:
        """Let it go now."""
        self._ended = True
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        width, height = self._init.width, self._init.height
        pixels = await asyncio.to_thread(plane, self._polygons, width, height)
        with tempfile.TemporaryDirectory(prefix="dure-mask-") as folder:
            mask = Path(folder) / "mask.gray"
            mask.write_bytes(pixels)
            process = await ffmpeg.start(arguments(mask, width, height), stdin=True)
            parts = [asyncio.create_task(one) for one in (self._feed(process), self._read(process), _mute(process))]
            try:
                await asyncio.wait({parts[1]})
                parts[1].result()
            finally:
                for one in parts:
                    one.cancel()
                await ffmpeg.end(process, 0.2)

    async def _feed(self, process: Process) -> None:
        assert process.stdin is not None
        with suppress(ConnectionError, BrokenPipeError):
            process.stdin.write(self._init.data)
            while True:
                while self._waiting:
                    fragment = self._waiting.popleft()
                    if self._zero_s is None:
                        self._zero_s = fragment.at_s
                    self._came.append(((fragment.at_s - self._zero_s) * 1_000, fragment.came_ms))
                    process.stdin.write(fragment.data)
                    await process.stdin.drain()
                if self._ended:
                    process.stdin.close()
                    return
                self._more.clear()
                await self._more.wait()

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        reader, muxer, begun = Reader(), Muxer(), False
        while data := await process.stdout.read(_READ):
            for picture in reader.feed(data):
                if not begun:
                    begun = True
                    sps, pps = reader.sps, reader.pps
                    self._take(beginning(Codec.H264, [], sps, pps, h264(sps[0])))
                stamp = picture.at_ms * (CLOCK_HZ // 1_000) & 0xFFFFFFFF
                self._take(muxer.picture(picture.nals, picture.key, stamp, self._came_ms(picture.at_ms)))

    def _came_ms(self, at_ms: int) -> float:
        """When the picture of this time came in."""
        came = 0.0
        while self._came and self._came[0][0] <= at_ms + 1:
            _, came = self._came.popleft()
        return came


async def _mute(process: Process) -> None:
    """What the program complains of is of no use to anybody; it must not fill the pipe."""
    assert process.stderr is not None
    while await process.stderr.read(_READ):
        pass


async def masked(init: Init, fragments: Collection[Fragment], polygons: Collection[Polygon]) -> list[Init | Fragment]:
    """A span of a stream through a mask, whole: for the past. Raises BrokenStream where nothing comes out."""
    found: list[Init | Fragment] = []
    masking = Masking(init, polygons, found.append)
    masking.all_of(fragments)
    masking.begin()
    await masking.done()
    if fragments and not found:
        raise BrokenStream("nothing could be decoded")
    return found
