"""A child is missing: from the guardian's report to the erasure, and who sees what meanwhile."""

import struct
import zlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.services.missing import looking, tables
from dure.trust import vault
from dure.trust.roles import Role
from tests.respond.conftest import MARKET, Desk, acted, keys, opened
from tests.support import differences, tables_of

WHY = {"purpose": "인상착의 확인"}


def png(comment: bytes = b"") -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    said = chunk(b"tEXt", b"Comment\0" + comment) if comment else b""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + said
        + chunk(b"IDAT", zlib.compress(b"\0" * 14))
        + chunk(b"IEND", b"")
    )


CHILD = {
    "person": {"name": "김새론", "birth_date": "2018-03-02"},
    "guardian": {"name": "김보호", "phone": "010-2222-3333"},
    "age": 8,
    "device_id": "band-1",
}


@pytest.fixture
async def case(operator: httpx.AsyncClient, database: Database, clock: HeldClock) -> dict[str, Any]:
    """An incident handed to the police, with the guardian's report taken and a photo kept."""
    async with database.transaction() as tx:
        await tx.execute(
            text(
                "insert into device (id, kind, name, latest, last_seen, state) values ('band-1', 'wander_band', '', "
                "jsonb_build_object('lon', jsonb_build_object('value', 127.39, 'at', cast(:at as text)), "
                "'lat', jsonb_build_object('value', 36.36, 'at', cast(:at as text))), :seen, 'ok')"
            ),
            {"at": clock.now().isoformat(), "seen": clock.now()},
        )
    incident = await opened(operator, type="missing_person", source="operator", lon=None, lat=None)
    await acted(operator, incident, "handoffs", agency="police", kind="transfer", note="")
    answer = await operator.post(f"/missing/{incident['id']}", json=CHILD)
    assert answer.status_code == 201, answer.text
    kept = await operator.put(f"/missing/{incident['id']}/photo", files={"photo": ("a.png", png(b"36.35,127.38"))})
    assert kept.status_code == 200, kept.text
    return incident


async def test_the_last_known_place_by_guardian_and_device(
    case: dict[str, Any], operator: httpx.AsyncClient, clock: HeldClock
) -> None:
    where = f"/missing/{case['id']}"
    began = clock.now()
    clock.advance(600)
    told = {
        "at": began.replace(minute=2).isoformat(),
        "source": "guardian",
        "lon": MARKET.lon,
        "lat": MARKET.lat,
        "words": "놀이터",
    }
    shown = (await operator.post(f"{where}/sightings", json=told)).json()
    assert [(one["source"], one["words"], one["last"]) for one in shown["trail"]] == [("guardian", "놀이터", True)]
    incident = (await operator.get(f"/incidents/{case['id']}")).json()
    assert (incident["place"]["lon"], len(incident["cameras"])) == (MARKET.lon, 5), "the cameras are around it"

    shown = (await operator.post(f"{where}/device")).json()
    assert [(one["source"], one["last"]) for one in shown["trail"]] == [("device", False), ("guardian", True)]
    assert (await operator.get(f"/incidents/{case['id']}")).json()["place"]["lon"] == MARKET.lon, (
        "older than what is known"
    )
    assert len((await operator.post(f"{where}/device")).json()["trail"]) == 2, "the same news again is none"
    later = {"at": clock.now().isoformat(), "source": "camera", "lon": 127.40, "lat": 36.34}
    shown = (await operator.post(f"{where}/sightings", json=later)).json()
    assert [one["last"] for one in shown["trail"]] == [False, False, True]
    incident = (await operator.get(f"/incidents/{case['id']}")).json()
    assert (incident["place"]["lon"], incident["place"]["name"]) == (127.40, None)
    assert keys(incident).count("missing_last") == 2
    ahead = {**later, "at": clock.now().replace(hour=5).isoformat()}
    assert (await operator.post(f"{where}/sightings", json=ahead)).json()["key"] == "missing.future"


