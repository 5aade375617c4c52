"""Every query of staged verification. Alarms, incidents and answers by link are read through plain statements."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, text

from dure.city.queries import devices_for_detection
from dure.engine.database import Tx
from dure.kernel.geometry import LonLat, distance_m
from dure.respond.types import TYPES
from dure.services.market_fire.model import MARKET_FIRE
from dure.services.market_fire.verification import Stage, State

_CASE = text("""
    select i.id, i.type, i.mode, i.source, i.status, i.merged_into, i.confirmed_at, i.place_key, i.lon, i.lat
    from incident i where i.id = :id
""")
_ALARMS = text("""
    select a.id, a.rule, coalesce(a.device, a.subject) as device, a.members, a.stage, a.closed_at, a.cleared_at,
        a.last_onset_at, a.raised_at, a.last_raised_at, a.judged_at, a.judged_by, a.judged_reason
    from incident i join incident_alarm l on l.incident_id = i.id join alarm a on a.id = l.alarm_id
    where (i.id = :id or i.merged_into = :id) and a.category = 'event' order by a.raised_at, a.id
""")
_UNHEARD = text("select * from market_fire_sign where heard_at is null and at >= :since order by at, id")
_HEARD = text("""
    update market_fire_sign set heard_at = :now, incident_id = :incident, doubts = cast(:doubts as text[])
    where id = :id and heard_at is null
""")
_SIGN = text("""
    insert into market_fire_sign (id, rule, kind, device, members, value, onset_at, at)
    values (:id, :rule, :kind, :device, :members, :value, :onset_at, :at)
    on conflict (rule, device, onset_at) do nothing
""")
_SIGN_OVER = text("""
    update market_fire_sign set cleared_at = :at
    where rule = :rule and device = :device and cleared_at is null and onset_at <= :at
""")
_LOAD = text("select * from market_fire_verification where incident_id = :id for update")
_GLANCE = text("select * from market_fire_verification where incident_id = :id")
_SAVE = text("""
    insert into market_fire_verification (incident_id, market_id, stage, since, began_at, deadline_at, why, state,
        terms, reported_at, ended_at)
    values (:id, :market, :stage, :now, :began_at, :deadline_at, :why, cast(:state as jsonb), cast(:terms as jsonb),
        :reported_at, :ended_at)
    on conflict (incident_id) do update set stage = excluded.stage,
        since = case when market_fire_verification.stage = excluded.stage then market_fire_verification.since
            else excluded.since end,
        began_at = excluded.began_at, deadline_at = excluded.deadline_at, why = excluded.why, state = excluded.state,
        terms = excluded.terms, reported_at = coalesce(market_fire_verification.reported_at, excluded.reported_at),
        ended_at = excluded.ended_at, version = market_fire_verification.version + 1
""")
_END = text("""
    update market_fire_verification set ended_at = :now, deadline_at = null, version = version + 1,
        why = coalesce(why, 'closed')
    where incident_id = :id and ended_at is null
""")
_REPLIES = text("""
    select p.key, p.act_id, p.answer, p.answered_at, p.way, n.person_id
    from run_reply p join run r on r.id = p.run_id left join notice n on n.key = p.key and n.medium in ('text', 'voice')
    where r.incident_id = :id and p.answered_at is not null order by p.answered_at, p.key
""")
_KNOWN = text("select distinct on (key) key, says, by, at from market_fire_answer where incident_id = :id "
              "order by key, at desc, id desc")  # fmt: skip
_ANSWER = text("""
    insert into market_fire_answer (id, incident_id, key, who, says, cause, way, by, by_id, at)
    values (:id, :incident, :key, :who, :says, :cause, :way, :by, :by_id, :now)
""")
_MARKET = text("""
    select d.id as device, s.id as stall_id, s.name as stall, coalesce(m.id, case when s.kind = 'market' then s.id end)
        as market_id, coalesce(s.attrs ->> 'hours', m.attrs ->> 'hours') as hours,
        g.steam_from, g.steam_until, g.answer_s
    from device d left join asset s on s.id = d.asset_id left join asset m on m.id = s.parent_id and m.kind = 'market'
    left join market_fire_setting g on g.asset_id = s.id
    where d.id = any(:devices)
""")
_ANNOUNCED = text("""
    select id, kind, stalls, starts_at, ends_at, announced_by from market_fire_announcement
    where market_id = :market and starts_at <= :now and ends_at > :now and ended_at is null order by starts_at, id
""")
_WATCHED = text("""
    select i.type, v.incident_id is not null and v.stage <> 'reported' as open, v.incident_id is not null as known
    from incident i left join market_fire_verification v on v.incident_id = i.id where i.id = :id
""")
_HANDED = text("""
    select exists (select from handoff h join incident i on i.id = h.incident_id join agency a on a.id = h.agency_id
        where (i.id = :id or i.merged_into = :id) and a.kind = 'fire' and h.status <> 'declined')
