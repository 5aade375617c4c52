"""`dure vault reseal` on a running city with people and words in it: all sealed anew, read as before, the log whole."""

import asyncio
import json
from typing import Any

import pytest

from tests.town import DURE, Town, environment

WORDS = "다리를 다쳐 걷지 못함"
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def commanded(town: Town, *words: str, suite: str = "chacha20-poly1305") -> tuple[int, Any, str]:
    """Exit code, what was printed as JSON, and what was said beside."""
    process = await asyncio.create_subprocess_exec(
        *(*DURE, *words, "--json", "--data", str(town.folder)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**environment(), "DURE_VAULT_SUITE": suite},
    )
    out, told = await process.communicate()
    return process.returncode or 0, json.loads(out) if out else None, told.decode()


async def test_a_running_city_changes_its_suite_and_reads_what_it_had(town: Town) -> None:
    made = await town.client.post(
        "/incidents",
        json={
            "type": "medical",
            "source": "119",
            "description": WORDS,
            "caller": {"name": "남궁도연", "phone": "010-4567-1234"},
        },
    )
    assert made.status_code == 201, made.text
    incident = made.json()["id"]
    code, before, _ = await commanded(town, "vault", "status")
    assert (code, before["rotating"]) == (0, False)
    code, done, told = await commanded(town, "vault", "reseal")
    assert code == 0, told
    assert done["left"] == {}, "nothing in a city stays under the suite that it gave up"
    assert (done["resealed"] > 100, done["generation"]) == (True, before["generation"] + 1), done
    assert f"{done['resealed']:,} " in told, "it says how far it is"
    shown = (await town.client.get(f"/incidents/{incident}")).json()
    assert shown["description"] == WORDS
    found = await town.client.post("/people/find", json={"field": "phone", "value": "010-4567-1234"})
    assert [one["name"] for one in found.json()["items"]] == ["남**연"]
    code, again, told = await commanded(town, "vault", "reseal")
    assert (code, again["resealed"], again["left"]) == (0, 0, {}), told
    code, whole, told = await commanded(town, "audit", "verify")
    assert (code, whole["ok"], whole["reason"]) == (0, True, None), told
    code, _, told = await commanded(town, "vault", "status", suite="no-such-suite")
    assert code != 0
    assert "no-such-suite" in told
