"""A run's life over HTTP: preview, repair, apply, undo, cancel, expire."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from dure.city.imports import jobs, runs, work
from dure.city.imports.source import open_sheet
from dure.city.imports.things import KINDS
from dure.city.imports.undo import undo
from dure.engine.database import Database
from dure.trust.roles import Role
from dure.trust.vault import Vault
from tests.city.conftest import Client, Import

MARKET = "시장명,위도,경도\n중앙시장,36.62911,127.42617\n"
HEADER = "점포번호,구역,상호,업종,점주,연락처,위도,경도"


def stall(number: int, **more: str) -> str:
    cells = {
        "shop": f"가게 {number}",
        "owner": "김아무",
        "phone": "010-1234-5678",
        "lat": "36.6291",
        "lon": "127.4262",
        **more,
    }
    return f"{number},가동,{cells['shop']},떡,{cells['owner']},{cells['phone']},{cells['lat']},{cells['lon']}"


async def upload(client: httpx.AsyncClient, kind: str, content: str | bytes, **data: str) -> dict[str, object]:
    """Give a file; the run once it has been read."""
    body = content if isinstance(content, bytes) else content.encode()
    answer = await client.post("/imports", data={"kind": kind, **data}, files={"file": ("점포 목록.csv", body)})
    assert answer.status_code == 201, answer.text
    run: dict[str, object] = answer.json()
    return await settled(client, run)


async def settled(client: httpx.AsyncClient, run: dict[str, object]) -> dict[str, object]:
    """The run, as it was answered or, where a child still worked on it then, once that has ended: without `rows`."""
    if run["state"] not in {"reading", "applying", "undoing"}:
        return run
    await jobs.idle()
    ended: dict[str, object] = (await client.get(f"/imports/{run['id']}")).json()
    return ended


async def act(client: httpx.AsyncClient, run: dict[str, object], name: str) -> dict[str, object]:
    answer = await client.post(f"/imports/{run['id']}/{name}")
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return await settled(client, told)


async def count(database: Database, table: str, where: str = "true") -> int:
    async with database.transaction() as tx:
        return int(await tx.scalar(text(f"select count(*) from {table} where {where}")))


async def test_preview_repair_apply_undo(client: Client, bring: Import, database: Database) -> None:
    await bring("markets", MARKET)
    http = await client(Role.ADMIN)
    content = "\n".join(
        [
            HEADER,
            stall(1),
            stall(2, lat="127.4262", lon="36.6291"),
            stall(3, lat="127.4263", lon="36.6291"),
            stall(4, phone="010-12"),
        ]
    )
    run = await upload(http, "stalls", content)
    assert run["state"] == "ready"
    assert {name: run["counts"][name] for name in ("read", "added", "changed", "same", "rejected")} == {  # type: ignore[index]
        "read": 4,
        "added": 1,
        "changed": 0,
        "same": 0,
        "rejected": 3,
    }
    assert run["counts"]["reasons"][0] == {"key": "city.import.position.swapped", "text": "좌표 뒤바뀜", "count": 2}  # type: ignore[index]
    assert run["reading"]["encoding"] == "utf-8"  # type: ignore[index]
    rows = (await http.get(f"/imports/{run['id']}/rows")).json()["items"]
    assert rows[0]["cells"][4:6] == ["김*무", "010-****-5678"]
    assert rows[1]["reasons"][0]["column"] == "경도"
    assert rows[1]["reasons"][0]["text"] == "경도와 위도가 서로 바뀐 것 같습니다."
    assert rows[1]["reasons"][0]["repair"] == {"kind": "swap", "fields": ["lon", "lat"]}
    assert await count(database, "asset", "kind = 'stall'") == 0

    mended = await http.post(f"/imports/{run['id']}/repair", json={"reason": "city.import.position.swapped"})
    assert (mended.status_code, mended.json()["mended"]) == (200, 2)
    cell = await http.post(f"/imports/{run['id']}/repair", json={"row": 5, "field": "연락처", "value": "010-1234-0004"})
    assert cell.json()["mended"] == 1
    assert cell.json()["run"]["counts"]["rejected"] == 0

    applied = await act(http, run, "apply")
    assert applied["state"] == "applied"
    assert await count(database, "asset", "kind = 'stall'") == 4
    assert await count(database, "person") == 4
    undone = await act(http, run, "undo")
    assert (undone["state"], undone["counts"]["undo"]) == ("undone", {"undone": 4, "kept": 0, "refused": []})  # type: ignore[index]
    assert await count(database, "asset", "kind = 'stall'") == 0
    assert await count(database, "person") == 0


@pytest.mark.usefixtures("childless")
async def test_a_small_file_is_answered_with_its_rows(client: Client) -> None:
    http = await client(Role.ADMIN)
    answer = await http.post("/imports", data={"kind": "markets"}, files={"file": ("a.csv", MARKET.encode())})
    run = answer.json()
    assert (run["state"], run["counts"]["added"]) == ("ready", 1)
    assert run["rows"] == (await http.get(f"/imports/{run['id']}/rows")).json()["items"]
    assert len(run["rows"]) == 1


@pytest.mark.usefixtures("childless")
async def test_refused_rows_come_back_mended(client: Client, bring: Import, database: Database) -> None:
    await bring("markets", MARKET)
    http = await client(Role.ADMIN)
    content = "\n".join([HEADER, stall(1), stall(2, phone="010-12"), stall(3, shop='"=HYPERLINK(1),x"', phone="1")])
    run = await upload(http, "stalls", content)
    await act(http, run, "apply")
    answer = await http.get(f"/imports/{run['id']}/rejected.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    lines = answer.text.removeprefix("\ufeff").splitlines()
    assert lines[0] == f"{HEADER},제외 이유"
    assert lines[1].startswith("2,가동,가게 2,떡,김아무,010-12,")
    assert lines[1].endswith("연락처: 전화번호의 자릿수가 맞지 않습니다.")
    assert "'=HYPERLINK" in lines[2]
    again = await upload(
        http, "stalls", answer.text.replace("010-12,", "010-1234-0002,").replace(",1,36", ",010-1234-0003,36")
    )
    assert (again["counts"]["added"], again["counts"]["rejected"]) == (2, 0)  # type: ignore[index]
    await act(http, again, "apply")
    assert await count(database, "asset", "attrs->>'shop' = '=HYPERLINK(1),x'") == 1
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from audit where action = 'import.download'")) == 1


@pytest.mark.usefixtures("childless")
async def test_what_a_file_says_of_people_goes_back_to_its_giver_only(
    client: Client, bring: Import, database: Database
) -> None:
    await bring("markets", MARKET)
    http = await client(Role.ADMIN)
    run = await upload(http, "stalls", "\n".join([HEADER, stall(2, phone="010-12")]))
    async with database.transaction() as tx:
        await tx.execute(text("update import_run set made_by = :other"), {"other": f"account:{UUID(int=9)}"})
    answer = await http.get(f"/imports/{run['id']}/rejected.csv")
    assert (answer.status_code, "김아무" in answer.text) == (403, False)
    lead = await client(Role.SHIFT_LEAD)
    assert "김아무" in (await lead.get(f"/imports/{run['id']}/rejected.csv")).text


@pytest.mark.usefixtures("childless")
async def test_rows_page_and_filter(client: Client, bring: Import) -> None:
    await bring("markets", MARKET)
    http = await client(Role.ADMIN)
    bad = {4, 5, 20}
    lines = [stall(n, phone="1" if n in bad else "010-1234-5678") for n in range(1, 31)]
    run = await upload(http, "stalls", "\n".join([HEADER, *lines]))
    around = (await http.get(f"/imports/{run['id']}/rows", params={"only": "rejected_around"})).json()
    assert [row["row"] for row in around["items"]] == [4, 5, 6, 7, 20, 21, 22]
    seen: list[int] = []
    cursor: str | None = None
    while True:
        params = {"only": "moving", "limit": "10", **({"cursor": cursor} if cursor else {})}
        page = (await http.get(f"/imports/{run['id']}/rows", params=params)).json()
        seen += [row["row"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [n + 1 for n in range(1, 31) if n not in bad]
    by_reason = await http.get(f"/imports/{run['id']}/rows", params={"reason": "documents.cell.phone"})
    assert [row["row"] for row in by_reason.json()["items"]] == [5, 6, 21]


async def test_undo_leaves_what_was_changed_since_and_says_which(
    bring: Import, database: Database, client: Client
) -> None:
    first = "장치ID,종류,이름\nFD-1,화재감지기,하나\nFD-2,화재감지기,둘\nFD-3,화재감지기,셋\n"
    await bring("devices", first)
    second = await bring("devices", first.replace("하나", "하나!").replace("둘", "둘!") + "FD-4,화재감지기,넷\n")
    http = await client(Role.ADMIN)
    changed = await http.patch("/devices/FD-2", json={"name": "사람이 고침"})
    assert changed.status_code == 200
    async with database.transaction() as tx:
        await tx.execute(text("update device set last_seen = now(), latest = '{\"heat\": 1}' where id = 'FD-1'"))
        await runs.begin(tx, UUID(str(second.run_id)), "undoing", of=("applied",))
    assert second.run_id is not None
    answer = await undo(database, second.run_id)
    assert answer == {"undone": 2, "refused": [{"row": 3, "entity": "device", "id": "FD-2"}]}
    async with database.transaction() as tx:
        rows = await tx.rows(text("select id, name, version, latest from device order by id"))
    assert [(row["id"], row["name"], row["version"]) for row in rows] == [
        ("FD-1", "하나", 3),
        ("FD-2", "사람이 고침", 3),
        ("FD-3", "셋", 1),
    ]
    assert rows[0]["latest"] == {"heat": 1}


async def test_a_market_with_stalls_cannot_be_undone_from_under_them(bring: Import, database: Database) -> None:
    market = await bring("markets", MARKET)
    await bring("stalls", "\n".join([HEADER, stall(1)]))
    assert market.run_id is not None
    async with database.transaction() as tx:
        await runs.begin(tx, market.run_id, "undoing", of=("applied",))
    assert (await undo(database, market.run_id))["undone"] == 0
    assert await count(database, "asset") == 2


async def test_a_changed_owner_comes_back_by_undo_and_the_old_record_goes_in_time(
    bring: Import, database: Database, held: Vault
) -> None:
    await bring("markets", MARKET)
    await bring("stalls", "\n".join([HEADER, stall(1)]))
    second = await bring("stalls", "\n".join([HEADER, stall(1, owner="박다른")]))
    assert (second.updated, await count(database, "person")) == (1, 2)
    assert second.run_id is not None
    async with database.transaction() as tx:
        await runs.begin(tx, second.run_id, "undoing", of=("applied",))
    await undo(database, second.run_id)

    async def owners() -> list[str]:
        async with database.transaction() as tx:
            ids = [row["person_id"] for row in await tx.rows(text("select person_id from asset where kind = 'stall'"))]
            return [person.name for person in (await held.opened(tx, ids)).values()]

    assert (await owners(), await count(database, "person")) == (["김아무"], 1)
    await bring("stalls", "\n".join([HEADER, stall(1, owner="박다른")]))
    async with database.transaction() as tx:
        await runs.expire(tx, tx.now() + timedelta(days=8))
    assert (await owners(), await count(database, "person")) == (["박다른"], 1)
    assert (await count(database, "import_change"), await count(database, "import_row")) == (0, 0)


@pytest.mark.usefixtures("childless")
async def test_apply_checks_again_what_has_changed_since_the_preview(client: Client, bring: Import) -> None:
    http = await client(Role.ADMIN)
    run = await upload(http, "markets", MARKET + "새시장,36.63,127.43\n")
    await bring("markets", MARKET)
    applied = await act(http, run, "apply")
    assert (applied["counts"]["added"], applied["counts"]["same"]) == (1, 1)  # type: ignore[index]
    twice = await http.post(f"/imports/{run['id']}/apply")
    assert (twice.status_code, twice.json()["key"]) == (409, "city.import.run.state")


@pytest.mark.usefixtures("childless")
async def test_a_file_that_cannot_be_read_says_why(client: Client) -> None:
    http = await client(Role.ADMIN)
    run = await upload(http, "hydrants", "a,b\n1,2\n")
    assert run["state"] == "failed"
    assert run["problem"]["key"] == "documents.file.no_header"  # type: ignore[index]
    answer = await http.post("/imports", data={"kind": "nothing"}, files={"file": ("a.csv", b"a")})
    assert (answer.status_code, answer.json()["key"]) == (422, "city.import.kind.unknown")
    assert (await http.post("/imports", data={"kind": "cctv"})).status_code == 422


async def test_uploads_beyond_the_limit_are_refused(client: Client, settings: object) -> None:
    http = await client(Role.ADMIN)
    answer = await http.post("/imports", data={"kind": "cctv"}, files={"file": ("a.csv", b"x" * (66 << 20))})
    assert answer.status_code == 413


@pytest.mark.usefixtures("childless")
async def test_kinds_and_their_empty_files(client: Client, tmp_path: Path) -> None:
    http = await client(Role.OFFICIAL)
    kinds = {one["kind"]: one for one in (await http.get("/imports/kinds")).json()["items"]}
    assert set(kinds) >= {
        "cctv",
        "cameras",
        "boundary",
        "markets",
        "stalls",
        "hydrants",
        "devices",
        "facilities",
        "people",
    }
    owner = next(one for one in kinds["stalls"]["fields"] if one["field"] == "owner")
    assert (owner["names"][0], owner["personal"]) == ("점주", True)
    for kind in set(kinds) - {"boundary"}:
        answer = await http.get(f"/imports/kinds/{kind}/empty.csv")
        assert answer.status_code == 200
        file = tmp_path / f"{kind}.csv"
        file.write_bytes(answer.content)
        sheet = open_sheet(KINDS[kind], file)
        assert (set(sheet.header.fields) > set(), list(sheet.rows())) == (True, []), kind
        sheet.close()
    run = await upload(http, "stalls", (tmp_path / "stalls.csv").read_bytes())
    assert (run["state"], run["counts"]["read"]) == ("ready", 0)  # type: ignore[index]
    assert (await http.get("/imports/kinds/boundary/empty.csv")).status_code == 404


@pytest.mark.usefixtures("childless")
async def test_the_same_upload_twice_is_one_run(client: Client, database: Database) -> None:
    http = await client(Role.ADMIN)
    request = http.build_request(
        "POST",
        "/imports",
        data={"kind": "markets"},
        files={"file": ("a.csv", MARKET.encode())},
        headers={"idempotency-key": "k-1"},
    )
    body = request.read()
    headers = {"content-type": request.headers["content-type"], "idempotency-key": "k-1"}
    first = await http.post("/imports", content=body, headers=headers)
    second = await http.post("/imports", content=body, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    assert await count(database, "import_run") == 1


@pytest.mark.usefixtures("childless")
async def test_cancel_drops_a_preview(client: Client, database: Database) -> None:
    http = await client(Role.ADMIN)
    run = await upload(http, "markets", MARKET)
    assert (await http.delete(f"/imports/{run['id']}")).status_code == 204
    assert (await http.get(f"/imports/{run['id']}")).json()["state"] == "cancelled"
    assert await count(database, "import_row") == 0
    assert (await http.post(f"/imports/{run['id']}/apply")).status_code == 409


async def test_cancel_while_applying_leaves_nothing(
    bring: Import, database: Database, held: Vault, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("시장명,위도,경도\n" + "".join(f"시장{n},36.6,127.4\n" for n in range(1_200)), "utf-8")
    async with database.transaction() as tx:
        run_id = await runs.create_run(tx, "markets", "a.csv", 1, "x", {})
    await work.read(database, held, run_id, path)
    async with database.transaction() as tx:
        await runs.begin(tx, run_id, "applying", of=("ready",))
        await runs.cancel(tx, run_id)
    await work.apply(database, held, run_id)
    async with database.transaction() as tx:
        run = await runs.run_of(tx, run_id)
    assert (run["state"], await count(database, "asset"), await count(database, "import_change")) == ("ready", 0, 0)


async def test_old_previews_expire_and_dead_children_are_noticed(bring: Import, database: Database) -> None:
    await bring("markets", MARKET)
    async with database.transaction() as tx:
        dead = await runs.create_run(tx, "markets", "a.csv", 1, "x", {})
        await runs.move(tx, dead, state="reading")
        stuck = await runs.create_run(tx, "markets", "a.csv", 1, "x", {})
        await runs.move(tx, stuck, state="applying")
        old = await runs.create_run(tx, "markets", "a.csv", 1, "x", {})
        await runs.move(tx, old, state="ready")
    async with database.transaction() as tx:
        await runs.expire(tx, tx.now() + timedelta(minutes=5))
        states = [(await runs.run_of(tx, one))["state"] for one in (dead, stuck, old)]
    assert states == ["failed", "ready", "ready"]
    async with database.transaction() as tx:
        await runs.expire(tx, tx.now() + timedelta(days=2))
        assert (await runs.run_of(tx, old))["state"] == "expired"


async def test_a_run_that_a_living_process_holds_is_left_alone(database: Database) -> None:
    async with database.transaction() as tx:
        run_id = await runs.create_run(tx, "markets", "a.csv", 1, "x", {})
    async with database.transaction() as holder:
        assert await runs.hold(holder, run_id)
        async with database.transaction() as tx:
            await runs.expire(tx, tx.now() + timedelta(minutes=5))
            assert (await runs.run_of(tx, run_id))["state"] == "reading"


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.POLICE, Role.SERVICE, Role.AUDITOR])
async def test_who_may_not_import(client: Client, role: Role) -> None:
    http = await client(role)
    answer = await http.post("/imports", data={"kind": "markets"}, files={"file": ("a.csv", MARKET.encode())})
    assert answer.status_code == 403
    assert (await http.get("/imports")).status_code == 403
