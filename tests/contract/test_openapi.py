"""Every operation of the OpenAPI document against a running city, with garbage and with good values, as administrator
and as nobody: no 5xx, answers as documented, in bounded time and memory.
"""

import asyncio
import shutil
import tempfile
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
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error

from dure import app
from dure.engine import edge
from dure.engine.context import Context
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from tests.town import Town, running

FLOW = "/api/v1/events"
OPEN = {
    ("get", "/api/v1/health"),
    ("post", "/api/v1/sessions"),
    ("post", "/api/v1/admin-link"),
    ("post", "/api/v1/password-reset"),
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


def _document() -> dict[str, Any]:
    """The OpenAPI document; describing needs no engine."""
    nowhere = Settings(Path(), "postgresql://nowhere", "nats://nowhere")
    context = Context(nowhere, None, None, catalogue())  # type: ignore[arg-type]
    return edge.describe(_application(context))


def _application(context: Context) -> Any:
    class _NoDatabase:
        url = ""

    object.__setattr__(context, "database", _NoDatabase())
    return app.web(context)[0]


DOCUMENT = _document()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT).exclude(path=FLOW)


@dataclass
class Fuzzed:
    """A running city, the administrator's header, and ids that exist by the path of their list."""

    url: str
    admin: dict[str, str]
    town: Town
    ids: dict[str, list[str]] = field(default_factory=dict)

    def get(self, path: str) -> Any:
        answer = requests.get(self.url + path, headers=self.admin, timeout=TIMEOUT_S)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def settle(self, case: schemathesis.Case) -> None:
        """Give half of the cases the id of something that is there: behind it is where the code is."""
        for name, value in (case.path_parameters or {}).items():
            head = case.operation.path.split("{" + name)[0].rstrip("/")
            known = self.ids.get(head, [])
            draw = zlib.crc32(repr(value).encode())
            if known and draw % 2:
                case.path_parameters[name] = known[draw // 2 % len(known)]


@pytest.fixture(scope="module")
def city() -> Iterator[Fuzzed]:
    """A sample city of this module's own, with something in each list."""
    folder = Path(tempfile.mkdtemp(prefix="dure-test-"))
    folder.chmod(0o711)
    with asyncio.Runner() as runner:
        life = running(folder / "city", "--sample")
        town = runner.run(life.__aenter__())
        try:
            yield _filled(Fuzzed(town.url, {"Authorization": town.client.headers["authorization"]}, town))
        finally:
            runner.run(life.__aexit__(None, None, None))
            shutil.rmtree(folder, ignore_errors=True)


def _filled(city: Fuzzed) -> Fuzzed:
    made = [
        ("/incidents", {"type": "fire", "description": "시장 연기", "source": "operator", "lon": 127.43, "lat": 36.63}),
        ("/incidents", {"type": "medical", "description": "갇힘", "source": "119"}),
        ("/accounts", {"username": "oper-07", "roles": ["operator"]}),
        ("/devices", {"id": "heat-1", "kind": "fire_detector", "lon": 127.43, "lat": 36.63, "name": "heat"}),
    ]
    for path, body in made:
        answer = requests.post(f"{city.url}/api/v1{path}", json=body, headers=city.admin, timeout=TIMEOUT_S)
        assert answer.status_code in {200, 201}, (path, answer.text)
    for path, operations in DOCUMENT["paths"].items():
        # one's own token stays, or the rest would be done as nobody
        if "get" in operations and "{" not in path and path not in {FLOW, "/api/v1/tokens"}:
            answer = requests.get(city.url + path, headers=city.admin, timeout=TIMEOUT_S)
            items = answer.json().get("items") if answer.ok and answer.text.startswith("{") else None
            if isinstance(items, list):
                city.ids[path] = [str(one.get("id", one.get("name"))) for one in items[:20] if isinstance(one, dict)]
    return city


def tried(city: Fuzzed, case: schemathesis.Case, headers: dict[str, str]) -> schemathesis.Response:
    """One request, checked against the document."""
    city.settle(case)
    response = case.call(base_url=city.url, headers=headers, timeout=TIMEOUT_S)
    case.validate_response(response, checks=CHECKS)
    return response


def budget(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))


@SCHEMA.parametrize()
@budget(6)
def test_as_administrator(case: schemathesis.Case, city: Fuzzed) -> None:
    tried(city, case, city.admin)


@pytest.mark.long
@pytest.mark.timeout(1800)
@SCHEMA.parametrize()
@budget(300)
def test_as_administrator_for_long(case: schemathesis.Case, city: Fuzzed) -> None:
    tried(city, case, city.admin)


@SCHEMA.parametrize()
@budget(2)
def test_as_nobody(case: schemathesis.Case, city: Fuzzed) -> None:
    response = tried(city, case, {})
    if (case.method.lower(), case.operation.path) not in OPEN:
        assert response.status_code in REFUSALS


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
    for headers in ({}, {"Authorization": "Bearer duret_nonsense"}):
        answer = requests.request(method, url, headers=headers, timeout=TIMEOUT_S, stream=True)
        if (method, path) in OPEN:
            assert answer.status_code != 401, "an open route does not look at credentials"
        else:
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/problem+json"
        answer.close()


def test_after_all_this_it_serves_and_its_memory_is_bounded(city: Fuzzed) -> None:
    assert city.get("/api/v1/health")["ok"] is True
    running_now = {one["name"]: one for one in city.get("/api/v1/engines")["items"]}
    for name in ("web", "stream", "work"):
        assert running_now[name]["restarts"] == 0, name
        assert psutil.Process(running_now[name]["pid"]).memory_info().rss < MEMORY, name
