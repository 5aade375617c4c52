"""The matrix against a running city: its doors answer as the readable table says, over HTTP and in the live flow.

A sample of every route each time; every cell with --long (and in `dure bench policy`).
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.contract.matrix import drive, oracle, table
from tests.contract.matrix.askers import INSIDE, OUTSIDE
from tests.contract.matrix.devices import Device, value
from tests.contract.matrix.drive import Drive, Report
from tests.contract.matrix.listening import heard_by_all
from tests.contract.matrix.oracle import AGENCIES, Cell
from tests.support import passing_folder
from tests.town import Town, running
from tests.video.screen import connect

SEED = 20261122
SAMPLE = 700
pytestmark = pytest.mark.timeout(600)


@dataclass
class City:
    """A running city of this module's own, and the loop that its clients live in."""

    runner: asyncio.Runner
    drive: Drive

    def ask(self, cells: list[Cell]) -> Report:
        return self.runner.run(self.drive.ask(cells))


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    with passing_folder() as folder, asyncio.Runner() as runner:
        life = running(folder / "city")
        town = runner.run(life.__aenter__())
        try:
            yield City(runner, Drive.of(town))
        finally:
            runner.run(life.__aexit__(None, None, None))


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
    """BOLA (OWASP API1:2023): every route that names a thing of somebody's, asked by those whose role would do, of its
    own agency, of another and of none.
    """
    cells = [
        cell
        for cell in oracle.cells()
        if oracle.about_one(table.by_route()[cell.route], cell.route)
        and cell.role in table.by_route()[cell.route].all | table.by_route()[cell.route].own
        and cell.asker == ("account" if "account" in table.by_route()[cell.route].needs else "token")
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
    report = city.ask(list(oracle.live()))
    sound(report)
    assert report.asked >= 50_000


# --- lists: filtered before they are counted and paged ---


def asked(city: City, role: str, agency: oracle.Agency, path: str, **query: str) -> httpx.Response:
    headers = city.drive.credentials[role, agency, "token"].headers
    transport = httpx.HTTPTransport(local_address=INSIDE)
    with httpx.Client(base_url=city.drive.town.url + "/api/v1", transport=transport, timeout=30) as client:
        return client.get(path, headers=headers, params=query)


def sent(
    city: City, role: str, agency: oracle.Agency, path: str, body: Any, *, asker: oracle.Asker = "token"
) -> httpx.Response:
    headers = city.drive.credentials[role, agency, asker].headers
    transport = httpx.HTTPTransport(local_address=INSIDE)
    with httpx.Client(base_url=city.drive.town.url + "/api/v1", transport=transport, timeout=30) as client:
        return client.post(path, headers=headers, json=body)


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


# --- who could see this, and why ---


@pytest.mark.parametrize(
    ("entity", "name", "route"),
    [
        ("incident", "incident_id", "GET /incidents/{incident_id}"),
        ("camera", "camera_id", "GET /cameras/{camera_id}"),
        ("import", "run_id", "GET /imports/{run_id}"),
        ("person", "person_id", "GET /people/{person_id}"),
    ],
)
def test_who_could_see_it_is_what_the_table_expects_of_each(city: City, entity: str, name: str, route: str) -> None:
    """The answer for every account and token is the one that they would get."""
    thing = city.drive.things.ids[name]
    answers: dict[str, bool] = {}
    cursor: str | None = None
    while True:
        page = {"cursor": cursor} if cursor else {}
        told = asked(city, "auditor", "none", "/policy/who", entity=entity, id=thing, limit="200", **page)
        assert told.status_code == 200, told.text
        answers |= {one["id"]: one["may"] for one in told.json()["items"]}
        for one in told.json()["items"]:
            assert one["why_text"]
            assert (one["missing"] == []) is one["may"]
        cursor = told.json()["next"]
        if cursor is None:
            break
    for (role, agency, asker), credential in city.drive.credentials.items():
        if role in oracle.MACHINES and asker == "suspended":
            assert str(credential.id) not in answers, "a revoked token is nobody's"
            continue
        cell = Cell(route, role, agency, network=True, purpose=True, asker=asker)
        assert answers[str(credential.id)] is oracle.expected(cell), cell
    log = asked(city, "auditor", "none", "/audit", action="policy.ask").json()["items"]
    assert (entity, thing) in {(line["entity"], line["entity_id"]) for line in log}


def test_only_those_who_may_or_may_not(city: City) -> None:
    query = {"entity": "camera", "id": city.drive.things.ids["camera_id"], "limit": "500"}
    yes = asked(city, "admin", "none", "/policy/who", **query, may="true").json()["items"]
    no = asked(city, "admin", "none", "/policy/who", **query, may="false").json()["items"]
    assert {one["may"] for one in yes} == {True}
    assert {one["may"] for one in no} == {False}
    for wrong, status in (({"entity": "cloud", "id": "x"}, 422), ({"entity": "camera", "id": "none"}, 404)):
        assert asked(city, "admin", "none", "/policy/who", **wrong).status_code == status
    assert asked(city, "admin", "none", "/policy/who", **query, action="person.open").status_code == 422


# --- the live flow ---


CHANGED = {"camera": "camera_id", "device": "device_id", "incident": "incident_id", "import_run": "heard_run"}
"""Live entities that the test changes, by the name of the changed thing's id."""


def test_the_live_flow_tells_each_listener_what_they_may_see(city: City) -> None:
    lines = {name: line for line in table.lines() for name in line.live}
    heard = city.runner.run(heard_by_all(city.drive))
    for (role, agency), told in heard.items():
        asker = Cell("", role, agency, network=True, purpose=False, asker="token")
        for entity, line in lines.items():
            if not oracle.may(line, asker):
                assert entity not in told.entities, (role, agency, entity)
        for entity, name in CHANGED.items():
            line = lines[entity]
            wanted = oracle.may(line, asker) and (line.thing is None or oracle.reaches(line, asker))
            assert (city.drive.things.ids[name] in told.values) is wanted, (role, agency, entity)
            assert (city.drive.things.ids[name] in told.ids) is wanted, (role, agency, entity, "the id alone")


@pytest.mark.parametrize("role", table.roles())
def test_a_snapshot_has_the_entities_that_one_may_see(city: City, role: str) -> None:
    for agency in AGENCIES:
        asker = Cell("", role, agency, network=True, purpose=False, asker="token")
        wanted = {name for line in table.lines() for name in line.live if oracle.may(line, asker)}
        assert set(asked(city, role, agency, "/snapshot").json()["entities"]) == wanted


# --- pictures: a ticket by HTTP, the picture by WebSocket ---


async def _shown(url: str, ticket: str, source: str) -> bool:
    """Whether the relay begins to show, to somebody at `source` with this ticket."""
    screen = await connect(url, source=source)
    try:
        await screen.say({"ticket": ticket})
        await screen.until(lambda one: one.said)
    finally:
        await screen.leave()
    return bool(screen.said[0]["type"] != "bye")


def _approved(city: City, role: str) -> None:
    """A view ticket for an officer of the first agency: asked for, and approved by somebody of the centre's."""
    asked_for = sent(city, role, "own", f"/incidents/{city.drive.things.ids['incident_id']}/video-tickets", _SEE)
    assert asked_for.status_code == 201, (role, asked_for.text)
    (ticket,) = asked_for.json()["items"]
    assert ticket["state"] == "requested", "no rule opens pictures of this kind of incident"
    approved = sent(city, "operator", "none", f"/video/tickets/{ticket['id']}/approve", {}, asker="account")
    assert approved.status_code == 200, approved.text
    assert approved.json()["state"] == "approved"


_SEE = {"purpose": "현장 확인"}


def test_pictures_are_shown_to_those_whom_the_table_lets_see_them(city: City) -> None:
    ids = city.drive.things.ids
    route = "POST /video/openings"
    body = {"camera_id": ids["camera_id"], "incident_id": ids["incident_id"], "purpose": "현장 확인"}
    given: list[dict[str, str]] = []
    for role in table.roles():
        for agency in AGENCIES:
            wanted = oracle.expected(Cell(route, role, agency, network=True, purpose=True, asker="token"))
            answer = sent(city, role, agency, "/video/openings", body)
            if wanted and role not in table.by_route()[route].all:
                assert answer.json()["key"] == "video.ticket.needed", "other agencies see what was approved for them"
                _approved(city, role)
                answer = sent(city, role, agency, "/video/openings", body)
            assert (answer.status_code == 201) is wanted, (role, agency, answer.text)
            if not wanted:
                assert answer.status_code in {403, 404}, answer.text
                continue
            given.append(answer.json())
            assert city.runner.run(_shown(given[-1]["url"], given[-1]["ticket"], INSIDE)), (role, agency)
    url, ticket = given[0]["url"], given[0]["ticket"]
    assert not city.runner.run(_shown(url, ticket, OUTSIDE)), "a ticket is good where it was given"
    for nonsense in ("", "durev_nonsense", city.drive.admin):
        assert not city.runner.run(_shown(url, nonsense, INSIDE))
    without = sent(city, "operator", "none", "/video/openings", {**body, "purpose": ""})
    assert without.status_code == 422, "no picture without a purpose"


# --- MQTT ---


def test_a_device_speaks_for_itself_alone_and_hears_nobody(city: City) -> None:
    """The table's `mqtt` is all that is let through: its own topic. Wildcards, others' topics, the engine's own and
    retained messages lead nowhere.
    """
    assert {topic for line in table.lines() for topic in line.mqtt} == {"publish city/<self>"}
    town = city.drive.town
    keys = {
        name: city.runner.run(town.device(name, lon=127.4, lat=36.6))
        for name in ("matrix-d1", "matrix-d2", "matrix-off")
    }
    off = city.runner.run(town.client.patch("/devices/matrix-off", json={"state": "off"}))
    assert off.status_code == 200, off.text

    def device(name: str, key: str) -> Device:
        return Device(town.mqtt_host, town.mqtt_port, name, key)

    for name, key in (
        ("matrix-d1", keys["matrix-d2"]),
        ("matrix-d1", ""),
        ("matrix-off", keys["matrix-off"]),
        ("nobody", keys["matrix-d1"]),
        ("matrix-d1", city.drive.admin),
        ("admin", city.drive.admin),
    ):
        stranger = device(name, key)
        assert not stranger.let_in(), (name, "let in with what is not its key")
        stranger.leave()
    said: dict[int, str] = {}
    for topic in (
        *("city/matrix-d1", "city/matrix-d2", "city", "city/matrix-d1/x", "/city/matrix-d1", "obs/p0", "dure/x"),
        *("$SYS/x", "$JS/API/INFO", "$MQTT/msgs/city/matrix-d2", "city/nobody"),
    ):
        one = device("matrix-d1", keys["matrix-d1"])
        assert one.let_in()
        said[value_ := value()] = topic
        one.publish(topic, value_, retain=topic == "city/matrix-d1")
        one.leave()
    own = next(iter(said))
    hearers = []
    for topic in (
        "#",
        "city/#",
        "+/+",
        "city/+",
        "city/matrix-d1",
        "city/matrix-d2",
        "$SYS/#",
        "$JS/#",
        "obs/#",
        "$MQTT/#",
    ):
        hearers.append(one := device("matrix-d1", keys["matrix-d1"]))
        assert one.let_in()
        one.subscribe(topic)
    other = device("matrix-d2", keys["matrix-d2"])
    assert other.let_in()
    said[last := value()] = "city/matrix-d2 by itself"
    other.publish("city/matrix-d2", last)
    other.leave()
    readings = city.runner.run(_readings(town, {"matrix-d1": own, "matrix-d2": last}))
    assert {name: [said[one] for one in found] for name, found in readings.items()} == {
        "matrix-d1": ["city/matrix-d1"],
        "matrix-d2": ["city/matrix-d2 by itself"],
    }
    for one in hearers:
        one.leave()
    assert [one.heard for one in hearers] == [[]] * len(hearers), "a device heard something"
    assert not any(granted for one in hearers for granted in one.granted), "a subscription was granted"


async def _readings(town: Town, until: dict[str, int]) -> dict[str, list[int]]:
    """What the city has of the two devices, once the last values have come."""
    async with asyncio.timeout(120):
        while True:
            found = {}
            for name in ("matrix-d1", "matrix-d2"):
                now = datetime.now(UTC)
                span = {"from": (now - timedelta(hours=1)).isoformat(), "to": (now + timedelta(hours=1)).isoformat()}
                rows = await town.items("/observations", device=name, property="heat", **span)
                found[name] = [round(row["value"]) for row in rows]
            if all(last in found[name] for name, last in until.items()):
                return found
            await asyncio.sleep(0.1)
