"""How stalls stand, kept beside them so that screens follow it: a change of a detector, an alarm or an incident becomes
one change of the stall, heard by whoever may see that market.

- `MarketStallChanged.v1` (entity `market_stall`, by the stall's id): it stands otherwise than before.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, text

from dure.detect.events import CHANGED as ALARM_CHANGED
from dure.detect.events import CLEARED, RAISED
from dure.engine.consumers import Consumer
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.live import LiveEntity
from dure.kernel.events import Event
from dure.respond.changes import CHANGED, OPENED
from dure.services.market_fire.plan import announced
from dure.services.market_fire.plan.reach import AGENCY, reach_of
from dure.services.market_fire.plan.states import Facts, State, state_of

ENTITY: Final = "market_stall"
EVENT: Final = "MarketStallChanged.v1"
_DEVICE: Final = "DeviceChanged.v1"
_IMPORTED: Final = "CityImported.v1"
_FILES: Final = frozenset({"stalls", "devices", "markets", "market_plans"})
_REMEMBERED: Final = timedelta(days=30)
"""An alarm that nobody ended for so long is no fire; it does not colour a plan for ever."""
_IDS: Final = bindparam("ids", type_=ARRAY(Uuid))

_FACTS = """
    select s.id, s.parent_id as market_id,
        count(d.id) as detectors,
        count(d.id) filter (where d.state = 'off') as off,
        coalesce(array_agg(distinct d.fault) filter (where d.fault is not null), '{{}}') as faults,
        coalesce(h.stages, '{{}}') as stages, coalesce(h.confirmed, false) as confirmed
    from asset s
    left join device d on d.asset_id = s.id and d.kind = 'fire_detector'
    left join lateral (
        select array_agg(distinct a.stage) as stages,
            bool_or(r.confirmed_at is not null or v.stage = 'reported') as confirmed
        from device x join alarm a on a.device = x.id
        left join incident i on i.id = a.incident_id
        left join incident r on r.id = coalesce(i.merged_into, i.id)
        left join market_fire_verification v on v.incident_id = r.id
        where x.asset_id = s.id and a.category = 'event' and a.incident_type = 'market_fire' and a.stage <> 'false'
            and a.raised_at > :since
            and (a.closed_at is null or (r.id is not null and r.closed_at is null))
    ) h on true
    where s.kind = 'stall' and {which}
    group by s.id, h.stages, h.confirmed
"""
_BY_STALL = text(_FACTS.format(which="s.id = any(:ids)")).bindparams(_IDS)
_BY_MARKET = text(_FACTS.format(which="s.parent_id = :market"))
_ALL = text(_FACTS.format(which="s.parent_id is not null"))
# One at a time: who looked earlier must not write later.
_ALONE = text("select pg_advisory_xact_lock(hashtext('market_stall_state'))")
_WRITE = text(
    "insert into market_stall_state as k (stall_id, state, since) "
    "select u.id, u.state, :now from unnest(cast(:ids as uuid[]), cast(:states as text[])) as u(id, state) "
    "on conflict (stall_id) do update set state = excluded.state, since = excluded.since, version = k.version + 1 "
    "where k.state <> excluded.state returning k.stall_id, k.version"
).bindparams(_IDS, bindparam("states", type_=ARRAY(Text)))


async def _states(tx: Tx, rows: Sequence[Any]) -> dict[UUID, State]:
    works = await announced.now(tx, [row["id"] for row in rows])
    return {
        row["id"]: state_of(
            Facts(
                row["detectors"], frozenset(row["stages"]), row["confirmed"], frozenset(row["faults"]), row["off"],
                row["id"] in works,
            )
        )
        for row in rows
    }  # fmt: skip


async def states_of(tx: Tx, market_id: UUID) -> dict[UUID, State]:
    """How the stalls of a market stand just now."""
    return await _states(tx, await tx.rows(_BY_MARKET, {"market": market_id, "since": tx.now() - _REMEMBERED}))


async def refresh(tx: Tx, stalls: Sequence[UUID] | None = None) -> int:
    """Look at these stalls, or all, and tell of those that stand otherwise than before; how many."""
    await tx.execute(_ALONE)
    since = {"since": tx.now() - _REMEMBERED}
    rows = await tx.rows(_ALL, since) if stalls is None else await tx.rows(_BY_STALL, {"ids": list(stalls), **since})
    found = sorted((await _states(tx, rows)).items())
    if not found:
        return 0
    values = {"ids": [id_ for id_, _ in found], "states": [state.value for _, state in found], "now": tx.now()}
    changed = await tx.rows(_WRITE, values)
    await tx.emit(*(Event(EVENT, ENTITY, str(row["stall_id"]), row["version"]) for row in changed))
    return len(changed)


_OF_DEVICE = text("select s.id from device d join asset s on s.id = d.asset_id and s.kind = 'stall' where d.id = :id")
_OF_INCIDENT = text(
    "select distinct s.id from incident i join alarm a on a.incident_id = i.id join device d on d.id = a.device "
    "join asset s on s.id = d.asset_id and s.kind = 'stall' "
    "where (i.id = :id or i.merged_into = :id) and i.type = 'market_fire'"
)


async def on_event(tx: Tx, event: Event) -> None:
    """Look at the stalls that an event may have touched."""
    if event.type == _IMPORTED:
        if event.data.get("kind") in _FILES:
            await refresh(tx)
        return
    if event.entity == "incident":
        rows = await tx.rows(_OF_INCIDENT, {"id": UUID(event.entity_id)})
    else:
        device = event.entity_id if event.type == _DEVICE else event.data.get("device")
        rows = await tx.rows(_OF_DEVICE, {"id": device}) if device else []
    if rows:
        await refresh(tx, [row["id"] for row in rows])


async def look(context: Context) -> None:
    """Announced works begin and end by the clock, and detectors move from stall to stall."""
    async with context.database.transaction() as tx:
        await refresh(tx)


CONSUMER = Consumer(
    "market_fire.stalls", (RAISED, ALARM_CHANGED, CLEARED, OPENED, CHANGED, _DEVICE, _IMPORTED), on_event
)

_VALUES = f"""
    select s.id::text as id, k.version, s.parent_id::text as market_id, {AGENCY} as agency_id, m.name as market_name,
        s.name, s.attrs->>'shop' as shop, k.state, k.since
    from market_stall_state k join asset s on s.id = k.stall_id join asset m on m.id = s.parent_id
"""
_LOAD = text(f"{_VALUES} where s.id = any(:ids)").bindparams(_IDS)
_SNAPSHOT = text(f"{_VALUES} where k.state not in ('normal', 'unwatched') order by k.since desc, s.id limit 2000")


async def _load(tx: Tx, ids: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    return {row["id"]: dict(row) for row in await tx.rows(_LOAD, {"ids": [UUID(one) for one in ids]})}


async def _snapshot(tx: Tx) -> Sequence[dict[str, Any]]:
    return [dict(row) for row in await tx.rows(_SNAPSHOT)]


def _visible(viewer: Any, value: Mapping[str, Any]) -> bool:
    return reach_of(viewer).covers(value["agency_id"])


LIVE = LiveEntity(ENTITY, "market_fire.read", _load, _snapshot, _visible)
