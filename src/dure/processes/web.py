"""The process of screens: API, live flow and the console's files, on granian."""

from collections.abc import Iterable

from fastapi import FastAPI
from granian.constants import Interfaces
from granian.server.embed import Server

from dure import app
from dure.engine.context import Context
from dure.engine.settings import Settings
from dure.processes.running import Job, room_jobs, run
from dure.processes.serving import serve


async def jobs(context: Context) -> Iterable[Job]:
    """The server, the live hub, and the rooms' own tasks."""
    application, hub = app.web(context)
    server = server_of(application, context.settings)
    return [("server", serve(server, hub.end)), ("hub", hub.run()), *room_jobs("web", context)]


def server_of(application: FastAPI, settings: Settings) -> Server:
    """Granian, as the city has it. It takes no client's address from headers: that is the trust room's to decide."""
    return Server(
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


if __name__ == "__main__":
    run("web", jobs)
