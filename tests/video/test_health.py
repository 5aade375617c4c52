"""What the relay finds out about cameras reaches the registry: no picture, and pictures again."""

import asyncio

import pytest
from sqlalchemy import text

from dure.commands.simulate.rtsp import Fault
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.video import health
from dure.video.health import told
from dure.video.relay import Relay
from tests.respond.conftest import clock, database
from tests.video.conftest import Served
from tests.video.test_relay import Eye, found_at

__all__ = ["clock", "database"]
pytestmark = pytest.mark.timeout(120)


def test_only_what_is_new_is_told() -> None:
    assert told({"a": "login", "b": None}, {}) == ({"a": "login"}, set())
    assert told({"a": "login", "b": None}, {"a": "login", "b": "stalled"}) == ({}, {"b"})
    assert told({"a": "unreachable"}, {"a": "login"}) == ({"a": "unreachable"}, set())
    assert told({}, {"a": "login"}) == ({}, set()), "nobody looks at it: nothing is known of it"


async def test_a_camera_that_sends_rubbish_is_known_to_and_so_is_its_recovery(
    cameras: Served, database: Database, database_url: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "EVERY_S", 0.05)
    simulated, port = cameras
    simulated.faults = {"C-0001": Fault.RUBBISH}
    relay = Relay(found_at(port), kept_s=0.1)
    settings = Settings(tmp_path, database_url, "nats://nowhere")  # type: ignore[arg-type]
    context = Context(settings, database, None, catalogue())  # type: ignore[arg-type]
    caring = asyncio.create_task(health.care(context, relay))

    async def known(wanted: list[str]) -> None:
        async with asyncio.timeout(60):
            while True:
                async with database.transaction() as tx:
                    rows = await tx.rows(
                        text("select camera_id || ' ' || trouble as said from camera_health order by 1")
                    )
                if [row["said"] for row in rows] == wanted:
                    return

    with relay.watching("C-0001") as first, relay.watching("C-0002") as second:
        await Eye(second).until(lambda eye: eye.states[-1:] == ["live"])
        await Eye(first).until(lambda eye: eye.states[-1:] == ["failed"])
        await known(["C-0001 no_picture"])
        simulated.faults = {}
        await known([])
    caring.cancel()
    await asyncio.wait({caring})
    await relay.end()
