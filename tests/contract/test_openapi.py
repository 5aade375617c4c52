"""Every operation of the OpenAPI document against a running city, with garbage and with good values, as administrator
and as nobody: no 5xx, answers as documented, in bounded time and memory.
"""

import asyncio
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cbor2
import psutil
import pytest
import requests
import schemathesis
import schemathesis.specs.openapi.checks as openapi
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation

from dure import app
from dure.engine import edge
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from tests.support import passing_folder
from tests.town import Town, running, said

FLOW = "/api/v1/events"
OPEN = {
    ("get", "/api/v1/health"),
    ("post", "/api/v1/sessions"),
    ("post", "/api/v1/admin-link"),
    ("post", "/api/v1/password-reset"),
    ("get", "/api/v1/audit/checkpoints"),
    ("get", "/api/v1/audit/checkpoints/latest"),
    ("get", "/api/v1/audit/consistency"),
    ("get", "/api/v1/audit/keys"),
    ("post", "/api/v1/audit/cosignatures"),
    ("post", "/api/v1/privacy/sign-in"),
    ("post", "/api/v1/join"),
    ("post", "/api/v1/answers/open"),
    ("post", "/api/v1/answers"),
    ("post", "/api/v1/epidemic/self-check/open"),
    ("post", "/api/v1/epidemic/self-check"),
    ("get", "/api/v1/sign-in"),
    ("post", "/api/v1/sign-in/challenge"),
    ("post", "/api/v1/sessions/passkey"),
    ("post", "/api/v1/sessions/second"),
    ("post", "/api/v1/sso/start"),
    ("get", "/api/v1/sso/callback"),
    ("post", "/api/v1/sso/logout"),
    ("post", "/api/v1/notices/reports"),
    ("post", "/api/v1/doors/{agency_id}/events"),
}
"""All that answers somebody unknown."""
REFUSALS = {400, 401, 403, 404, 405, 413, 415, 422}
TIMEOUT_S = 30
MEMORY = 700 << 20
CHECKS: list[schemathesis.CheckFunction] = [
    not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_headers_conformance,
    openapi.response_schema_conformance,
]


