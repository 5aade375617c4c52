"""The log over HTTP: search, a line with its proof, the city's word for all, witnesses, the export; and fail closed."""

import io
import re
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.database import Database, Tx
from dure.engine.settings import Settings
from dure.kernel.clock import HeldClock
from dure.trust import audit
from dure.trust.audit import api, checkpoints, keys, lines, merkle, note, search
from dure.trust.principal import Principal
from dure.trust.purposes import cases
from dure.trust.roles import Role
from dure.trust.vault import reasons
from tests.trust.audit.making import offline
from tests.trust.conftest import bearer, principal, token

SEEN = UUID(int=9)


@pytest.fixture
async def auditor(database: Database) -> dict[str, str]:
    return bearer(await token(database, Role.AUDITOR))


@pytest.fixture
async def admin(database: Database) -> dict[str, str]:
    return bearer(await token(database, Role.ADMIN))


async def watched(database: Database, clock: HeldClock) -> None:
    """Camera 12 yesterday and today, another camera, a person; seven lines."""
    who = principal(Role.OPERATOR)
    for day in range(2):
        for camera in ("cam-12", "cam-13"):
            async with database.transaction() as tx:
                await audit.record(
                    tx, who, "video.open", "camera", camera, purpose=f"화재 확인 {day}", case=f"case-{day}"
                )
            clock.advance(60)
        clock.advance(86_400 - 120)
    async with database.transaction() as tx:
        await audit.record(tx, who, "person.open", "person", SEEN, purpose="Call back", person_id=SEEN)
        await audit.record(tx, who, "incident.close", "incident", "case-1")
        await audit.record(tx, None, "request.refuse", "x", "GET /audit", outcome="denied", address="10.9.9.9")


async def sign(database: Database, settings: Settings) -> None:
    async with database.transaction() as tx:
        await checkpoints.make(tx, keys.signer(settings.data))


async def test_who_saw_camera_12_yesterday_and_why(
    database: Database, client: httpx.AsyncClient, clock: HeldClock, auditor: dict[str, str]
) -> None:
    began = clock.now()
    await watched(database, clock)
    asked = {"camera": "cam-12", "since": began.isoformat(), "until": (began + timedelta(days=1)).isoformat()}
    answer = (await client.get("/audit", params=asked, headers=auditor)).json()
    (seen,) = answer["items"]
    assert (seen["actor_name"], seen["action"], seen["purpose"], seen["case_id"], seen["address"]) == (
        *("oper-07", "video.open", "화재 확인 0", "case-0", "10.1.2.3"),
    )
    asked = {"action": "audit.read"}
    (line,) = (await client.get("/audit", params=asked, headers=auditor)).json()["items"]
    assert line["entity_id"].startswith("camera=cam-12, since=")


ASKED: list[tuple[dict[str, str], int]] = [
    ({"who": "oper-0"}, 6),
    ({"actor": f"account:{UUID(int=7)}"}, 6),
    ({"address": "10.9.9.9"}, 1),
    ({"action": "video."}, 4),
    ({"action": "video.open", "entity": "camera", "entity_id": "cam-13"}, 2),
    ({"camera": "cam-12"}, 2),
    ({"person_id": str(SEEN)}, 1),
    ({"case": "case-1"}, 3),
    ({"purpose": "call BACK"}, 1),
    ({"purpose": "100%"}, 0),
    ({"outcome": "denied"}, 1),
    ({"agency": "fire"}, 0),
    ({"who": "oper-07", "case": "case-0", "camera": "cam-13", "outcome": "ok"}, 1),
]


async def test_each_question_has_its_answer(
    database: Database, client: httpx.AsyncClient, clock: HeldClock, auditor: dict[str, str]
) -> None:
    until = {"until": (clock.now() + timedelta(days=3)).isoformat()}
    await watched(database, clock)
    clock.advance(86_400 * 3)  # what the questions themselves leave is later
    auditor = bearer(await token(database, Role.AUDITOR))
    for asked, found in ASKED:
        answer = await client.get("/audit", params=asked | until, headers=auditor)
        assert len(answer.json()["items"]) == found, (asked, answer.text)
    moment = {"since": until["until"], "until": until["until"]}
    assert (await client.get("/audit", params=moment, headers=auditor)).json()["items"] == [], "no span is empty"


