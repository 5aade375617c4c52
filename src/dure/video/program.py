"""Cameras whose pictures browsers cannot play as they are (Motion JPEG): the FFmpeg program fetches them and turns them
into H.264, as a program beside ours (docs/adr/0011).

It gets an address of numbers that has been judged, over its standard input: no name is looked up twice, and no login
stands in a list of processes. Only video is asked for and only video is passed on.
"""

import asyncio
import time
from asyncio.subprocess import Process
from collections.abc import Callable

from dure.engine import ffmpeg
from dure.video.model import Fragment, Init, Splitter
from dure.video.source import NoPicture, Trouble

_READ = 1 << 16
_SAID = 4_000
_PROBE = ("-fflags", "nobuffer", "-fpsprobesize", "0", "-analyzeduration", "1000000")
_CODED = ("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "30")
ENCODED = (
    *("-map", "0:v:0", "-an", "-sn", "-dn", *_CODED, "-threads", "1", "-f", "mp4"),
    *("-movflags", "frag_every_frame+empty_moov+default_base_moof", "-flush_packets", "1", "pipe:1"),
)
"""How FFmpeg is told to give the picture alone, as H.264 in fragments of one picture each, on its standard output."""


async def turned(address: str, seen: Callable[[Init | Fragment], None], left_s: Callable[[], float | None]) -> None:
    """One life of the program, until it ends or `left_s` says that nothing has come for too long. Raises NoPicture when
    it showed nothing, BrokenStream, OSError.
    """
    process = await ffmpeg.start(arguments(address), stdin=True)
    said = asyncio.create_task(last_words(process))
    shown = False
    try:
        assert process.stdin is not None
        process.stdin.write(script(address))
        process.stdin.close()
        shown = await read(process, seen, left_s)
    finally:
        await ffmpeg.end(process)
        words = await said
    if not shown:
        raise NoPicture(trouble_of(words))


async def read(process: Process, seen: Callable[[Init | Fragment], None], left_s: Callable[[], float | None]) -> bool:
    """Pass on what comes; whether there were pictures."""
    assert process.stdout is not None
    splitter, shown = Splitter(), False
    while (left := left_s()) is not None:
        try:
            async with asyncio.timeout(left):
                data = await process.stdout.read(_READ)
        except TimeoutError:
            continue
        if not data:
            break
        for piece in splitter.feed(data, time.time() * 1_000):
            shown = shown or isinstance(piece, Fragment)
            seen(piece)
    return shown


async def last_words(process: Process) -> str:
    """The end of what FFmpeg complains about."""
    assert process.stderr is not None
    words = b""
    while data := await process.stderr.read(_READ):
        words = (words + data)[-_SAID:]
    return words.decode("utf-8", "replace")


def arguments(address: str) -> list[str]:
    """What FFmpeg is told: nothing about whom it asks. The kinds of connections it may make are named; without `rtsp`
    among them it does not follow a camera that points to another host.
    """
    over = "tls,tcp" if address.lower().startswith("rtsps") else "tcp"
    return ["-protocol_whitelist", f"pipe,rtp,{over}", *_PROBE, "-f", "concat", "-safe", "0", "-i", "pipe:0", *ENCODED]


def script(address: str) -> bytes:
    """What FFmpeg reads from its standard input (its `ffconcat` form): the address, over TCP, video alone. Raises
    NoPicture for an address that could say more than an address.
    """
    if not address.isprintable() or any(sign in address for sign in "'\"\\ "):
        raise NoPicture(Trouble.NO_ADDRESS)
    lines = (
        "ffconcat version 1.0",
        f"file '{address}'",
        "option rtsp_transport tcp",
        "option allowed_media_types video",
        "option fflags nobuffer",
        "option fpsprobesize 0",
        "option analyzeduration 1000000",
    )
    return ("\n".join(lines) + "\n").encode()


def trouble_of(said: str) -> Trouble:
    """What went wrong, by what FFmpeg said. Its words name the address and stay here."""
    if "401" in said or "403" in said or "nauthorized" in said:
        return Trouble.LOGIN
    if any(word in said for word in ("refused", "timed out", "unreachable", "No route", "Network is", "reset by peer")):
        return Trouble.UNREACHABLE
    return Trouble.NO_PICTURE
