"""Recordings for tests: real pictures, written as the recorder writes them, at a wall clock of the test's choice."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from dure.engine.database import Database
from dure.video.model import Fragment, Init, Kept, Splitter
from dure.video.past import index
from dure.video.past.index import Recording
from dure.video.past.model import ms
from dure.video.past.recorder import Tape
from dure.video.past.writer import Writer


def pieces(stream: bytes) -> tuple[Init, list[Fragment]]:
    """A stream of the test's as it comes from the relay."""
    init, *pictures = Splitter().feed(stream)
    assert isinstance(init, Init)
    return init, [one for one in pictures if isinstance(one, Fragment)]


def came(pictures: list[Fragment], from_ms: int, *, at_s: float = 0.0) -> list[Fragment]:
    """These pictures, each when it was made, from this wall clock on; the camera's own clock from `at_s` on."""
    return [Fragment(one.data, one.key, at_s + one.at_s, from_ms + one.at_s * 1_000) for one in pictures]


class Taped:
    """A tape without a relay before it."""

    def __init__(self, folder: Path, lasts_ms: int = 300_000, camera_id: str = "S-1") -> None:
        self.folder = folder
        self.writer = Writer()
        self.kept: dict[str, Recording] = {}
        self.tape = Tape(camera_id, folder, self.writer, lambda one: self.kept.update({str(one.id): one}), lasts_ms)

    def done(self) -> list[Recording]:
        """Its recordings, all on the disk."""
        self.tape.end()
        self.writer.end()
        return sorted(self.kept.values(), key=lambda one: one.start_ms)


async def recorded(database: Database, *ids: str, days: int | None = None) -> None:
    """Cameras that are to be recorded."""
    async with database.transaction() as tx:
        for number, id_ in enumerate(ids):
            await tx.execute(
                text(
                    "insert into camera (id, site_id, number, name, lon, lat, stream_url, recorded, retention_days) "
                    "values (:id, :id, :number, :id, 127.4, 36.6, 'rtsp://127.0.0.1/x', true, :days)"
                ),
                {"id": id_, "number": number, "days": days},
            )


async def kept(database: Database, data: Path, camera_id: str, stream: bytes, *starts: datetime) -> list[Recording]:
    """A camera's pictures of three seconds from each of these moments on, on the disk and in the index."""
    init, pictures = pieces(stream)
    taped = Taped(index.folder_of(data), camera_id=camera_id)
    for number, start in enumerate(starts):
        taped.tape.begin(init, Kept())
        for one in came(pictures, ms(start), at_s=number):
            taped.tape.show(one)
        taped.tape.end()
    done = taped.done()
    async with database.transaction() as tx:
        await index.put(tx, [one.row() for one in done])
    return done
