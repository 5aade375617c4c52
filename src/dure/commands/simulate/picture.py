"""The picture of a simulated camera: a moving pattern with the camera's id and a clock burnt in, encoded by the FFmpeg
program, and only while somebody watches.
"""

import asyncio
import contextlib
from collections.abc import Callable

from dure.commands.simulate.rtp import FlvReader, Unit
from dure.engine import ffmpeg

RATE = 15
_FONTS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts")
Seen = Callable[[Unit], None]


def arguments(camera: str, *, size: str, written: bool) -> list[str]:
    """What FFmpeg is told. Where it finds no typeface to write with, the pattern's own counter must do."""
    label = f"{camera.replace('-', chr(92) + '-')}  %{{gmtime\\:%T.%3N}}"
    text = f",drawtext=text='{label}':x=10:y=10:fontsize=24:fontcolor=white:box=1:boxborderw=6:boxcolor=black@0.75"
    picture = f"testsrc2=size={size}:rate={RATE}{text if written else ''}"
    encoded = f"-c:v libx264 -preset ultrafast -tune zerolatency -threads 1 -g {RATE} -crf 30 -pix_fmt yuv420p"
    out = "-flvflags no_duration_filesize -flush_packets 1 -f flv pipe:1"
    return ["-re", "-f", "lavfi", "-i", picture, *encoded.split(), *out.split()]


class Encoder:
    """One camera's picture for all who watch it."""

    def __init__(self, camera: str, size: str = "640x360") -> None:
        self.camera = camera
        self.parameters: tuple[bytes, ...] = ()
        self._size = size
        self._watchers: set[Seen] = set()
        self._task: asyncio.Task[None] | None = None
        self._described = asyncio.Event()

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
            self._task = None

    def _begin(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"picture {self.camera}")

    async def _run(self) -> None:
        for written in (True, False):
            process = await ffmpeg.start(arguments(self.camera, size=self._size, written=written))
            assert process.stdout is not None
            assert process.stderr is not None
            deaf = asyncio.create_task(_drain(process.stderr))
            reader = FlvReader()
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
