"""From an approved request to a film in the receiver's hands and its destruction: real recordings, the real child and
programs, a real database, and the receiver's own verification.
"""

import asyncio
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine import ffmpeg
from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust.audit import search
from dure.trust.principal import system
from dure.trust.roles import Role
from dure.trust.room import ROOM as TRUST
from dure.video.export import model, running
from dure.video.room import ROOM as VIDEO
from tests.respond.conftest import clock, database, desk, opened, operator
from tests.support import open_room
from tests.trust.conftest import Made, account, hasher, signed_in
from tests.video.past.made import kept
from tests.video.test_openings import app

__all__ = ["app", "clock", "database", "desk", "hasher", "operator"]
pytestmark = pytest.mark.timeout(180)
ROOT = Path(__file__).parents[3]
LEFT = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]


@dataclass
class Officer:
    """Who asks, under an approved ticket for a file."""

    client: httpx.AsyncClient
    ticket: UUID
    incident: dict[str, Any]
    begin: datetime
    end: datetime

    async def ask(self, **more: Any) -> httpx.Response:
        form = {
            "incident_id": self.incident["id"],
            "camera_ids": ["C-0000"],
            "begin": self.begin.isoformat(),
            "end": self.end.isoformat(),
            "purpose": "방화 수사의 증거",
        }
        return await self.client.post("/video/exports", json={**form, **more})

    async def newest(self) -> dict[str, Any]:
        answer = await self.client.get("/video/exports")
        assert answer.status_code == 200, answer.text
        item: dict[str, Any] = answer.json()["items"][0]
        return item

    async def fetch(self, id_: str) -> httpx.Response:
        return await self.client.post(f"/video/exports/{id_}/download")


async def approved(database: Database, incident: dict[str, Any], who: Made, begin: datetime, end: datetime) -> UUID:
    """A ticket as V2's rooms approve it, for the officer at this address."""
    id_ = uuid4()
    async with database.transaction() as tx:
        await tx.execute(
            text(
                "insert into video_ticket (id, kind, incident_id, receipt_no, camera_ids, around, officer_kind, "
                "officer_id, officer_name, address, purpose, ground, document, past_from, past_until, state, "
                "requested_at, lasts_s, decided_at, decided_by, decided_name, expires_at) values (:id, 'export', "
                ":incident, :receipt, array['C-0000', 'C-0002'], false, 'account', :officer, 'fire-07', '127.0.0.1', "
                "'x', 'pipa-18-2-2', '수사과-2026-123', :begin, :end, 'approved', :now, 86400, :now, 'account:other', "
                "'lead-01', :until)"
            ),
            {
                "id": id_,
                "incident": UUID(incident["id"]),
                "receipt": incident["receipt_no"],
                "officer": who.id,
                "begin": begin,
                "end": end,
                "now": tx.now(),
                "until": tx.now() + timedelta(days=20),
            },
        )
    return id_


@pytest.fixture
async def officer(
    app: FastAPI, operator: httpx.AsyncClient, database: Database, clock: HeldClock, tmp_path: Path, h264: bytes
) -> AsyncIterator[Officer]:
    """Somebody of the fire service, with six seconds of a camera's past in two files and a gap between them."""
    open_room(app, TRUST.router)
    open_room(app, VIDEO.router)
    began = clock.now() - timedelta(hours=1)
    await kept(database, tmp_path, "C-0000", h264, began, began + timedelta(seconds=30))
    incident = await opened(operator)
    who = await account(database, "fire-07", Role.FIRE)
    ticket = await approved(database, incident, who, began - timedelta(hours=1), began + timedelta(minutes=30))
    client = await signed_in(app, who)
    yield Officer(client, ticket, incident, began + timedelta(seconds=1), began + timedelta(seconds=32))
    await client.aclose()


def verified(archive: Path, *more: str, program: Sequence[str] = (), language: str = "en") -> tuple[int, str]:
    """What the receiver's program says."""
    words = [sys.executable, "-P", *(program or [str(ROOT / "docs" / "verify_video.py")]), str(archive), *more]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "DURE_LANG": language}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    return done.returncode, done.stdout


def grey(film: Path) -> np.ndarray:
    words = [ffmpeg.program(), "-loglevel", "error", "-i", str(film), "-f", "rawvideo", "-pix_fmt", "gray"]
    out = subprocess.run([*words, "-fps_mode", "passthrough", "pipe:1"], capture_output=True, check=True).stdout
    return np.frombuffer(out, np.uint8).reshape(-1, 108, 192).astype(int)


