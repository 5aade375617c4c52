"""What of the city's own machinery runs, as rows that screens follow: each process, each consumer that stands still.

The supervisor reports its children, the watchdog of the consumers what lags. Each change of state is an event.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping, func, select
from sqlalchemy.dialects.postgresql import insert

from dure.engine.database import Tx
from dure.engine.live import LiveEntity
from dure.engine.tables import engine_process
from dure.kernel.events import Event

STATES = ("starting", "running", "restarting", "stopped", "lagging")


async def report(
    tx: Tx, name: str, state: str, *, pid: int | None = None, restarts: int = 0, last_exit: str | None = None
) -> None:
    """Notes the state of one process; nothing is written nor told when it is as noted already.

    `restarts` counts since the supervisor began; `last_exit` is the last exit in words ("exit 1", "SIGKILL").
    """
    values = {"state": state, "pid": pid, "restarts": restarts, "last_exit": last_exit}
    await tx.execute(insert(engine_process).values(name=name, since=tx.now(), **values).on_conflict_do_nothing())
    row = (await tx.rows(select(engine_process).where(engine_process.c.name == name).with_for_update()))[0]
    fresh = row["version"] == 1
    if not fresh and all(row[key] == value for key, value in values.items()):
        return
    changed: dict[str, Any] = {**values, "version": engine_process.c.version + 1}
    if row["state"] != state:
        changed["since"] = tx.now()
    await tx.execute(engine_process.update().where(engine_process.c.name == name).values(changed))
    await tx.emit(Event("EngineChanged.v1", "engine", name, row["version"] + 1, {"state": state}))


async def report_consumer(tx: Tx, name: str, waiting_s: float | None) -> None:
    """Notes a consumer whose oldest event has waited so many seconds; with None that it is well again."""
    waited = None if waiting_s is None else f"{waiting_s:.0f} s"
    await report(tx, f"consumer:{name}", "running" if waiting_s is None else "lagging", last_exit=waited)


async def listing(tx: Tx) -> Sequence[RowMapping]:
    """All rows by name."""
    return await tx.rows(select(engine_process).order_by(engine_process.c.name))


async def forget_others(tx: Tx, names: Sequence[str]) -> None:
    """Drops rows of processes that this start does not have (an engine that was replaced by a URL, say)."""
    kept = engine_process.c.name.in_(names) | func.starts_with(engine_process.c.name, "consumer:")
    await tx.execute(engine_process.delete().where(~kept))


def shown(row: RowMapping) -> dict[str, Any]:
    """The form that screens and the API get."""
    return {
        "id": row["name"],
        "name": row["name"],
        "state": row["state"],
        "pid": row["pid"],
        "restarts": row["restarts"],
        "since": row["since"].isoformat(),
        "last_exit": row["last_exit"],
        "version": row["version"],
    }


async def _load(tx: Tx, names: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    rows = await tx.rows(select(engine_process).where(engine_process.c.name.in_(names)))
    return {row["name"]: shown(row) for row in rows}


async def _snapshot(tx: Tx) -> Sequence[dict[str, Any]]:
    return [shown(row) for row in await listing(tx)]


LIVE = LiveEntity("engine", "system.read", _load, _snapshot)
