"""The matrix against a running city: its doors answer as the readable table says, over HTTP and in the live flow.

A sample of every route each time; every cell with --long (and in `dure bench policy`).
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.matrix import drive, oracle, table
from tests.contract.matrix.askers import INSIDE
from tests.contract.matrix.drive import Drive, Report
from tests.contract.matrix.oracle import AGENCIES, Cell
from tests.town import running

SEED = 20261122
SAMPLE = 900


@dataclass
class City:
    """A running city of this module's own, and the loop that its clients live in."""

    runner: asyncio.Runner
    drive: Drive

    def ask(self, cells: list[Cell]) -> Report:
        return self.runner.run(self.drive.ask(cells))


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    folder = Path(tempfile.mkdtemp(prefix="dure-test-"))
    folder.chmod(0o711)
    with asyncio.Runner() as runner:
        life = running(folder / "city")
        town = runner.run(life.__aenter__())
        try:
            yield City(runner, Drive.of(town))
        finally:
            runner.run(life.__aexit__(None, None, None))
            shutil.rmtree(folder, ignore_errors=True)


def sound(report: Report) -> None:
    assert report.faults == {}, "no answer, or a fault"
    assert report.allowed == {}, "let through against the table"
    assert report.denied == {}, "refused against the table"


def test_a_sample_of_every_route_and_role_is_answered_as_the_table_says(city: City) -> None:
    cells = drive.sample(SEED, SAMPLE)
    report = city.ask(cells)
    sound(report)
    reachable = {cell.route for cell in cells if oracle.expected(cell)}
    assert sorted(reachable - set(report.passed)) == [], "nobody got through: refusals prove nothing"


def test_nothing_of_another_agency_is_reached_by_its_id(city: City) -> None:
    """BOLA (OWASP API1:2023): every route that names a thing of somebody's, by those of another agency and of none."""
    cells = [
        cell
        for cell in oracle.cells()
        if oracle.about_one(table.by_route()[cell.route], cell.route)
        and cell.asker == "token"
        and cell.network
        and cell.purpose
    ]
    report = city.ask(cells)
    sound(report)
    assert len({cell.route for cell in cells}) >= 20
    assert {cell.agency for cell in cells} == set(AGENCIES)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_cell_is_answered_as_the_table_says(city: City) -> None:
    report = city.ask(list(oracle.cells()))
    sound(report)
    assert report.asked >= 50_000


# --- lists: filtered before they are counted and paged ---


def asked(city: City, role: str, agency: oracle.Agency, path: str, **query: str) -> httpx.Response:
    headers = city.drive.credentials[role, agency, "token"].headers
    transport = httpx.HTTPTransport(local_address=INSIDE)
    with httpx.Client(base_url=city.drive.town.url + "/api/v1", transport=transport, timeout=30) as client:
        return client.get(path, headers=headers, params=query)


def sees(route: str, role: str, agency: oracle.Agency) -> bool:
    return oracle.expected(Cell(route, role, agency, network=True, purpose=True, asker="token"))


@pytest.mark.parametrize("role", table.roles())
def test_lists_counts_and_files_hold_what_one_may_see_and_nothing_else(city: City, role: str) -> None:
    ids = city.drive.things.ids
    for agency in AGENCIES:
        if not sees("GET /incidents", role, agency):
            continue
        wanted = sees("GET /incidents/{incident_id}", role, agency)
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = asked(city, role, agency, "/incidents", limit="1", **({"cursor": cursor} if cursor else {})).json()
            items += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
            assert page["items"], "an empty page between full ones tells of what was left out"
        assert (ids["incident_id"] in {one["id"] for one in items}) is wanted
        assert asked(city, role, agency, "/incidents/summary").json()["open"] == len(items)
        lines = asked(city, role, agency, "/incidents.csv").text.strip().splitlines()
        assert len(lines) - 1 == len(items)
        assert any(ids["receipt_no"] in line for line in lines) is wanted
        shown = asked(city, role, agency, "/snapshot").json()["entities"]["incident"]
        assert {one["id"] for one in shown} == {one["id"] for one in items}


