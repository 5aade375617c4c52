"""The rows that tell screens what of the machinery runs."""

from sqlalchemy import text

from dure.engine import processes
from dure.engine.database import Database


async def test_only_a_change_is_told(database: Database) -> None:
    for state, restarts, last_exit in (("running", 0, None), ("running", 0, None), ("restarting", 1, "SIGKILL")):
        async with database.transaction() as tx:
            await processes.report(tx, "web", state, pid=7, restarts=restarts, last_exit=last_exit)
    async with database.transaction() as tx:
        events = await tx.rows(text("select type, entity_id, entity_version, data from outbox order by seq"))
        (row,) = [processes.shown(row) for row in await processes.listing(tx)]
    assert [(event["entity_id"], event["entity_version"], event["data"]) for event in events] == [
        ("web", 2, {"state": "running"}),
        ("web", 3, {"state": "restarting"}),
    ]
    assert (row["state"], row["restarts"], row["last_exit"], row["version"]) == ("restarting", 1, "SIGKILL", 3)


async def test_a_lagging_consumer_comes_and_goes(database: Database) -> None:
    async with database.transaction() as tx:
        await processes.report_consumer(tx, "respond.open", 31.4)
        await processes.report_consumer(tx, "respond.open", None)
        await processes.report(tx, "relay", "running")
        await processes.forget_others(tx, ["web"])
        rows = [processes.shown(row) for row in await processes.listing(tx)]
    assert [(row["id"], row["state"]) for row in rows] == [("consumer:respond.open", "running")]