async def steps(officer: Officer) -> list[str]:
    return [one["what"] for one in (await officer.newest())["steps"]]


async def test_a_film_is_made_masked_signed_fetched_three_times_and_destroyed(
    officer: Officer, app: FastAPI, database: Database, clock: HeldClock, tmp_path: Path
) -> None:
    context = app.state.context
    async with database.transaction() as tx:
        await tx.execute(
            text(
                "insert into video_mask (id, camera_id, polygons, reason, asked_at, asked_by, asked_name, holds_from) "
                "values (:id, 'C-0000', cast(:polygons as jsonb), '창', :now, 'a', 'a', :now)"
            ),
            {"id": uuid4(), "polygons": json.dumps([LEFT]), "now": tx.now() - timedelta(days=1)},
        )
    asked = await officer.ask(camera_ids=["C-0000", "C-0002"])
    assert asked.status_code == 201, asked.text
    item = asked.json()["items"][0]
    assert (item["state"], item["document"], item["mine"]) == ("waiting", "수사과-2026-123", True)
    assert (await officer.fetch(item["id"])).status_code == 409, "not ready"
    assert await running.step(context, _never())
    ready = await officer.newest()
    assert (ready["state"], ready["progress"]) == ("ready", 1.0), ready
    assert "haarcascade" in ready["detector"]

    got = await officer.fetch(item["id"])
    assert got.status_code == 200, got.text
    archive = tmp_path / "got.zip"
    archive.write_bytes(got.content)
    code, said = verified(archive)
    assert code == 0, said
    with zipfile.ZipFile(archive) as packed:
        told = json.loads(packed.read("manifest.json"))
        packed.extract("01-C-0000.mp4", tmp_path)
        key = packed.read("city.key").decode().strip()
    assert verified(archive, "--key", key)[0] == 0
    (film,) = told["films"]
    assert told["missing"] == ["C-0002"], "a camera without pictures is named"
    assert len(film["gaps"]) == 1, "and so is a gap within the stretch"
    assert told["right"] | {"requester": 0} == {
        "purpose": "방화 수사의 증거",
        "ground": "pipa-18-2-2",
        "document": "수사과-2026-123",
        "requester": 0,
        "approver": "lead-01",
    }
    assert film["masks"][0]["polygons"] == [LEFT]
    assert [one["what"] for one in told["custody"]] == ["asked", "begun"]
    pictures = grey(tmp_path / "01-C-0000.mp4")
    assert len(pictures) == film["pictures"] == 40, "two seconds of each of the two recordings, and not one more"
    middle = pictures[:, 30:70]
    assert np.abs(np.diff(middle[:, :, 4:90], axis=2)).max() < np.abs(np.diff(middle[:, :, 100:], axis=2)).max() / 2

    assert [(await officer.fetch(item["id"])).status_code for _ in range(3)] == [200, 200, 409]
    async with database.transaction() as tx:
        lines = await tx.scalar(text("select count(*) from video_disclosure where kind = 'export'"))
        audited = await tx.scalar(text("select count(*) from audit where action = 'video.export.download'"))
    assert (lines, audited) == (6, 3), "each camera of each download is in the register"
    async with database.transaction() as tx:
        seen = await search.read(tx, system("auditor"), search.Wanted(camera="C-0000"), after=None)
    saw = [one["purpose"] for one in seen if one["action"] == "video.export.camera"]
    assert len(saw) == 3, "who asks the log who saw this camera finds them"
    assert all(one.endswith("방화 수사의 증거") for one in saw), saw
    clock.advance(model.KEPT.total_seconds() + 1)
    await running.sweep(context)
    assert not list((tmp_path / "video" / "exports").iterdir()), "its time is over, the file is gone"
    async with database.transaction() as tx:
        assert await tx.scalar(text("select state from video_export")) == "destroyed"
        gone = await tx.scalar(text("select count(*) from video_export_step where what = 'destroyed'"))
    assert gone == 1, "and that is written down"


def _never() -> asyncio.Event:
    return asyncio.Event()