@schemathesis.serializer("application/senml+cbor")
def as_cbor(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    return cbor2.dumps(value)


def described() -> dict[str, Any]:
    """The OpenAPI document; describing needs no engine."""
    nowhere = Settings(Path(), "postgresql://nowhere", "nats://nowhere")
    context = Context(nowhere, Database(nowhere.database_url), None, catalogue())  # type: ignore[arg-type]
    return edge.describe(app.web(context)[0])


DOCUMENT = described()
OPERATIONS: dict[str, APIOperation] = {
    found.ok().label: found.ok()
    for found in schemathesis.openapi.from_dict(DOCUMENT).exclude(path=FLOW).get_all_operations()
}
"""By method and path. They are given to pytest here and not by schemathesis, whose tests share one id: of such, workers
run one."""


RULE = """[[rule]]
id = "fuzzed"
name.ko = "시험"
name.en = "Test"
kinds = ["fire_detector"]
any = [{ property = "heat", op = ">=", value = 60, unit = "Cel" }]
severity = "notice"
stage = "pre_alarm"
[rule.sustained]
for = 5.0
"""
LIKELY = {"type": "fire", "toml": RULE, "agency": "fire", "agency_id": "fire", "lon": 127.43, "lat": 36.63}
"""Values that no generator hits upon."""


@dataclass
class Fuzzed:
    """A running city, the header of those who ask, and ids that exist by the path of their list."""

    url: str
    admin: dict[str, str]
    service: dict[str, str]
    operator: dict[str, str]
    town: Town
    ids: dict[str, list[str]] = field(default_factory=dict)

    def get(self, path: str) -> Any:
        answer = requests.get(self.url + path, headers=self.admin, timeout=TIMEOUT_S)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        answer = requests.post(self.url + path, json=body, headers=headers or self.admin, timeout=TIMEOUT_S)
        assert answer.status_code in {200, 201, 202}, (path, answer.text)
        return answer.json()

    def entitled(self, path: str) -> dict[str, str]:
        """Who may do what stands at this path."""
        if path.startswith("/api/v1/people"):
            return self.operator
        return self.service if path == "/api/v1/observations" else self.admin

    def settle(self, case: schemathesis.Case) -> None:
        """Give most cases what is there: ids, no version that was never read, words with a meaning. Behind it is the
        code.
        """
        draw = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode())
        for name in case.path_parameters or {}:
            head = case.operation.path.split("{" + name)[0].rstrip("/")
            if (known := self.ids.get(head)) and draw % 4:
                case.path_parameters[name] = known[draw // 4 % len(known)]
        if draw % 8:
            case.headers.pop("if-match", None)
        if isinstance(case.body, dict) and draw % 4:
            case.body.update({name: value for name, value in LIKELY.items() if name in case.body})


@pytest.fixture(scope="module")
def city() -> Iterator[Fuzzed]:
    """A sample city of this module's own, with something in each list."""
    with passing_folder() as folder, asyncio.Runner() as runner:
        life = running(folder / "city", "--sample")
        town = runner.run(life.__aenter__())
        try:
            who = {"admin": {"Authorization": town.client.headers["authorization"]}}
            for role in ("service", "operator"):
                words = ("token", "--role", role, "--data", str(town.folder))
                who[role] = {"Authorization": f"Bearer {runner.run(said(*words))}"}
            yield _filled(Fuzzed(town.url, town=town, **who))
        finally:
            runner.run(life.__aexit__(None, None, None))


def _filled(city: Fuzzed) -> Fuzzed:
    city.post("/api/v1/devices", {"id": "heat-1", "kind": "fire_detector", "lon": 127.43, "lat": 36.63, "name": "heat"})
    city.post("/api/v1/accounts", {"username": "oper-07", "roles": ["operator"]})
    city.post("/api/v1/incidents", {"type": "medical", "description": "쓰러짐", "source": "119"})
    here = {"type": "fire", "description": "시장 연기", "source": "operator", "lon": 127.43, "lat": 36.63}
    incident = city.post("/api/v1/incidents", here)["id"]
    handoff = {"agency": "fire", "kind": "joint", "note": "연기"}
    answer = requests.post(
        f"{city.url}/api/v1/incidents/{incident}/handoffs", json=handoff, headers=city.admin, timeout=TIMEOUT_S
    )
    assert answer.status_code == 201, answer.text
    upload = requests.post(
        city.url + "/api/v1/imports",
        data={"kind": "hydrants"},
        files={"file": ("hydrants.csv", "시설번호,위도,경도\nH-1,36.63,127.43\nH-2,0,0\n".encode("cp949"))},
        headers=city.admin,
        timeout=TIMEOUT_S,
    )
    assert upload.status_code == 201, upload.text
    now = time.time()
    hot = [{"n": "heat-1/heat", "u": "Cel", "v": 90, "t": now - 7 + n} for n in range(7)]
    assert city.post("/api/v1/observations", hot, city.service)["accepted"] == 7
    deadline = now + 3 * TIMEOUT_S
    while not city.get("/api/v1/alarms")["items"]:
        assert time.time() < deadline, "seven hot seconds make an alarm"
    for path, operations in DOCUMENT["paths"].items():
        # one's own token stays, or the rest would be done as nobody
        if "get" in operations and "{" not in path and path not in {FLOW, "/api/v1/tokens"}:
            answer = requests.get(city.url + path, headers=city.entitled(path), timeout=TIMEOUT_S)
            items = answer.json().get("items") if answer.ok and answer.text.startswith("{") else None
            if isinstance(items, list):
                city.ids[path] = [str(one.get("id", one.get("name"))) for one in items[:20] if isinstance(one, dict)]
    handoffs = city.get(f"/api/v1/incidents/{incident}")["handoffs"]
    city.ids["/api/v1/incidents/{incident_id}/handoffs"] = [one["id"] for one in handoffs if "id" in one]
    return city


def tried(city: Fuzzed, case: schemathesis.Case, headers: dict[str, str]) -> schemathesis.Response:
    """One request, checked against the document."""
    city.settle(case)
    response = case.call(base_url=city.url, headers=headers, timeout=TIMEOUT_S)
    case.validate_response(response, checks=CHECKS)
    return response


def try_all(city: Fuzzed, label: str, headers: dict[str, str] | None, *, examples: int) -> None:
    """Tries an operation with so many requests that fit the document and, where some can be made, as many that do
    not."""
    operation = OPERATIONS[label]
    shown = city.entitled(operation.path) if headers is None else headers

    @given(case=st.one_of(operation.as_strategy(mode) for mode in GenerationMode))
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def each(case: schemathesis.Case) -> None:
        tried(city, case, shown)

    each()


def test_the_link_that_the_start_prints_makes_the_first_administrator(city: Fuzzed) -> None:
    assert city.town.admin_link is not None
    link = city.town.admin_link.partition("#/setup?token=")[2]
    body = {"token": link, "username": "chief", "password": "correct horse battery"}
    with requests.Session() as browser:
        browser.headers["Origin"] = city.url
        api = city.url + "/api/v1"
        assert browser.post(f"{api}/admin-link", json=body, timeout=TIMEOUT_S).status_code == 201
        assert browser.get(f"{api}/me", timeout=TIMEOUT_S).json()["roles"] == ["admin"]
        assert browser.get(f"{api}/snapshot", timeout=TIMEOUT_S).status_code == 200
        assert browser.post(f"{api}/admin-link", json=body, timeout=TIMEOUT_S).status_code == 403
        browser.headers["Origin"] = "https://evil.example"
        assert browser.delete(f"{api}/sessions/current", timeout=TIMEOUT_S).status_code == 403
        browser.headers["Origin"] = city.url
        assert browser.delete(f"{api}/sessions/current", timeout=TIMEOUT_S).status_code == 204
        assert browser.get(f"{api}/me", timeout=TIMEOUT_S).status_code == 401


@pytest.mark.parametrize("label", OPERATIONS)
def test_as_administrator(label: str, city: Fuzzed) -> None:
    try_all(city, label, None, examples=6)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("label", OPERATIONS)
def test_as_administrator_for_long(label: str, city: Fuzzed) -> None:
    try_all(city, label, None, examples=300)


class _Somewhere(requests.adapters.HTTPAdapter):
    """Sends from an address of its own (all of 127/8 are this machine): strangers are counted by address, and so many
    from one are too many.
    """

    def __init__(self, name: str) -> None:
        draw = zlib.crc32(name.encode())
        self._address = f"127.53.{draw % 250}.{draw // 250 % 250 + 2}"
        super().__init__()

    def init_poolmanager(self, *words: Any, **named: Any) -> None:
        super().init_poolmanager(*words, **named, source_address=(self._address, 0))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (method, path)
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
        if method != "parameters"
    ],
)
def test_every_route_but_the_open_ones_asks_who_is_there(city: Fuzzed, method: str, path: str) -> None:
    url = city.url + path.replace("{", "").replace("}", "")
    with requests.Session() as stranger:
        stranger.mount("http://", _Somewhere(f"{method} {path}"))
        for headers in ({}, {"Authorization": "Bearer duret_nonsense"}):
            answer = stranger.request(method, url, headers=headers, timeout=TIMEOUT_S, stream=True)
            if (method, path) in OPEN:
                assert answer.status_code != 401, "an open route does not look at credentials"
            else:
                assert answer.status_code == 401
                assert answer.headers["content-type"] == "application/problem+json"
            answer.close()


def test_after_all_this_it_serves_and_its_memory_is_bounded(city: Fuzzed) -> None:
    assert city.get("/api/v1/health")["ok"] is True
    running_now = {one["name"]: one for one in city.get("/api/v1/engines")["items"]}
    for name in ("web", "stream", "work", "relay"):
        assert running_now[name]["restarts"] == 0, name
        assert psutil.Process(running_now[name]["pid"]).memory_info().rss < MEMORY, name