@pytest.mark.parametrize("role", table.roles())
def test_imports_of_another_agency_are_not_listed(city: City, role: str) -> None:
    for agency in AGENCIES:
        if sees("GET /imports", role, agency):
            listed = {one["id"] for one in asked(city, role, agency, "/imports").json()["items"]}
            assert (city.drive.things.ids["run_id"] in listed) is sees("GET /imports/{run_id}", role, agency)


# --- the live flow ---


@dataclass
class Heard:
    """What one listener heard: entities that came with a value, and ids that came without."""

    entities: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)


async def _listen(url: str, headers: dict[str, str], after: int, until: asyncio.Future[int]) -> Heard:
    heard = Heard()
    transport = httpx.AsyncHTTPTransport(local_address=INSIDE)
    async with (
        httpx.AsyncClient(base_url=url + "/api/v1", transport=transport, timeout=60) as client,
        client.stream("GET", f"/events?after={after}", headers=headers) as flow,
    ):
        assert flow.status_code == 200
        event = ""
        async for line in flow.aiter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            elif line.startswith("data: "):
                told = json.loads(line.removeprefix("data: "))
                if event == "change":
                    (heard.hidden if told["value"] is None else heard.values).add(told["id"])
                    heard.entities.add(told["entity"])
                elif event == "beat" and until.done() and told["position"] >= until.result():
                    return heard
    return heard


async def _flow(city: City) -> dict[tuple[str, oracle.Agency], Heard]:
    """Everybody listens while a thing of each kind changes."""
    drive_, ids = city.drive, city.drive.things.ids
    client = drive_.town.client
    after = (await client.get("/health")).json()["position"]
    until: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    who = [(role, agency) for role in table.roles() for agency in AGENCIES]
    async with asyncio.TaskGroup() as group:
        listening = {
            key: group.create_task(_listen(drive_.town.url, drive_.credentials[*key, "token"].headers, after, until))
            for key in who
        }
        for path, body in (
            (f"/cameras/{ids['camera_id']}", {"name": "새 이름"}),
            (f"/devices/{ids['device_id']}", {"name": "새 이름"}),
        ):
            assert (await client.patch(path, json=body)).status_code == 200, path
        for path, said in (
            (f"/incidents/{ids['incident_id']}/severity", {"severity": "watch", "reason": "실시간 점검"}),
            (f"/alarms/{ids['alarm_id']}/acknowledge", {}),
        ):
            answer = await client.post(path, json=said)
            assert answer.status_code in {200, 201}, answer.text
        files = {"file": ("h.csv", "시설번호,위도,경도\nH-9,36.63,127.43\n".encode())}
        official = drive_.credentials["official", "own", "token"].headers
        transport = httpx.AsyncHTTPTransport(local_address=INSIDE)
        async with httpx.AsyncClient(base_url=client.base_url, transport=transport, timeout=30) as own:
            made = await own.post("/imports", data={"kind": "hydrants"}, files=files, headers=official)
            assert made.status_code == 201, made.text
            ids["heard_run"] = made.json()["id"]
        until.set_result((await client.get("/health")).json()["position"])
    return {key: task.result() for key, task in listening.items()}


CHANGED = {"camera": "camera_id", "device": "device_id", "incident": "incident_id", "import_run": "heard_run"}
"""Live entities that the test changes, by the name of the changed thing's id."""


def test_the_live_flow_tells_each_listener_what_they_may_see(city: City) -> None:
    lines = {name: line for line in table.lines() for name in line.live}
    heard = city.runner.run(_flow(city))
    for (role, agency), told in heard.items():
        asker = Cell("", role, agency, network=True, purpose=False, asker="token")
        for entity, line in lines.items():
            if not oracle.may(line, asker):
                assert entity not in told.entities, (role, agency, entity)
        for entity, name in CHANGED.items():
            line = lines[entity]
            wanted = oracle.may(line, asker) and (line.thing is None or oracle.reaches(line, asker))
            assert (city.drive.things.ids[name] in told.values) is wanted, (role, agency, entity)


@pytest.mark.parametrize("role", table.roles())
def test_a_snapshot_has_the_entities_that_one_may_see(city: City, role: str) -> None:
    for agency in AGENCIES:
        asker = Cell("", role, agency, network=True, purpose=False, asker="token")
        wanted = {name for line in table.lines() for name in line.live if oracle.may(line, asker)}
        assert set(asked(city, role, agency, "/snapshot").json()["entities"]) == wanted