async def test_what_is_changed_on_the_way_is_told(officer: Officer, app: FastAPI, tmp_path: Path) -> None:
    await officer.ask()
    assert await running.step(app.state.context, _never())
    item = await officer.newest()
    archive = running.archive(tmp_path, UUID(item["id"]))
    with zipfile.ZipFile(archive) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}

    def changed(**more: bytes | None) -> tuple[int, str]:
        out = tmp_path / "changed.zip"
        with zipfile.ZipFile(out, "w") as packed:
            for name, content in {**files, **more}.items():
                if content is not None:
                    packed.writestr(name, content)
        return verified(out)

    film = files["01-C-0000.mp4"]
    assert changed()[0] == 0
    late = film[:-200] + bytes(100) + film[-100:]
    code, said = changed(**{"01-C-0000.mp4": late})
    assert (code, "from second" in said) == (1, True), said
    assert changed(**{"01-C-0000.mp4": None})[0] == 1
    assert changed(**{"02-more.mp4": b"more"})[0] == 1
    assert changed(**{"manifest.json": files["manifest.json"].replace(b"lead-01", b"lead-02")})[0] == 1
    assert changed(**{"manifest.note": files["manifest.note"].replace(b"v1", b"v2")})[0] == 1
    assert changed(**{"manifest.note": None})[0] == 1
    ours = ("-m", "dure.cli", "video", "verify")
    code, said = verified(tmp_path / "changed.zip", program=ours, language="ko")
    assert (code, said.splitlines()[0]) == (1, "바뀜: manifest.note 파일이 없습니다")
    code, said = verified(archive, "--json", program=ours, language="ko")
    told = json.loads(said)
    assert (code, told["state"]) == (0, "whole")
    assert told["said"][0].startswith("온전함: 도시가 만든 그대로입니다")
    assert verified(tmp_path / "nowhere.zip", program=ours)[0] == 2
    (tmp_path / "none.zip").write_bytes(b"nothing")
    assert verified(tmp_path / "none.zip")[0] == 1
    assert verified(tmp_path / "nowhere.zip")[0] == 2


async def test_what_no_approval_covers_is_not_made(
    officer: Officer, app: FastAPI, operator: httpx.AsyncClient, database: Database
) -> None:
    day = timedelta(hours=24)
    assert (await officer.ask(camera_ids=["C-0001"])).status_code == 409, "not a camera of the ticket"
    assert (await officer.ask(begin=(officer.begin - timedelta(hours=2)).isoformat())).status_code == 409
    assert (await officer.ask(begin=officer.end.isoformat(), end=officer.begin.isoformat())).status_code == 422
    assert (await officer.ask(begin=officer.begin.isoformat(), end=officer.begin.isoformat())).status_code == 422
    assert (await officer.ask(begin=(officer.end - day * 2).isoformat())).status_code == 422, "more than a day"
    assert (await officer.ask(end=(officer.end + day).isoformat())).status_code == 422, "not yet"
    assert (await officer.ask(camera_ids=[])).status_code == 422
    assert (await officer.ask(purpose="ok")).status_code in {403, 422}
    assert (await operator.get("/video/exports")).json()["items"] == []
    other = await signed_in(app, await account(database, "fire-08", Role.FIRE))
    await officer.ask()
    item = await officer.newest()
    assert (await other.get("/video/exports")).json()["items"] == []
    assert (await other.post(f"/video/exports/{item['id']}/download")).status_code == 404
    assert (await other.post(f"/video/exports/{item['id']}/cancel")).status_code == 404
    assert len((await operator.get("/video/exports")).json()["items"]) == 1, "the centre sees all"


async def test_an_empty_stretch_fails_and_a_cancelled_one_leaves_nothing(
    officer: Officer, app: FastAPI, tmp_path: Path
) -> None:
    context = app.state.context
    early = officer.begin - timedelta(minutes=30)
    await officer.ask(begin=early.isoformat(), end=(early + timedelta(minutes=1)).isoformat())
    assert await running.step(context, _never())
    failed = await officer.newest()
    assert (failed["state"], failed["why"]) == ("failed", "empty")
    await officer.ask()
    item = await officer.newest()
    cancelled = await officer.client.post(f"/video/exports/{item['id']}/cancel")
    assert cancelled.json()["items"][0]["state"] == "cancelled"
    assert not await running.step(context, _never())
    assert (await officer.client.post(f"/video/exports/{item['id']}/cancel")).status_code == 409
    assert await steps(officer) == ["asked", "cancelled"]
    assert not list((tmp_path / "video" / "exports").glob("*"))
