"""A camera's login is sealed wherever it comes in, and stands in the open nowhere."""

import json

from sqlalchemy import insert, text

from dure.city import streams
from dure.city.tables import camera
from dure.engine.database import Database
from dure.trust.roles import Role
from dure.trust.vault import Vault
from tests.city.conftest import Client, Import, app, bring, client, held, settings

__all__ = ["app", "bring", "client", "held", "settings"]
CANARY = "hunter2canary"
HEAD = "지점번호,카메라번호,영상주소,위도,경도"


async def everything(database: Database) -> str:
    """All rows of all tables that an import or a correction touches, as text."""
    async with database.transaction() as tx:
        names = [
            row["name"]
            for row in await tx.rows(text("select tablename as name from pg_tables where schemaname = 'public'"))
        ]
        found = {name: [dict(row) for row in await tx.rows(text(f'select * from "{name}"'))] for name in names}
    return json.dumps(found, default=lambda value: value.decode("latin-1") if isinstance(value, bytes) else str(value))


async def test_a_file_of_cameras_is_imported_twice_and_its_logins_are_seen_by_nobody(
    database: Database, bring: Import, held: Vault
) -> None:
    row = f"중앙-1,1,rtsp://viewer:{CANARY}@10.0.0.1/1,36.629,127.426"
    first = await bring("cameras", f"{HEAD}\n{row}")
    assert (first.imported, first.rejected) == (1, [])
    async with database.transaction() as tx:
        kept = await tx.row(text("select id, stream_url from camera"))
        assert kept is not None
        assert kept["stream_url"] == "rtsp://10.0.0.1/1"
        assert await streams.address_of(tx, held, kept["id"]) == f"rtsp://viewer:{CANARY}@10.0.0.1/1"
    again = await bring("cameras", f"{HEAD}\n{row}")
    assert (again.unchanged, again.updated) == (1, 0)
    changed = await bring("cameras", f"{HEAD}\n{row.replace(CANARY, CANARY + '3')}")
    assert (changed.unchanged, changed.updated) == (0, 1)
    assert CANARY not in await everything(database)


async def test_a_correction_by_hand_is_sealed_too(client: Client, database: Database, held: Vault) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            insert(camera), {"id": "C-1", "site_id": "S", "number": 1, "name": "C-1", "lon": 127.4, "lat": 36.6}
        )
    http = await client(Role.ADMIN)
    assert (await http.get("/cameras/C-1")).json()["has_stream"] is False
    for wrong in ("ftp://10.0.0.1/1", "rtsp://", "rtsp://a b/1", "rtsp://10.0.0.1/'\nfile", f"rtsp://{'x' * 600}/"):
        assert (await http.patch("/cameras/C-1", json={"stream_url": wrong})).status_code == 422, wrong
    answer = await http.patch("/cameras/C-1", json={"stream_url": f"rtsp://viewer:{CANARY}@10.0.0.1:8554/1"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["has_stream"] is True
    assert CANARY not in answer.text
    assert "10.0.0.1" not in answer.text
    assert CANARY not in await everything(database)
    async with database.transaction() as tx:
        assert await streams.address_of(tx, held, "C-1") == f"rtsp://viewer:{CANARY}@10.0.0.1:8554/1"
    assert (await http.patch("/cameras/C-1", json={"stream_url": None})).json()["has_stream"] is False
    async with database.transaction() as tx:
        assert await streams.address_of(tx, held, "C-1") is None
