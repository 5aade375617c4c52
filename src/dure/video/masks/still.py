"""One picture of a camera to draw masks on: with what is covered now covered, fetched for it alone."""

import asyncio
import tempfile
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from dure.engine import ffmpeg
from dure.kernel.errors import Unavailable
from dure.video.masks.program import graph
from dure.video.masks.shapes import Polygon, plane
from dure.video.model import Fragment, Init
from dure.video.relay import Find, Relay, Viewer

WITHIN_S = 8.0


async def picture(find: Find, camera_id: str, polygons: Collection[Polygon]) -> bytes:
    """A JPEG. Raises Unavailable with the reason where the camera shows nothing."""
    relay = Relay(find, kept_s=0)
    try:
        with relay.watching(camera_id) as viewer:
            async with asyncio.timeout(WITHIN_S):
                init, fragment = await _first(viewer)
    except TimeoutError as error:
        raise Unavailable("video.still.none") from error
    finally:
        await relay.end()
    return await _jpeg(init, fragment, polygons)


async def _first(viewer: Viewer) -> tuple[Init, Fragment]:
    init: Init | None = None
    while True:
        await viewer.woken.wait()
        viewer.woken.clear()
        while viewer.said:
            said = viewer.said.popleft()
            if said["state"] == "failed":
                raise Unavailable("video.still.none")
        if viewer.init is not None:
            init, viewer.init = viewer.init, None
        while (fragment := viewer.queue.take()) is not None:
            if init is not None and fragment.key:
                return init, fragment


async def _jpeg(init: Init, fragment: Fragment, polygons: Collection[Polygon]) -> bytes:
    pixels = await asyncio.to_thread(plane, polygons, init.width, init.height)
    with tempfile.TemporaryDirectory(prefix="dure-mask-") as folder:
        mask = Path(folder) / "mask.gray"
        mask.write_bytes(pixels)
        shape = f"-f rawvideo -pixel_format gray -video_size {init.width}x{init.height} -framerate 1"
        words = [
            *("-fpsprobesize", "0", "-f", "mp4", "-i", "pipe:0", *shape.split(), "-i", str(mask)),
            *("-filter_complex", graph(init.width, init.height), "-map", "[out]", "-frames:v", "1"),
            *("-c:v", "mjpeg", "-q:v", "4", "-pix_fmt", "yuvj420p", "-f", "image2pipe", "pipe:1"),
        ]
        process = await ffmpeg.start(words, stdin=True)
        try:
            with suppress(ConnectionError):
                out, _ = await asyncio.wait_for(process.communicate(init.data + fragment.data), WITHIN_S)
        except TimeoutError as error:
            raise Unavailable("video.still.none") from error
        finally:
            await ffmpeg.end(process)
    if not out:
        raise Unavailable("video.still.none")
    return out
