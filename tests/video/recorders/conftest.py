"""A simulated recorder with films of its own, at sockets of this machine."""

import subprocess
import time
from collections.abc import AsyncIterator

import pytest

from dure.commands.simulate.archive import Archive, Film, Recording, Stretch
from dure.commands.simulate.rtp import FlvReader
from dure.engine import ffmpeg

LOGIN = "viewer:hunter2"
MINUTE = 60_000


def drawn(size: str = "192x108") -> Film:
    """Six seconds of a test picture, one a second that stands by itself."""
    source = ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=10", "-t", "6", "-pix_fmt", "yuv420p")
    command = [ffmpeg.program(), "-loglevel", "error", *source, "-c:v", "libx264", "-preset", "ultrafast", "-g", "10"]
    reader = FlvReader()
    units = reader.feed(subprocess.run([*command, "-f", "flv", "pipe:1"], capture_output=True, check=True).stdout)
    assert len(units) == 60
    return Film(units, reader.parameters, 6_000)


@pytest.fixture(scope="session")
def film() -> Film:
    """Drawn once."""
    return drawn()


@pytest.fixture
def begun() -> int:
    """An hour ago, on a whole second: when the recorder's recordings begin (milliseconds since 1970)."""
    return round(time.time() - 3_600) * 1_000


@pytest.fixture
async def archive(film: Film, begun: int) -> AsyncIterator[Archive]:
    """A recorder with two cameras: ten minutes, five minutes of nothing, and ten minutes again; and an hour without."""
    made = Archive(login=LOGIN)
    there = [Stretch(begun, begun + 10 * MINUTE, film), Stretch(begun + 15 * MINUTE, begun + 25 * MINUTE, film)]
    made.kept.recordings["T-1"] = Recording("정문", there)
    made.kept.recordings["T-2"] = Recording("후문", [Stretch(begun, begun + 60 * MINUTE, film)], going=True)
    await made.open()
    yield made
    await made.close()


def address(archive: Archive, login: str = LOGIN) -> str:
    """Where it is asked, with a login."""
    told = archive.finding.address("NVR")
    return told.replace("http://", f"http://{login}@") if login else told
