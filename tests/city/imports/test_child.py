"""The child that does a run's heavy part: what it loads, and that a person need not wait for it."""

import os
import subprocess
import sys

import pytest

from dure.city.imports import jobs
from dure.trust.roles import Role
from tests.city.conftest import Client
from tests.city.imports.test_runs import MARKET, settled


async def test_a_file_that_takes_longer_is_asked_after(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "WAIT_S", 0)
    http = await client(Role.ADMIN)
    answer = await http.post("/imports", data={"kind": "markets"}, files={"file": ("a.csv", MARKET.encode())})
    assert (answer.status_code, answer.json()["state"], answer.json()["rows"]) == (201, "reading", None)
    run = await settled(http, answer.json())
    assert (run["state"], run["counts"]["added"]) == ("ready", 1)  # type: ignore[index]


def test_the_child_loads_no_web_server() -> None:
    """It starts for every file: what it loads and does not need, somebody waits for."""
    modules = [
        "dure.city.imports.child",
        "dure.services.epidemic.kinds",
        "dure.services.epidemic.care.files",
        "dure.services.epidemic.quarantine.files",
        "dure.services.epidemic.screening.files",
        "dure.services.market_fire.plan.files",
    ]
    heavy = {"fastapi", "starlette", "pydantic", "granian", "httpx", "cv2", "pyarrow", "duckdb", "scipy"}
    code = f"import sys, {', '.join(modules)}; print(*sorted({heavy!r} & set(sys.modules)))"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=env)
    assert told.stdout.split() == []
