"""The process of screens: API, live flow and the console's files, on granian."""

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
    return [("server", server.serve()), ("hub", hub.run()), *room_jobs("web", context)]


if __name__ == "__main__":
    run("web", jobs)
