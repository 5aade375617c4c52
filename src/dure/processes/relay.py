"""The process of pictures: cameras in, screens out. Nothing that decides over life waits for it."""

from collections.abc import Iterable
from datetime import timedelta

from granian.constants import Interfaces
from granian.server.embed import Server

from dure.commands.simulate import cameras
from dure.engine.context import Context
from dure.processes.running import Job, room_jobs, run
from dure.processes.serving import serve
from dure.respond import pictures, warm
from dure.video.past.door import PastDoor
from dure.video.past.library import Library
from dure.video.past.recorder import Recorder
from dure.video.past.sweep import Limits
from dure.video.recorders.shelf import Shelf
from dure.video.serve import application


async def jobs(context: Context) -> Iterable[Job]:
    """The door, what looks after it, and the rooms' own tasks."""
    door, relay, care = application(context, pictures.standing)
    settings = context.settings
    server = Server(
        door,
        address=settings.host,
        port=settings.video_port,
        interface=Interfaces.ASGINL,
        websockets=True,
        log_access=False,
        ssl_cert=settings.tls_cert,
        ssl_key=settings.tls_key,
    )
    played: list[Job] = [("sample cameras", cameras.beside(context))] if cameras.wanted() else []
    limits = Limits(settings.recordings_bytes, timedelta(hours=settings.recordings_keep_h))
    recorder = Recorder(context.database, relay, settings.data, limits)
    shelf = Shelf(context)
    PastDoor(door, Library(context.database, recorder, shelf), door.veils.covers)
    own: list[Job] = [("door", serve(server, relay.end)), ("care", care), ("recorder", recorder.run())]
    own.append(("recorders' pictures", shelf.reels.care()))
    own.append(("warm cameras", warm.keep(context, relay, 5 if played else warm.MOST)))
    return [*own, *played, *room_jobs("relay", context)]


if __name__ == "__main__":
    run("relay", jobs)
