"""The index of a process is as fresh as the transaction that asks."""

from sqlalchemy import insert, text

from dure.city import health
from dure.city.camera_index import index_of, nearest_cameras
from dure.city.tables import camera
from dure.engine.database import Database
from dure.kernel.geometry import LonLat

AT = LonLat(127.4, 36.6)


def row(n: int, lon: float = 127.4, **more: object) -> dict[str, object]:
    return {"id": f"c{n}", "site_id": f"s{n}", "number": 1, "name": f"카메라 {n}", "lon": lon, "lat": 36.6, **more}


async def ids(database: Database, n: int = 5) -> list[str]:
    async with database.transaction() as tx:
        return [one.id for one in await nearest_cameras(tx, AT, n)]


async def test_it_follows_every_kind_of_change(database: Database) -> None:
    assert await ids(database) == []
    async with database.transaction() as tx:
        await tx.execute(insert(camera), [row(1), row(2, 127.401)])
    assert await ids(database) == ["c1", "c2"]
    async with database.transaction() as tx:
        await tx.execute(text("update camera set lon = 127.42 where id = 'c1'"))
    assert await ids(database) == ["c2", "c1"]
    async with database.transaction() as tx:
        await tx.execute(text("update camera set state = 'broken' where id = 'c2'"))
    assert await ids(database) == ["c1", "c2"]
    async with database.transaction() as tx:
        await tx.execute(text("delete from camera where id = 'c2'"))
    assert await ids(database) == ["c1"]


async def test_a_change_that_commits_late_is_not_missed(database: Database) -> None:
    """The mark of a long transaction has a lower number than one that committed meanwhile."""
    async with database.transaction() as slow:
        await slow.execute(insert(camera), [row(1)])
        async with database.transaction() as quick:
            await quick.execute(insert(camera), [row(2)])
        assert await ids(database) == ["c2"]
    assert await ids(database) == ["c1", "c2"]


async def test_only_what_changed_is_read_again(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(insert(camera), [row(n, 127.4 + n / 10_000) for n in range(50)])
    async with database.transaction() as tx:
        before = await index_of(tx).chooser(tx)
        assert await index_of(tx).chooser(tx) is before
        await tx.execute(text("update camera set name = 'x' where id = 'c3'"))
        assert await index_of(tx).chooser(tx) is not before


async def test_a_camera_that_sends_no_picture_is_passed_over_until_it_does(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(insert(camera), [row(1), row(2, 127.401)])
    async with database.transaction() as tx:
        await health.note(tx, {"c1": "no_picture"}, [])
    async with database.transaction() as tx:
        (first, second) = await nearest_cameras(tx, AT, 2)
    assert [(first.id, first.state), (second.id, second.state)] == [("c2", "unknown"), ("c1", "broken")]
    async with database.transaction() as tx:
        await tx.execute(text("update camera set name = 'x' where id = 'c2'"))
    assert await ids(database) == ["c2", "c1"], "another camera's change does not heal it"
    async with database.transaction() as tx:
        await health.note(tx, {}, ["c1"])
    assert await ids(database) == ["c1", "c2"]
    async with database.transaction() as tx:
        await health.note(tx, {"c1": "login"}, [])
        await tx.execute(text("update camera_health set seen_at = seen_at - interval '6 minutes'"))
    assert await ids(database) == ["c1", "c2"], "nobody has looked for minutes: it is not known any more"
