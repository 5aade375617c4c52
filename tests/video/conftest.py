"""Real cameras of the simulator, and real H.264 in fragmented MP4, made once."""

import subprocess
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from dure.commands.simulate.rtsp import Cameras
from dure.engine import ffmpeg
from dure.engine.database import Database
from dure.kernel.ids import new_id
from dure.trust.principal import Principal
from dure.trust.roles import Role

HERE = "127.0.0.1"
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


async def operator_of(database: Database) -> Principal:
    """An operator with an account and a session, as signing in would have made them."""
    account, session = new_id(), new_id()
    async with database.transaction() as tx:
        until = tx.now() + timedelta(hours=8)
        await tx.execute(
            text("insert into account (id, username, label) values (:id, 'oper-07', 'oper-07')"), {"id": account}
        )
        await tx.execute(
            text("insert into grant_role (account_id, role, granted_by) values (:id, 'operator', 'test')"),
            {"id": account},
        )
        await tx.execute(
            text(
                "insert into session (id, secret_hash, account_id, created_at, seen_at, expires_at, second) "
                "values (:id, :hash, :account, :now, :now, :until, true)"
            ),
            {"id": session, "hash": session.bytes, "account": account, "now": tx.now(), "until": until},
        )
    roles = frozenset({Role.OPERATOR})
    return Principal("account", account, "oper-07", roles, session_id=session, address=HERE, expires_at=until)
