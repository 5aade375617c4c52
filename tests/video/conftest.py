"""Real cameras of the simulator, and real H.264 in fragmented MP4, made once."""

import subprocess
from collections.abc import AsyncIterator

import pytest

from dure.commands.simulate.rtsp import Cameras
from dure.engine import ffmpeg

Served = tuple[Cameras, int]
FRAGMENTED = ("-movflags", "frag_every_frame+empty_moov+default_base_moof", "-f", "mp4", "pipe:1")


def made(*arguments: str) -> bytes:
    """What FFmpeg makes of a test picture."""
    source = ("-f", "lavfi", "-i", "testsrc2=size=192x108:rate=10")
    command = [ffmpeg.program(), "-loglevel", "error", *source, *arguments, "-t", "3", *FRAGMENTED]
    return subprocess.run(command, capture_output=True, check=True).stdout


@pytest.fixture(scope="session")
def h264() -> bytes:
    """Three seconds, a picture that stands by itself each second."""
    return made("-c:v", "libx264", "-preset", "ultrafast", "-g", "10")


@pytest.fixture
async def cameras() -> AsyncIterator[Served]:
    """Simulated cameras and their port."""
    simulated = Cameras()
    port = await simulated.open("127.0.0.1", 0)
    yield simulated, port
    await simulated.close()
