"""One camera's pictures over HTTP (Motion JPEG), turned into what browsers play. Redirects are not followed."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx

from dure.engine import ffmpeg
from dure.video.mjpeg.parts import Parts, Picture, boundary_of
from dure.video.model import Fragment, Init
from dure.video.program import ENCODED, last_words, read
from dure.video.rtsp.login import Login
from dure.video.source import NoPicture, Trouble, unproven

CONNECT_WITHIN_S = 3.0
ANSWER_WITHIN_S = 5.0
_WAITING = 1 << 19
"""Bytes that wait for the program: beyond them pictures are left out, so that what is shown is now."""
_PROGRAM = (
    *("-protocol_whitelist", "pipe", "-fflags", "nobuffer", "-analyzeduration", "0", "-fpsprobesize", "0"),
    *("-use_wallclock_as_timestamps", "1", "-f", "mpjpeg", "-i", "pipe:0", "-fps_mode", "passthrough"),
    *ENCODED,
)
Seen = Callable[[Init | Fragment], None]
Left = Callable[[], float | None]


async def fetched(address: str, seen: Seen, left_s: Left) -> None:
    """One life of the stream, until it ends or `left_s` says that nothing has come for too long; another size of its
    pictures is another beginning. Raises NoPicture, BrokenStream, OSError.
    """
    async with aclosing(pictures(address)) as coming:
        first = await _first(coming, left_s)
        while first is not None:
            first = await _turned(first, coming, seen, left_s)


async def pictures(address: str) -> AsyncGenerator[Picture, None]:
    """Pictures as they come. Raises NoPicture, BrokenStream, OSError."""
    parts = urlsplit(address)
    name, colon, password = parts.netloc.rpartition("@")[0].partition(":")
    login = Login(unquote(name), unquote(password)) if name or colon else None
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    timeout = httpx.Timeout(CONNECT_WITHIN_S, read=None)
    async with httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False, verify=unproven()) as client:
        try:
            answer = await _answer(client, bare, login)
            try:
                boundary = boundary_of(answer.headers.get("content-type", ""))
                if boundary is None:
                    raise NoPicture(Trouble.CODEC)
                body = Parts(boundary)
                async for data in answer.aiter_raw():
                    for picture in body.feed(data):
                        yield picture
            finally:
                await answer.aclose()
        except httpx.HTTPError as error:
            raise NoPicture(Trouble.UNREACHABLE) from error


async def _answer(client: httpx.AsyncClient, address: str, login: Login | None) -> httpx.Response:
    """An answer of success, its body yet to come. Raises NoPicture, httpx.HTTPError."""
    parts = urlsplit(address)
    where = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    while True:
        said = None if login is None else login.answer("GET", where)
        request = client.build_request("GET", address, headers={} if said is None else {"authorization": said})
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                answer = await client.send(request, stream=True)
        except TimeoutError as error:
            raise NoPicture(Trouble.STALLED) from error
        if answer.status_code == 200:
            return answer
        await answer.aclose()
        asked = answer.headers.get_list("www-authenticate")
        if answer.status_code == 401 and login is not None and login.hear(asked):
            continue
        raise NoPicture(Trouble.LOGIN if answer.status_code in (401, 403) else Trouble.NO_PICTURE)


async def _first(coming: AsyncIterator[Picture], left_s: Left) -> Picture | None:
    """The first picture; None where the stream ends. Raises NoPicture where it takes too long."""
    task = asyncio.ensure_future(anext(coming, None))
    try:
        while not task.done():
            left = left_s()
            if left is None:
                raise NoPicture(Trouble.STALLED)
            await asyncio.wait({task}, timeout=left)
        return task.result()
    finally:
        await _cancelled(task)


async def _turned(first: Picture, coming: AsyncIterator[Picture], seen: Seen, left_s: Left) -> Picture | None:
    """One life of the program: the first picture of another size, None where the stream has ended."""
    process = await ffmpeg.start(_PROGRAM, stdin=True)
    said = asyncio.create_task(last_words(process))
    feeding = asyncio.create_task(_feed(process, first, coming))
    try:
        await read(process, seen, left_s)
        return feeding.result() if feeding.done() else None
    finally:
        await _cancelled(feeding)
        await ffmpeg.end(process)
        await said


async def _feed(process: Process, first: Picture, coming: AsyncIterator[Picture]) -> Picture | None:
    """Give the program its pictures until one has another size."""
    assert process.stdin is not None
    picture: Picture | None = first
    try:
        while picture is not None and (picture.width, picture.height) == (first.width, first.height):
            if process.stdin.transport.get_write_buffer_size() <= _WAITING:
                head = b"--f\r\nContent-type: image/jpeg\r\nContent-length: %d\r\n\r\n" % len(picture.data)
                process.stdin.write(head + picture.data + b"\r\n")
            picture = await anext(coming, None)
        return picture
    finally:
        process.stdin.close()


async def _cancelled(task: "asyncio.Future[Picture | None]") -> None:
    """It goes on no more, and whatever it ended with has been looked at."""
    task.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await task