async def test_words_are_found_however_far_back_they_stand(
    database: Database, client: httpx.AsyncClient, auditor: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    who = principal(Role.OPERATOR)
    for n in range(7):
        async with database.transaction() as tx:
            why = await reasons.sealed(tx, who, "방문 전 연락" if n == 0 else f"다른 일 {n}")
            await audit.record(tx, who, "person.open", "person", SEEN, purpose=why)
    asked = {"purpose": "방문", "limit": "1", "action": "person."}
    for batch in (500, 2):
        monkeypatch.setattr(search, "_BATCH", batch)
        found = (await client.get("/audit", params=asked, headers=auditor)).json()
        assert [one["purpose"] for one in found["items"]] == ["방문 전 연락"]
        assert found["next"] is None


@pytest.fixture
def numbered() -> Iterator[None]:
    """A room whose cases people know by a number: case-1 is 2026-1; case-0 went into it."""

    async def numbers(_tx: Tx, ids: Collection[str]) -> dict[str, str]:
        return {one: "2026-1" for one in ids if one == "case-1"}

    async def meant(_tx: Tx, named: str) -> list[str]:
        return ["case-1", "case-0"] if named == "2026-1" else []

    async def find(_tx: Tx, _who: Principal, _named: str) -> None:
        return None

    before = list(cases.known().values())
    cases.install([cases.CaseKind("incident", find, numbers, meant), cases.CaseKind("plain", find)])
    yield
    cases.install(before)


@pytest.mark.usefixtures("numbered")
async def test_a_case_is_found_and_shown_by_the_number_that_people_know(
    database: Database, client: httpx.AsyncClient, clock: HeldClock, auditor: dict[str, str]
) -> None:
    await watched(database, clock)
    found = (await client.get("/audit", params={"case": "2026-1"}, headers=auditor)).json()["items"]
    shown = [(one["entity_id"], one["case_id"], one["case_kind"], one["case_no"], one["entity_no"]) for one in found]
    assert shown == [
        ("case-1", None, None, None, "2026-1"),
        ("cam-13", "case-1", "incident", "2026-1", None),
        ("cam-12", "case-1", "incident", "2026-1", None),
        ("cam-13", "case-0", None, None, None),
        ("cam-12", "case-0", None, None, None),
    ]
    (line,) = (await client.get("/audit", params={"action": "audit.read"}, headers=auditor)).json()["items"]
    assert (line["entity_id"], line["case_id"], line["case_no"]) == ("case=2026-1", "case-1", "2026-1")
    one = (await client.get(f"/audit/lines/{found[1]['seq']}", headers=auditor)).json()["line"]
    assert (one["case_no"], one["case_kind"]) == ("2026-1", "incident")
    other = (await client.get("/audit", params={"case": "case-0"}, headers=auditor)).json()["items"]
    assert {one["case_id"] for one in other} == {"case-0"}, "what no room knows is asked as it stands"


async def test_pages_follow_each_other_without_a_gap(
    database: Database, client: httpx.AsyncClient, auditor: dict[str, str]
) -> None:
    async with database.transaction() as tx:
        for n in range(11):
            await audit.record(tx, None, "test.act", "thing", n)
    seen: list[str] = []
    params: dict[str, str] = {"action": "test.", "limit": "4"}
    while True:
        answer = (await client.get("/audit", params=params, headers=auditor)).json()
        seen += [one["entity_id"] for one in answer["items"]]
        if answer["next"] is None:
            break
        params["cursor"] = answer["next"]
    assert seen == [str(n) for n in reversed(range(11))]


async def test_a_line_is_proven_to_whoever_has_the_citys_key(
    database: Database, client: httpx.AsyncClient, clock: HeldClock, settings: Settings, auditor: dict[str, str]
) -> None:
    await watched(database, clock)
    waiting = (await client.get("/audit/lines/3", headers=auditor)).json()
    assert (waiting["checkpoint"], waiting["proof"]) == (None, [])
    await sign(database, settings)
    shown = (await client.get("/audit/lines/3", headers=auditor)).json()
    line = {**shown["line"], "at": datetime.fromisoformat(shown["line"]["at"])}
    leaf = merkle.leaf_hash(lines.canonical(line))
    assert leaf.hex() == shown["leaf"]
    health = (await client.get("/audit/health", headers=auditor)).json()
    signed = note.verifier(health["key"]).opened(shown["checkpoint"]["note"])
    assert merkle.included(leaf, 2, signed.size, [bytes.fromhex(one) for one in shown["proof"]], signed.root)
    assert (await client.get("/audit/lines/999", headers=auditor)).status_code == 404
    assert (await client.get("/audit/lines/0", headers=auditor)).status_code == 422
    reads = (await client.get("/audit?action=audit.read&entity_id=line%3D3", headers=auditor)).json()
    assert len(reads["items"]) == 2


async def test_the_logs_health(
    database: Database, client: httpx.AsyncClient, clock: HeldClock, settings: Settings, auditor: dict[str, str]
) -> None:
    first = (await client.get("/audit/health", headers=auditor)).json()
    assert (first["checkpoint"], first["age_s"], first["stale"]) == (None, None, True)
    assert first["unsigned"] == first["lines"] > 0
    await watched(database, clock)
    await sign(database, settings)
    async with database.transaction() as tx:
        await audit.record(tx, None, "test.act", "thing", 1)
    clock.advance(59)
    found = (await client.get("/audit/health", headers=auditor)).json()
    assert (found["lines"], found["kept"], found["destroyed"], found["unsigned"]) == (9, 9, 0, 1), found
    assert (found["age_s"], found["stale"], found["checkpoint"]["size"]) == (59, False, 8)
    clock.advance(121)
    assert (await client.get("/audit/health", headers=auditor)).json()["stale"] is False, "three minutes to the second"
    clock.advance(1)
    assert (await client.get("/audit/health", headers=auditor)).json()["stale"] is True
    assert keys.signer(settings.data).verifier() == note.verifier(found["key"])


# --- the city's word, for all ---


async def test_anybody_can_follow_the_checkpoints(
    database: Database, client: httpx.AsyncClient, clock: HeldClock, settings: Settings
) -> None:
    assert (await client.get("/audit/checkpoints/latest")).status_code == 404
    for _ in range(3):
        await watched(database, clock)
        await sign(database, settings)
    key = keys.signer(settings.data).verifier()
    page = (await client.get("/audit/checkpoints?limit=2")).json()
    rest = (await client.get(f"/audit/checkpoints?after={page['next']}")).json()
    found = [key.opened(one["note"]) for one in page["items"] + rest["items"]]
    assert [one.size for one in found] == [7, 14, 21]
    assert (await client.get("/audit/checkpoints?limit=3")).json()["next"] is None, "these were all"
    assert rest["next"] is None
    assert (await client.get("/audit/checkpoints/latest")).json() == rest["items"][-1]
    answer = (await client.get("/audit/consistency?first=7&second=21")).json()
    proof = [bytes.fromhex(one) for one in answer["proof"]]
    assert merkle.consistent(7, found[0].root, 21, found[2].root, proof)
    from_one = (await client.get("/audit/consistency?first=1&second=7")).json()
    assert (from_one["first"], len(from_one["proof"]) > 0) == (1, True), "the log of one line is a log"
    for first, second in ((0, 7), (8, 7), (7, 22)):
        assert (await client.get(f"/audit/consistency?first={first}&second={second}")).status_code == 422


async def test_a_witness_is_known_by_its_signature(
    database: Database, client: httpx.AsyncClient, clock: HeldClock, settings: Settings, admin: dict[str, str]
) -> None:
    await watched(database, clock)
    await sign(database, settings)
    latest = (await client.get("/audit/checkpoints/latest")).json()["note"]
    witness, stranger = (note.Signer(name, keys.named("x", bytes([n] * 32)).key) for n, name in ((1, "w"), (2, "w")))
    told = str(witness.verifier(note.COSIGNATURE))
    for wrong in (str(witness.verifier()), "nonsense with many letters", told.replace("w+", "v+", 1)):
        assert (await client.post("/audit/witnesses", json={"key": wrong}, headers=admin)).status_code == 422
    added = await client.post("/audit/witnesses", json={"key": told}, headers=admin)
    assert (added.status_code, added.json()["items"][0]["name"]) == (201, "w")
    async with database.transaction() as tx:
        left = await tx.rows(text("select entity_id from audit where action = 'audit.witness_add'"))
    assert [row["entity_id"] for row in left] == ["w"]
    assert (await client.post("/audit/witnesses", json={"key": told}, headers=admin)).status_code == 409
    forged = latest + stranger.cosignature(latest, clock.now())
    other = latest.replace(latest.split("\n")[1], "999", 1)
    for wrong in (latest, forged, other + witness.cosignature(other, clock.now()), "x"):
        assert (await client.post("/audit/cosignatures", json={"note": wrong})).status_code == 422
    good = latest + witness.cosignature(latest, clock.now())
    assert (await client.post("/audit/cosignatures", json={"note": good})).status_code == 204
    seen = (await client.get("/audit/witnesses", headers=admin)).json()["items"][0]
    assert seen["size"] == 8
    assert datetime.fromisoformat(seen["seen_at"]) == clock.now().replace(microsecond=0)
    assert (await client.delete("/audit/witnesses/w", headers=admin)).status_code == 204
    assert (await client.delete("/audit/witnesses/w", headers=admin)).status_code == 404


async def test_an_export_is_proven_offline_and_leaves_its_line_first(
    database: Database, client: httpx.AsyncClient, clock: HeldClock, auditor: dict[str, str], tmp_path: Path
) -> None:
    began = clock.now()

    def at(seconds: int) -> str:
        return (began + timedelta(seconds=seconds)).isoformat()

    await watched(database, clock)
    for n, (body, upto) in enumerate([
        ({"purpose": "정기 감사"}, "1 to 8 of 8"),
        ({"purpose": "정기 감사", "since": at(30), "until": at(86_430)}, "3 to 4 of 9"),
        ({"purpose": "정기 감사", "since": at(86_430)}, "5 to 10 of 10"),
        ({"purpose": "정기 감사", "until": at(86_430)}, "1 to 4 of 11"),
    ]):  # fmt: skip
        answer = await client.post("/audit/exports", json=body, headers=auditor)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        span = re.match(r"(\d+) to (\d+)", upto)
        assert span is not None
        assert f'filename="audit-{span[1]}-{span[2]}.zip"' in answer.headers["content-disposition"]
        folder = tmp_path / str(n)
        zipfile.ZipFile(io.BytesIO(answer.content)).extractall(folder)
        (folder / "seen.jsonl").write_text("")
        assert (folder / "log.json").read_text().startswith('{\n "format"'), "a person reads it"
        assert "화재 확인" in (folder / "lines.jsonl").read_text(), "and these"
        said = offline(folder)
        assert said.stdout.startswith(f"WHOLE: lines {upto}"), said
    async with database.transaction() as tx:
        rows = await tx.rows(text("select entity_id, purpose from audit where action = 'audit.export' order by id"))
        said = reasons.opened(tx, [row["purpose"] for row in rows])
    assert [row["entity_id"] for row in rows] == ["1-8", "3-4", "5-10", "1-4"]
    assert said == ["정기 감사"] * 4
    assert (await client.post("/audit/exports", json={"purpose": "x"}, headers=auditor)).status_code == 422
    shown = (await client.get("/audit", params={"action": "audit.export"}, headers=auditor)).json()["items"]
    assert {one["purpose"] for one in shown} == {"정기 감사"}
    assert all(one["purpose_kept"].startswith("sealed:actor:") for one in shown)
    plain = (await client.get("/audit", params={"action": "video.open"}, headers=auditor)).json()["items"]
    assert {one["purpose_kept"] for one in plain} == {None}


async def test_what_is_too_much_for_one_answer_is_taken_in_parts(
    database: Database,
    client: httpx.AsyncClient,
    clock: HeldClock,
    auditor: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await watched(database, clock)
    monkeypatch.setattr(api, "MOST_EXPORTED", 3)
    async with database.transaction() as tx:
        late = await tx.scalar(text("select at from audit order by at desc, id desc offset 2 limit 1"))
    body = {"purpose": "정기 감사", "since": late.isoformat()}
    assert (await client.post("/audit/exports", json=body, headers=auditor)).status_code == 200
    whole = await client.post("/audit/exports", json={"purpose": "정기 감사"}, headers=auditor)
    assert (whole.status_code, whole.json()["key"]) == (422, "trust.audit.export_large")


async def test_checkpoints_come_a_hundred_at_a_time(
    database: Database, client: httpx.AsyncClient, settings: Settings
) -> None:
    async with database.transaction() as tx:
        for _ in range(101):
            await audit.record(tx, None, "test.act", "thing", 1)
    signer = keys.signer(settings.data)
    async with database.transaction() as tx:
        await checkpoints.make(tx, signer)
        await tx.execute(
            text(
                "insert into audit_checkpoint (number, size, at, note) "
                "select n, size, at, note from audit_checkpoint, generate_series(2, 101) n"
            )
        )
    page = (await client.get("/audit/checkpoints")).json()
    assert (len(page["items"]), page["next"]) == (100, "100")


# --- where the log cannot be written, nothing is shown ---


def refusing(name: str, error: str) -> tuple[str, str]:
    """A trigger that raises what PostgreSQL does then."""
    raising = f"raise exception 'no' using errcode = '{error}';"
    return (
        f"create function {name}() returns trigger language plpgsql as $$ begin {raising} end $$",
        f"create trigger {name} before insert on audit for each row execute function {name}()",
    )


BROKEN = {
    "the table is gone": ("alter table audit rename to audit_lost",),
    "no line can be numbered": ("alter table audit_seal add constraint full_up check (seq < 0) not valid",),
    "the disk is full": refusing("full_up", "disk_full"),
    "the right is revoked": refusing("revoked", "insufficient_privilege"),
}


@pytest.mark.parametrize("wrong", BROKEN)
async def test_where_the_log_cannot_be_written_nothing_is_shown(
    database: Database, client: httpx.AsyncClient, clock: HeldClock, auditor: dict[str, str], wrong: str
) -> None:
    await watched(database, clock)
    async with database.transaction() as tx:
        for statement in BROKEN[wrong]:
            await tx.execute(text(statement))
    for path in ("/audit?camera=cam-12", "/audit/lines/1"):
        answer = await client.get(path, headers=auditor)
        assert answer.status_code >= 500
        assert "화재" not in answer.text
    answer = await client.post("/audit/exports", json={"purpose": "정기 감사"}, headers=auditor)
    assert answer.status_code >= 500
    assert not answer.content.startswith(b"PK")


async def test_a_right_that_is_really_revoked_shows_nothing(
    app: FastAPI, database: Database, database_url: str, client: httpx.AsyncClient, auditor: dict[str, str]
) -> None:
    """The city's own account in the database, which may do everything but write a line."""
    async with database.transaction() as tx:
        await audit.record(tx, None, "video.open", "camera", "cam-12", purpose="화재 확인")
        name = (await tx.scalar(text("select current_database()")))[:20]
        for statement in (
            f"create role only_{name} login password 'x'",
            f"grant all on all tables in schema public to only_{name}",
            f"revoke insert on audit from only_{name}",
        ):
            await tx.execute(text(statement))
    place = database_url.split("@")[1]
    weak = Database(f"postgresql://only_{name}:x@{place}", clock=database.clock)
    app.state.context = replace(app.state.context, database=weak)
    try:
        answer = await client.get("/audit?camera=cam-12", headers=auditor)
        assert answer.status_code >= 500
        assert "화재" not in answer.text
    finally:
        await app.state.context.database.close()
        async with database.transaction() as tx:
            await tx.execute(text(f"drop owned by only_{name}"))
            await tx.execute(text(f"drop role only_{name}"))
