"""A process that is busy is left alone; one that hangs is started anew."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.engine.servers.pulse import STILL, UNWELL, Pulse
from dure.engine.servers.units import asked
from tests.town import Town, running


def verdicts(checks: list[tuple[bool, bool, int | None]]) -> list[bool]:
    pulse = Pulse()
    return [pulse.hung(well=well, spoke=spoke, beat=beat) for well, spoke, beat in checks]


def test_no_answer_and_no_beat_is_hung_after_six_checks() -> None:
    assert verdicts([(False, False, 7)] * (STILL + 1)) == [False] * STILL + [True]  # the first beat was news
    assert verdicts([(False, False, None)] * STILL) == [False] * (STILL - 1) + [True]


def test_a_busy_process_is_left_alone_for_minutes() -> None:
    busy: list[tuple[bool, bool, int | None]] = [(False, False, beat) for beat in range(UNWELL)]
    assert verdicts(busy) == [False] * (UNWELL - 1) + [True]


def test_what_says_that_the_database_is_away_is_left_alone_as_long() -> None:
    assert verdicts([(False, True, None)] * UNWELL) == [False] * (UNWELL - 1) + [True]


def test_the_count_begins_anew_once_it_was_ended() -> None:
    assert verdicts([(False, False, None)] * (2 * STILL)) == ([False] * (STILL - 1) + [True]) * 2


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 2)), max_size=200))
def test_nothing_is_ended_within_six_checks_of_a_sign_of_life(checks: list[tuple[bool, bool, int | None]]) -> None:
    for at, hung in enumerate(verdicts(checks)):
        last = checks[max(0, at - STILL + 1) : at + 1]
        if hung and at + 1 < UNWELL:
            assert len(last) == STILL
            assert not any(well or spoke for well, spoke, _ in last)
            assert len({beat for _, _, beat in last}) == 1


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(int(self.path.removeprefix("/")))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_answer_of_503_is_an_answer(page: str) -> None:
    assert asked(f"{page}/200") == "well"
    assert asked(f"{page}/503") == "unwell"


def test_silence_and_a_closed_door_are_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        assert asked(address, timeout_s=0.1) == "silent"
    assert asked(address, timeout_s=0.1) == "closed"


def web(town: Town) -> psutil.Process:
    """The process that answers."""
    noted = json.loads((town.folder / "run.json").read_text(encoding="utf-8"))
    return psutil.Process(noted["children"]["web"]["pid"])


async def told(town: Town, *words: str) -> str:
    """Waits for one of these words in the supervisor's log; the log."""
    file = town.folder / "logs" / "supervisor.log"
    async with asyncio.timeout(240):
        while True:
            log = file.read_text(encoding="utf-8")
            if any(one in log for one in words):
                return log
            await asyncio.sleep(0.5)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_city_whose_records_stand_still_keeps_its_web_process_and_a_frozen_one_comes_anew(
    reachable: Path,
) -> None:
    async with running(reachable / "city") as town:
        served_by = web(town)
        stopped = [one for one in town.supervisor.children(recursive=True) if one.name() == "postgres"]
        for one in stopped:
            one.suspend()
        try:
            log = await told(town, f"web: silent, {STILL + 1} times in a row", "does not answer")
        finally:
            for one in stopped:
                one.resume()
        assert "does not answer" not in log, "it only waited for the records"
        await town.healthy()
        assert web(town) == served_by
        served_by.suspend()
        await told(town, "web does not answer")
        await town.healthy()
        assert web(town) != served_by
