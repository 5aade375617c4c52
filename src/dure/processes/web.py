"""The process of screens: API, live flow and the console's files, on granian."""

import asyncio
from collections.abc import Iterable

from granian.constants import Interfaces
from granian.server.embed import Server

from dure import app
from dure.engine.context import Context
from dure.processes.running import Job, room_jobs, run


async def jobs(context: Context) -> Iterable[Job]:
    """The server, the live hub, and the rooms' own tasks."""
    application, hub = app.web(context)
    settings = context.settings
    server = Server(
        application,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        websockets=False,
        log_access=False,
        backlog=8192,
        backpressure=8192,
        ssl_cert=settings.tls_cert,
        ssl_key=settings.tls_key,
    )
    return [("server", _serve(server)), ("hub", hub.run()), *room_jobs("web", context)]


async def _serve(server: Server) -> None:
    """Serves until cancelled. Granian ends its workers, and with them open flows, by its own word only."""
    serving = asyncio.create_task(server.serve())
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.stop()  # type: ignore[no-untyped-call]
        await asyncio.wait({serving}, timeout=1)
        raise


if __name__ == "__main__":
    run("web", jobs)