""")


async def case(tx: Tx, incident_id: UUID) -> RowMapping | None:
    """An incident as the stages need it, not locked; None where there is none."""
    return await tx.row(_CASE, {"id": incident_id})


async def watched(tx: Tx, incident_id: UUID) -> RowMapping | None:
    """The incident's type, whether it has a verification, and one that answers may still change."""
    return await tx.row(_WATCHED, {"id": incident_id})


async def alarms(tx: Tx, incident_id: UUID) -> Sequence[RowMapping]:
    """The alarms of an incident and of those merged into it, oldest first; faults of devices left out."""
    return await tx.rows(_ALARMS, {"id": incident_id})


async def unheard(tx: Tx, since: datetime) -> Sequence[RowMapping]:
    """What detection said beside alarms since, and no stage has taken in, oldest first."""
    return await tx.rows(_UNHEARD, {"since": since})


def heard(tx: Tx, sign_id: UUID, incident_id: UUID, doubts: Collection[str]) -> None:
    """The stages of an incident took it in; `doubts` spoke for a fault of the device."""
    values = {"id": sign_id, "incident": incident_id, "doubts": sorted(doubts), "now": tx.now()}
    tx.later(_HEARD, values)


def note(tx: Tx, row: dict[str, Any]) -> None:
    """Keep what detection said; the same again changes nothing."""
    tx.later(_SIGN, row)


def over(tx: Tx, rule: str, device: str, at: datetime) -> None:
    """It is said no more."""
    tx.later(_SIGN_OVER, {"rule": rule, "device": device, "at": at})


async def glance(tx: Tx, incident_id: UUID) -> RowMapping | None:
    """The verification as it stands, not locked."""
    return await tx.row(_GLANCE, {"id": incident_id})


async def load(tx: Tx, incident_id: UUID) -> RowMapping | None:
    """The verification, locked; the caller holds the incident."""
    return await tx.row(_LOAD, {"id": incident_id})


def state_of(row: RowMapping | None) -> State:
    """Where it stands."""
    return State() if row is None else msgspec.convert(row["state"], State)


def save(tx: Tx, incident_id: UUID, market_id: UUID | None, state: State, terms: object, due: datetime | None) -> None:
    """Keep it. `due`: when the clock does something by itself."""
    now = tx.now()
    over = state.stage in {Stage.REPORTED, Stage.FALSE}
    values = {
        "id": incident_id,
        "market": market_id,
        "stage": state.stage.value,
        "now": now,
        "began_at": datetime.fromtimestamp(state.began, now.tzinfo) if state.began else now,
        "deadline_at": due,
        "why": state.why or (state.extended if state.stage is Stage.PRE_ALARM else None),
        "state": msgspec.json.encode(state).decode(),
        "terms": msgspec.json.encode(terms).decode(),
        "reported_at": now if state.stage is Stage.REPORTED else None,
        "ended_at": now if over else None,
    }
    tx.later(_SAVE, values)


def end(tx: Tx, incident_id: UUID) -> None:
    """Its incident is over."""
    tx.later(_END, {"id": incident_id, "now": tx.now()})


async def near(tx: Tx, devices: Sequence[str], incident: Mapping[Any, Any]) -> set[str]:
    """Those of the devices that stand at an incident's place: in the same market or block, or within the radius in
    which alarms join it.
    """
    found: set[str] = set()
    at = None if incident["lon"] is None else LonLat(incident["lon"], incident["lat"])
    radius_m = TYPES.kept(MARKET_FIRE).radius_m
    for one in await devices_for_detection(tx, sorted(set(devices))):
        block = one.parent_id or one.asset_id
        same = (f"asset:{block}" if block else f"device:{one.id}") == incident["place_key"]
        here = None if one.lon is None or one.lat is None else LonLat(one.lon, one.lat)
        if same or (at is not None and here is not None and distance_m(at, here) <= radius_m):
            found.add(one.id)
    return found


async def replies(tx: Tx, incident_id: UUID) -> Sequence[RowMapping]:
    """What people answered by the links of the manual's texts, oldest first."""
    return await tx.rows(_REPLIES, {"id": incident_id})


async def known(tx: Tx, incident_id: UUID) -> dict[str, RowMapping]:
    """The last answer of each who answered, by key."""
    return {row["key"]: row for row in await tx.rows(_KNOWN, {"id": incident_id})}


def answer(tx: Tx, row: dict[str, Any]) -> None:
    """Keep an answer."""
    tx.later(_ANSWER, {**row, "now": tx.now()})


async def places(tx: Tx, devices: Sequence[str]) -> dict[str, RowMapping]:
    """The stall, market, hours and settings of each device."""
    return {row["device"]: row for row in await tx.rows(_MARKET, {"devices": list(devices)})}


async def announced(tx: Tx, market_id: UUID) -> Sequence[RowMapping]:
    """What is announced for a market at this moment."""
    return await tx.rows(_ANNOUNCED, {"market": market_id, "now": tx.now()})


async def told_119(tx: Tx, incident_id: UUID) -> bool:
    """Whether the fire service has been told on its own screen or by its door."""
    return bool(await tx.scalar(_HANDED, {"id": incident_id}))
