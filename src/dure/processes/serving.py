"""Serving by granian until the process is told to end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from granian.server.embed import Server

_LAST_S = 3.0


async def serve(server: Server, last: Callable[[], Awaitable[None]] | None = None) -> None:
    """Serves until cancelled. `last` is done before the end, within 3 s: granian breaks off what is open then."""
    serving = asyncio.create_task(server.serve())
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        if last is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_S):
                    await last()
        server.stop()  # type: ignore[no-untyped-call]
        await asyncio.wait({serving}, timeout=1)
        raise
