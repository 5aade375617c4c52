"""The tree, its checkpoints and its end in the database."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.kernel.clock import HeldClock
from dure.trust import audit
from dure.trust.audit import checkpoints, drill, export, health, keys, merkle, retention, tree, verify
from dure.trust.audit.walk import Fault, Verdict
from dure.trust.principal import system
from dure.trust.retention import kinds
from dure.trust.retention.model import Mark
from tests.trust.audit.making import CITY, offline

LONG_AGO = datetime(2020, 1, 6, 9, 0, tzinfo=UTC)


async def lines(database: Database, count: int, **more: object) -> None:
    async with database.transaction() as tx:
        for n in range(count):
            await audit.record(tx, None, "test.act", "thing", n, **more)  # type: ignore[arg-type]


async def many(database: Database, count: int) -> None:
    """Lines in one statement."""
    async with database.transaction() as tx:
        await tx.execute(
            text(
                "insert into audit (id, at, actor, actor_name, action, entity, entity_id, outcome) "
                "select gen_random_uuid(), :now, 'system:x', 'x', 'test.act', 'thing', n::text, 'ok' "
                "from generate_series(1, :count) n"
            ),
            {"now": tx.now(), "count": count},
        )


async def sign(database: Database) -> None:
    async with database.transaction() as tx:
        await checkpoints.make(tx, CITY)


async def verdict(database: Database) -> Verdict:
    async with database.transaction() as tx:
        return await verify.verify(tx, CITY.verifier())


async def tamper(database: Database, *statements: str) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("set local session_replication_role = replica"))
        for statement in statements:
            await tx.execute(text(statement))


async def test_a_database_makes_the_same_leaf_as_python(database: Database) -> None:
    await lines(database, 1, purpose="한글: a'b\\", case="사건 1", person_id=UUID(int=5), address="::1")
    assert (await verdict(database)).whole


async def test_the_tree_of_many_lines_is_kept_in_tiles_and_proves_each(database: Database) -> None:
    await many(database, 1_300)
    await sign(database)
    await many(database, 300)
    async with database.transaction() as tx:
        kept = await tx.rows(text("select level, position from audit_node order by 1, 2"))
        assert [tuple(row.values()) for row in kept] == [(8, n) for n in range(5)]
        leaves = [bytes(row["leaf"]) for row in await tx.rows(text("select leaf from audit_seal order by seq"))]
        assert await tree.root(tx, 1_300) == merkle.root(leaves[:1_300])
        assert await tree.root(tx, 0) == merkle.EMPTY
        for index, size in ((0, 1_300), (255, 1_280), (256, 1_300), (1_299, 1_300), (700, 701)):
            proof = await tree.inclusion(tx, index, size)
            assert merkle.included(leaves[index], index, size, proof, merkle.root(leaves[:size]))
        for first, second in ((1, 1_300), (256, 1_300), (1_000, 1_001), (1_299, 1_300)):
            proof = await tree.consistency(tx, first, second)
            roots = merkle.root(leaves[:first]), merkle.root(leaves[:second])
            assert merkle.consistent(first, roots[0], second, roots[1], proof)
    await sign(database)
    found = await verdict(database)
    assert (found.whole, found.lines, found.signed, found.checkpoints) == (True, 1_600, 1_600, 2)
    await tamper(database, "update audit_node set hash = sha256('x') where position = 2")
    assert (await verdict(database)).fault == Fault("node", 768)


async def test_two_levels_of_tiles(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """With tiles of 4 instead of 256, a few hundred lines stand three levels high."""
    monkeypatch.setattr(tree, "STEP", 2)
    monkeypatch.setattr(tree, "_CHUNK", 20)
    for count in (3, 90, 200):
        await many(database, count)
        await sign(database)
    async with database.transaction() as tx:
        levels = await tx.rows(text("select level, count(*) as n from audit_node group by 1 order by 1"))
        assert [tuple(row.values()) for row in levels] == [(2, 73), (4, 18), (6, 4), (8, 1)]
        leaves = [bytes(row["leaf"]) for row in await tx.rows(text("select leaf from audit_seal order by seq"))]
        assert await tree.root(tx, 293) == merkle.root(leaves)
    assert (await verdict(database)).whole


async def test_each_checkpoint_is_numbered_and_no_younger_than_the_next(
    database: Database, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign(database)
    clock.advance(timedelta(minutes=-5).total_seconds())
    await lines(database, 2)
    await sign(database)
    async with database.transaction() as tx:
        rows = await checkpoints.listing(tx, after=0, limit=10)
        assert [(row["number"], row["size"]) for row in rows] == [(1, 0), (2, 2)]
        assert rows[0]["at"] == rows[1]["at"]
        covering = await checkpoints.covering(tx, 1)
        assert covering is not None
        assert covering["number"] == 2
        assert await checkpoints.covering(tx, 3) is None
    for chunk in (1000, 1):
        monkeypatch.setattr("dure.trust.audit.verify._CHUNK", chunk)
        found = await verdict(database)
        assert (found.whole, found.lines) == (True, 2), f"{chunk} lines at once"


@pytest.mark.parametrize("table", ["audit_node", "audit_checkpoint", "audit_destruction"])
@pytest.mark.parametrize("deed", ["delete from {}", "truncate {}"])
async def test_the_database_keeps_what_proves_the_log(database: Database, table: str, deed: str) -> None:
    await many(database, 256)
    await sign(database)
    async with database.transaction() as tx:
        await tx.execute(text("insert into audit_destruction values (1, now(), now())"))
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.transaction() as tx:
            await tx.execute(text(deed.format(table)))


async def test_the_task_signs_with_the_citys_key_and_drops_it_for_another_office(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop = tmp_path / "media" / "drop"
    monkeypatch.setenv("DURE_AUDIT_DROP", str(drop))
    synced: list[int] = []
    real = os.fsync

    def noted(handle: int) -> None:
        synced.append(os.fstat(handle).st_size)
        real(handle)

    monkeypatch.setattr("dure.trust.audit.checkpoints.os.fsync", noted)
    context = Context(Settings(tmp_path, database.url, "nats://nowhere"), database, None, None)  # type: ignore[arg-type]
    for count in (2, 3):
        await lines(database, count)
        await checkpoints.run(context)
    key = keys.signer(tmp_path).verifier()
    (file,) = drop.iterdir()
    assert file.name == "2026-03.jsonl"
    told = file.read_text().splitlines(keepends=True)
    assert synced[-2:] == [len(told[0].encode()), file.stat().st_size], "on the disk, line by line"
    dropped = [json.loads(row) for row in told]
    first, second = (key.opened(one["note"]) for one in dropped)
    assert (first.size, second.size, [one["first"] for one in dropped]) == (2, 5, [0, 2])
    proof = [bytes.fromhex(one) for one in dropped[1]["proof"]]
    assert merkle.consistent(first.size, first.root, second.size, second.root, proof)


def test_what_a_witness_kept_is_read_line_by_line() -> None:
    kept = "".join(json.dumps({"note": f"note {n}", "number": n}) + "\n" for n in range(2)) + "\n"
    assert verify.witnessed_notes(kept) == ["note 0", "note 1"]


async def test_each_minute_is_signed_also_where_nothing_is_dropped(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DURE_AUDIT_DROP", raising=False)
    await lines(database, 2)
    context = Context(Settings(tmp_path, database.url, "nats://nowhere"), database, None, None)  # type: ignore[arg-type]
    await checkpoints.run(context)
    async with database.transaction() as tx:
        last = await checkpoints.latest(tx)
    assert last is not None
    assert last["size"] == 2


async def test_a_verdict_is_told_to_machines(database: Database) -> None:
    await lines(database, 3)
    await sign(database)
    found = await verdict(database)
    counted = {"lines": 3, "signed": 3, "checkpoints": 1, "destroyed": 0, "witnessed": 0}
    well = {"broken_at": None, "broken_upto": None, "reason": None, "checkpoint": None}
    assert verify.told(found) == {"ok": True, **counted, **well, "root": found.root.hex()}
    await tamper(database, "update audit set purpose = 'x' where id = (select audit_id from audit_seal where seq = 2)")
    told = verify.told(await verdict(database))
    assert (told["ok"], told["broken_at"], told["reason"]) == (False, 2, "changed")


# --- the end of old lines ---


async def aged(database: Database, clock: HeldClock, count: int = 5) -> None:
    """Lines of 2020 under a checkpoint, and a few of two years later."""
    clock.set(LONG_AGO)
    for n in range(count):
        await lines(database, 1, case="c-1" if n == 1 else None)
        clock.advance(timedelta(minutes=1).total_seconds())
    await sign(database)
    clock.set(LONG_AGO + timedelta(days=731))
    await lines(database, 2)


async def test_old_lines_are_destroyed_and_the_log_stays_provable(
    database: Database, clock: HeldClock, tmp_path: Path
) -> None:
    await aged(database, clock)
    async with database.transaction() as tx:
        assert await retention.destroy(tx, LONG_AGO + timedelta(minutes=3)) == 3
    await sign(database)
    found = await verdict(database)
    assert (found.whole, found.destroyed, found.lines) == (True, 3, 8), found
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from audit_seal where audit_id is null")) == 3
        row = await tx.row(text("select * from audit where action = 'audit.destroy'"))
        assert row is not None
        assert (row["entity_id"], row["actor"]) == ("1-3", "system:retention")
        assert "제8조" in row["purpose"]
        shown = await health.health(tx, CITY.verifier())
        assert (shown["lines"], shown["kept"], shown["destroyed"]) == (8, 5, 3)
        assert await retention.destroy(tx, LONG_AGO) == 0
        assert await export.span(tx, None, None) == (0, 8), "the whole log, also where its lines are gone"
        async for name, piece in export.parts(tx, CITY.verifier(), 0, 8):
            with (tmp_path / name).open("a") as out:
                out.write(piece)
    (tmp_path / "seen.jsonl").write_text("")
    assert "3 destroyed by the rules of retention" in offline(tmp_path).stdout


async def test_what_was_done_to_rights_is_kept_longer_than_the_rest(database: Database, clock: HeldClock) -> None:
    """제5조제3항: three years, whatever the log is kept for."""
    clock.set(LONG_AGO)
    async with database.transaction() as tx:
        for action in ("account.grant", "token.revoke", "video.open", "accounting.look"):
            await audit.record(tx, system("test"), action, "x", action)
    clock.set(LONG_AGO + timedelta(days=1097))
    async with database.transaction() as tx:
        before = tx.now() - timedelta(days=366)
        assert [one.at for one in await retention.find_due(tx, before, None, 9)] == [LONG_AGO] * 2
        assert len(await retention.find_rights_due(tx, before, None, 9)) == 2
        assert await retention.destroy(tx, before) == 2
        left = await tx.rows(text("select action from audit where at = :at order by action"), {"at": LONG_AGO})
    assert [row["action"] for row in left] == ["account.grant", "token.revoke"]
    (rule,) = next(kind.rules for kind in kinds.KINDS if kind.name == "audit_rights")
    assert rule.days >= 3 * 365 + 1, "three years, a leap day among them"


async def test_a_due_line_tells_what_a_hold_may_keep_it_for(database: Database, clock: HeldClock) -> None:
    clock.set(LONG_AGO)
    about = [("camera", "cam-12", "c-9"), ("device", "d-1", None), ("incident", "i-1", None), ("thing", "t-1", None)]
    async with database.transaction() as tx:
        for entity, id_, case in about:
            await audit.record(tx, system("test"), "x.see", entity, id_, case=case)
    clock.set(LONG_AGO + timedelta(days=731))
    async with database.transaction() as tx:
        due = await retention.find_due(tx, LONG_AGO + timedelta(hours=1), None, 9)
    assert {(*one.cameras, *one.devices, *one.incidents, *one.people) for one in due} == {
        ("cam-12", "c-9"), ("d-1",), ("i-1",), (),
    }  # fmt: skip
    assert [len(one.cameras) + len(one.devices) for one in due].count(1) == 2


async def test_a_held_line_stays_between_destroyed_ones(database: Database, clock: HeldClock) -> None:
    await aged(database, clock)
    async with database.transaction() as tx:
        due = await retention.find_due(tx, LONG_AGO + timedelta(hours=1), None, 2)
        assert [one.incidents for one in due] == [frozenset(), frozenset({"c-1"})]
        assert [one.people for one in due] == [frozenset()] * 2, "nobody's hold keeps what is about nobody"
        rest = await retention.find_due(tx, LONG_AGO + timedelta(hours=1), Mark(due[1].at, due[1].id), 9)
        assert len(rest) == 3
        await retention.destroy_things(None, tx, [due[0], *rest])  # type: ignore[arg-type]
    found = await verdict(database)
    assert (found.whole, found.destroyed) == (True, 4), found


async def test_what_says_that_lines_were_destroyed_is_said_again_when_it_goes(
    database: Database, clock: HeldClock
) -> None:
    await aged(database, clock)
    async with database.transaction() as tx:
        await retention.destroy(tx, LONG_AGO + timedelta(hours=1))
    await sign(database)
    clock.set(LONG_AGO + timedelta(days=2 * 731))
    async with database.transaction() as tx:
        assert await retention.destroy(tx, tx.now() - timedelta(days=400)) == 3
    found = await verdict(database)
    assert (found.whole, found.destroyed, found.lines) == (True, 8, 9), found
    async with database.transaction() as tx:
        row = await tx.row(text("select entity_id from audit where action = 'audit.destroy'"))
        assert row is not None
        assert row["entity_id"] == "1-8"


async def test_the_database_lets_nobody_destroy_a_line_of_this_year(database: Database, clock: HeldClock) -> None:
    clock.set(datetime.now(UTC) - timedelta(days=364))
    await lines(database, 1)
    clock.advance(timedelta(days=800).total_seconds())
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.transaction() as tx:
            await retention.destroy(tx, tx.now())
    for statement in ("delete from audit", "update audit_seal set audit_id = null"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.transaction() as tx:
                await tx.execute(text(statement))
    clock.set(LONG_AGO)
    await lines(database, 1)
    for statement in ("delete from audit where at < now() - interval '2 years'", "update audit_seal set leaf = ''"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.transaction() as tx:
                await tx.execute(text(statement))


def test_ranges_that_touch_are_one() -> None:
    assert retention.merged([(5, 5), (1, 2), (3, 3), (6, 9), (8, 8), (11, 12)]) == [(1, 3), (5, 9), (11, 12)]
    assert retention.merged([]) == []


async def test_the_drill_on_a_real_log_finds_everything(database: Database) -> None:
    found = await drill.tampering(database, each=10)
    assert (found.sound, found.total) == (True, 60)