async def test_the_photo_is_shared_with_whom_it_is_named_for_and_for_a_time(
    case: dict[str, Any], operator: httpx.AsyncClient, desk: Desk, clock: HeldClock, database: Database
) -> None:
    where = f"/missing/{case['id']}"
    police = await desk(Role.POLICE, "police")
    assert (await police.post(f"{where}/photo/look", json=WHY)).json()["key"] == "missing.not_shared"
    fire = await operator.post(f"{where}/shares", json={"agencies": ["fire"]})
    assert fire.json()["key"] == "missing.not_handed"
    shared = await operator.post(f"{where}/shares", json={"agencies": ["police"], "hours": 2})
    assert shared.json()["shares"][0]["agency_id"] == "police"
    assert (await police.post(f"{where}/photo/look", json={})).status_code == 422, "not without a reason"
    seen = await police.post(f"{where}/photo/look", json=WHY)
    assert (seen.status_code, seen.headers["x-photo-type"]) == (200, "image/png")
    assert seen.content == png(), "without what stood beside the picture"
    async with database.transaction() as tx:
        lines = await tx.rows(text("select actor_name, purpose from audit where action = 'missing.look' order by at"))
    assert [line["actor_name"] for line in lines] == ["police-07"]
    assert "인상착의 확인" in lines[0]["purpose"]
    assert (await police.get(where)).json()["shares"][0]["views"] == 1
    station = await desk(Role.FIRE, "fire")
    assert (await station.get(where)).status_code == 404, "it has not come to them"
    clock.advance(7_201)
    assert (await police.post(f"{where}/photo/look", json=WHY)).status_code == 403, "the time is over"
    await operator.post(f"{where}/shares", json={"agencies": ["police"]})
    assert (await police.post(f"{where}/photo/look", json=WHY)).status_code == 200
    assert (await operator.delete(f"{where}/shares/police")).status_code == 200
    assert (await police.post(f"{where}/photo/look", json=WHY)).status_code == 403


async def test_found_photo_and_trail_are_erased_and_what_was_provided_stays(
    case: dict[str, Any], operator: httpx.AsyncClient, desk: Desk, database: Database, clock: HeldClock, app: FastAPI,
    tmp_path: Path,
) -> None:  # fmt: skip
    where = f"/missing/{case['id']}"
    told = {
        "at": clock.now().isoformat(),
        "source": "guardian",
        "lon": MARKET.lon,
        "lat": MARKET.lat,
        "words": "놀이터",
    }
    await operator.post(f"{where}/sightings", json=told)
    await operator.post(f"{where}/shares", json={"agencies": ["police"]})
    async with database.transaction() as tx:
        mark = await tx.scalar(text("select mark_id from missing_person"))
    keys_of = vault.at(tmp_path)
    assert list(keys_of.key("incident", [mark])) == [mark]
    done = (await operator.post(f"{where}/end", json={"outcome": "found"})).json()
    assert (done["trail"], done["photo_at"], done["person"], done["outcome"]) == ([], None, None, "found")
    assert (done["shares"][0]["agency_id"], done["shares"][0]["ended_at"] is not None) == ("police", True)
    police = await desk(Role.POLICE, "police")
    assert (await police.post(f"{where}/photo/look", json=WHY)).json()["key"] == "missing.ended"
    assert (await operator.post(f"{where}/sightings", json=told)).status_code == 409
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from missing_sighting")) == 0
        assert await tx.scalar(text("select photo from missing_person")) is None
        why = await tx.scalar(text("select reason from destruction where subject_id = :id"), {"id": mark})
    assert why == "missing.found"
    assert list(keys_of.key("incident", [mark])) == [], "the key goes, here and in every copy"


async def test_an_incident_that_is_closed_does_not_keep_a_photo(
    case: dict[str, Any], operator: httpx.AsyncClient, app: FastAPI, database: Database, clock: HeldClock
) -> None:
    await acted(operator, case, "close", outcome="false", reason="집에 있었음")
    await looking.tidy(app.state.context)
    async with database.transaction() as tx:
        assert await tx.scalar(text("select photo is not null from missing_person")), (
            "somebody may still say how it ended"
        )
    clock.advance(3_601)
    await looking.tidy(app.state.context)
    await looking.tidy(app.state.context)
    async with database.transaction() as tx:
        assert await tx.scalar(text("select outcome from missing_person where photo is null")) == "closed"


async def test_what_is_not_taken(operator: httpx.AsyncClient, case: dict[str, Any]) -> None:
    assert (await operator.post(f"/missing/{case['id']}", json=CHILD)).json()["key"] == "missing.known"
    other = await opened(operator, external_ref="x")
    assert (await operator.post(f"/missing/{other['id']}", json=CHILD)).json()["key"] == "missing.other_kind"
    adult = await opened(operator, type="missing_person", lon=127.2, external_ref="y")
    told = {**CHILD, "age": 30}
    refused = await operator.post(f"/missing/{adult['id']}", json=told)
    assert (refused.status_code, refused.json()["key"]) == (422, "missing.ground")
    paper = {**told, "basis": "개인정보 보호법 제18조제2항제3호", "document": "여청-2026-11"}
    assert (await operator.post(f"/missing/{adult['id']}", json=paper)).status_code == 201
    script = await operator.put(f"/missing/{adult['id']}/photo", files={"photo": ("a.png", b"<svg onload=alert(1)>")})
    assert script.status_code == 422
    assert (await operator.post(f"/missing/{adult['id']}/shares", json={"agencies": ["police"]})).status_code == 409


def test_tables_and_migration_agree(database_url: str) -> None:
    ours = tables_of(tables)
    assert differences(database_url, ours) == []
    assert len(ours) == 3
