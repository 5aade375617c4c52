"""Every query of learning. Alarms, devices and hand-offs are read through plain statements of counts and ids."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.kernel.geometry import LonLat

_CAUSE = """coalesce(c.cause, case
    when a.stage = 'false' then case a.judged_reason when 'works' then 'welding' else a.judged_reason end
    when a.stage = 'confirmed' and (a.judged_at is not null or i.outcome = 'real') then 'fire' end)"""
"""What somebody told of an alarm; else what they said when they called it false, or confirmed it."""
_SAID = f"""
    select a.id, a.rule, a.rule_ko, a.rule_en, a.device, a.stage, a.severity, a.onset_at, a.raised_at, a.cleared_at,
        a.closed_at, a.judged_at, a.incident_id, i.receipt_no, {_CAUSE} as cause, c.cause is not null as told,
        c.told_at, c.told_by, coalesce(c.version, 0) as version,
        s.id as stall_id, s.name as stall, m.id as market_id, m.name as market,
        coalesce(s.attrs->>'hours', m.attrs->>'hours') as hours,
        exists (
            select from market_fire_announcement w where w.market_id = m.id and a.onset_at >= w.starts_at
                and a.onset_at < coalesce(w.ended_at, w.ends_at) and (cardinality(w.stalls) = 0 or s.id = any(w.stalls))
        ) as announced,
        (
            select min(h.sent_at) from handoff h where h.incident_id = i.id and h.agency_id = 'fire'
                and h.sent_at >= a.onset_at
                and h.sent_at <= coalesce(case when a.stage = 'false' then a.judged_at end, a.closed_at, 'infinity')
        ) as reported_at
    from alarm a
    join device d on d.id = coalesce(a.device, a.members[1]) and d.kind = 'fire_detector'
    join asset s on s.id = d.asset_id and s.kind = 'stall'
    join asset m on m.id = s.parent_id
    left join incident i on i.id = a.incident_id
    left join market_fire_cause c on c.id = a.id
    where a.category = 'event' and coalesce(i.mode, 'real') = 'real' and a.lane = 'market_fire'
"""
_FALSE = "cause is not null and cause not in ('fire', 'test', 'unknown')"
_OF_ALARM = text(f"select * from ({_SAID} and a.id = :id) said")
_ALARMS = text(
    f"select * from ({_SAID}) said where (cast(:stall as uuid) is null or stall_id = :stall) "
    "and (cast(:market as uuid) is null or market_id = :market) and raised_at >= :since and raised_at < :until "
    "and (not :owed or (cause is null and closed_at is not null)) "
    "and (cast(:after_at as timestamptz) is null or (raised_at, id) < (:after_at, cast(:after_id as uuid))) "
    "order by raised_at desc, id desc limit :most"
)
_BY = {
    "stall": "stall_id::text as id, market || ' ' || stall as name_ko, market || ' ' || stall as name_en",
    "sensor": "device as id, device as name_ko, device as name_en",
    "rule": "rule as id, min(rule_ko) as name_ko, min(rule_en) as name_en",
    "cause": "coalesce(cause, '') as id, coalesce(cause, '') as name_ko, coalesce(cause, '') as name_en",
}
_GROUPS = {"stall": "stall_id, market, stall", "sensor": "device", "rule": "rule", "cause": "coalesce(cause, '')"}
_DELAY = "cast(extract(epoch from reported_at - onset_at) as double precision)"


def _figures(by: str) -> str:
    return (
        f'select {_BY[by]}, count(*) as alarms, count(*) filter (where {_FALSE}) as "false", '
        f"count(*) filter (where {_FALSE} and reported_at is not null) as false_reports, "
        "count(*) filter (where cause = 'fire') as fires, count(*) filter (where cause is null) as untold, "
        f"percentile_cont(0.5) within group (order by {_DELAY}) as delay_median_s, max({_DELAY}) as delay_max_s "
        f"from ({_SAID} and a.raised_at >= :since) said "
        "where (cast(:market as uuid) is null or market_id = :market) "
        f'group by {_GROUPS[by]} order by false_reports desc, "false" desc, alarms desc, id limit 500'
    )


FIGURES = {by: text(_figures(by)) for by in _BY}
_TELL = text(
    "insert into market_fire_cause (id, cause, told_at, told_by) values (:id, :cause, :now, :by) "
    "on conflict (id) do update set cause = excluded.cause, told_at = excluded.told_at, told_by = excluded.told_by, "
    "version = market_fire_cause.version + 1"
)
_STALL = text("""
    select s.id, s.name, s.code, s.attrs->>'zone' as zone, m.id as market_id, m.name as market, g.steam_from,
        g.steam_until, g.answer_s, g.since, g.approved_by
    from asset s join asset m on m.id = s.parent_id left join market_fire_setting g on g.asset_id = s.id
    where s.kind = 'stall' and s.id = :id
""")
_SETTINGS = text(
    "select asset_id, steam_from, steam_until, answer_s from market_fire_setting where asset_id = any(:ids)"
)
_DEVICES = text(
    "select id, name, state, fault, last_seen, latest, interval_s from device "
    "where asset_id = :id and kind = 'fire_detector' order by id"
)
_PROPOSED = """
    select p.*, s.name as stall, m.id as market_id, m.name as market, g.steam_from as now_steam_from,
        g.steam_until as now_steam_until, g.answer_s as now_answer_s
    from market_fire_proposal p join asset s on s.id = p.asset_id join asset m on m.id = s.parent_id
    left join market_fire_setting g on g.asset_id = p.asset_id
"""
_PROPOSALS = text(
    f"{_PROPOSED} where (cast(:state as text) is null or p.state = :state) "
    "and (cast(:stall as uuid) is null or p.asset_id = :stall) "
    "and (cast(:after_at as timestamptz) is null or (p.made_at, p.id) < (:after_at, cast(:after_id as uuid))) "
    "order by p.made_at desc, p.id desc limit :most"
)
_PROPOSAL = text(f"{_PROPOSED} where p.id = :id")
_PROPOSAL_LOCKED = text(f"{_PROPOSED} where p.id = :id for update of p")
_PROPOSE = text(
    "insert into market_fire_proposal (id, asset_id, steam_from, steam_until, answer_s, because, made_at, made_by) "
    "values (:id, :stall, :begin, :end, :answer, cast(:because as jsonb), :now, :by) "
    "on conflict (asset_id) where state = 'open' do nothing"
)
_REPLAYED = text(
    "update market_fire_proposal set replay = cast(:replay as jsonb), replayed_at = :now, version = version + 1 "
    "where id = :id"
)
_DECIDE = text(
    "update market_fire_proposal set state = :state, decided_at = :now, decided_by = :by, reason = :reason, "
    "version = version + 1 where id = :id"
)
_SET = text(
    "insert into market_fire_setting (asset_id, steam_from, steam_until, answer_s, proposal_id, since, approved_by) "
    "values (:stall, :begin, :end, :answer, :id, :now, :by) on conflict (asset_id) do update set "
    "steam_from = excluded.steam_from, steam_until = excluded.steam_until, answer_s = excluded.answer_s, "
    "proposal_id = excluded.proposal_id, since = excluded.since, approved_by = excluded.approved_by, "
    "version = market_fire_setting.version + 1"
)
_KNOWN = text(f"""
    select stall_id, raised_at, cause,
        case when stage = 'false' then cast(extract(epoch from judged_at - raised_at) as double precision) end
            as denied_s
    from ({_SAID} and a.raised_at >= :since) said order by stall_id, raised_at
""")
_WAITING = text(
    "select asset_id from market_fire_proposal where state = 'open' or (state = 'refused' and decided_at > :since)"
)
_POSITION = text("""
    select coalesce(d.lon, a.lon) as lon, coalesce(d.lat, a.lat) as lat from device d join asset a on a.id = d.asset_id
    where a.id = :id and d.kind = 'fire_detector' and coalesce(d.lon, a.lon) is not null order by d.id limit 1
""")
_BESIDE = text("""
    select d.id, coalesce(d.lon, a.lon) as lon, coalesce(d.lat, a.lat) as lat, d.interval_s, a.id = :id as own
    from device d join asset a on a.id = d.asset_id
    where d.kind = 'fire_detector' and a.parent_id = (select parent_id from asset where id = :id)
        and (a.id = :id or (abs(coalesce(d.lat, a.lat) - :lat) < :d_lat
            and abs(coalesce(d.lon, a.lon) - :lon) < :d_lon))
    order by own desc, abs(coalesce(d.lat, a.lat) - :lat) + abs(coalesce(d.lon, a.lon) - :lon), d.id limit 20
""")
_UNREPLAYED = text(
    f"{_PROPOSED} where p.state = 'open' and p.replayed_at is null and not p.id = any(:but) "
    "order by p.made_at, p.id limit 1"
)
_MARKET = text("""
    select m.id, m.name, m.road_address as address, count(d.id) as detectors from asset m
    left join asset s on s.parent_id = m.id and s.kind = 'stall'
    left join device d on d.asset_id = s.id and d.kind = 'fire_detector'
    where m.kind = 'market' and m.id = :id group by m.id
""")
_ILL = text("""
    select d.id, s.id as stall_id, s.name as stall, d.state, d.fault, d.last_seen from device d
    join asset s on s.id = d.asset_id where s.parent_id = :id and d.kind = 'fire_detector'
        and (d.fault is not null or d.state = 'off' or d.last_seen is null or d.last_seen < :heard_after)
    order by s.name, d.id limit 500
""")
_OWN_YEAR = text(f"""
    select (
        select sum(extract(epoch from :now - greatest(d.created_at, :since)) / 86400) from device d
        join asset s on s.id = d.asset_id and s.kind = 'stall' where d.kind = 'fire_detector' and d.state = 'ok'
    ) as stall_nights, count(distinct incident_id) filter (where {_FALSE} and reported_at is not null) as false_reports,
    count(distinct incident_id) filter (where cause = 'fire') as fires,
    percentile_cont(0.5) within group (order by {_DELAY}) filter (where cause = 'fire') as median_s
    from ({_SAID} and a.raised_at >= :since) said
""")


async def alarm(tx: Tx, alarm_id: UUID) -> RowMapping:
    """A stall's alarm with its cause. Raises NotFound for any other."""
    row = await tx.row(_OF_ALARM, {"id": alarm_id})
    if row is None:
        raise NotFound("market_fire.alarm.none")
    return row


async def alarms(
    tx: Tx,
    *,
    since: datetime,
    until: datetime,
    stall: UUID | None = None,
    market: UUID | None = None,
    owed: bool = False,
    after: Sequence[Any] | None = None,
    most: int,
) -> Sequence[RowMapping]:
    """Stalls' alarms, the newest first; `owed`: those that are over and have no cause yet."""
    after_at, after_id = (None, None) if after is None else (after[0], after[1])
    values = {"since": since, "until": until, "stall": stall, "market": market, "owed": owed, "most": most}
    return await tx.rows(_ALARMS, {**values, "after_at": after_at, "after_id": after_id})


async def figures(tx: Tx, by: str, since: datetime, market: UUID | None) -> Sequence[RowMapping]:
    """False reports and delays by stall, sensor, rule or cause, the worst first."""
    return await tx.rows(FIGURES[by], {"since": since, "market": market})


async def tell(tx: Tx, alarm_id: UUID, cause: str, by: str) -> None:
    """What an alarm turned out to be."""
    await tx.execute(_TELL, {"id": alarm_id, "cause": cause, "by": by, "now": tx.now()})


async def stall(tx: Tx, stall_id: UUID) -> RowMapping:
    """A stall with its market and setting. Raises NotFound."""
    row = await tx.row(_STALL, {"id": stall_id})
    if row is None:
        raise NotFound("market_fire.stall.none")
    return row


async def settings_of(tx: Tx, stalls: Sequence[UUID]) -> Mapping[UUID, RowMapping]:
    """The settings of these stalls; those that are as the city are left out."""
    return {row["asset_id"]: row for row in await tx.rows(_SETTINGS, {"ids": list(stalls)})}


async def devices(tx: Tx, stall_id: UUID) -> Sequence[RowMapping]:
    """A stall's detectors as they are now."""
    return await tx.rows(_DEVICES, {"id": stall_id})


async def position(tx: Tx, stall_id: UUID) -> RowMapping | None:
    """Where a stall's first detector stands (lon, lat); None where nobody knows."""
    return await tx.row(_POSITION, {"id": stall_id})


async def beside(tx: Tx, stall_id: UUID, at: LonLat, within: tuple[float, float]) -> Sequence[RowMapping]:
    """A stall's detectors and those of its market within so many degrees of `at`, its own first; at most twenty."""
    values = {"id": stall_id, "lon": at.lon, "lat": at.lat, "d_lon": within[0], "d_lat": within[1]}
    return await tx.rows(_BESIDE, values)


async def unreplayed(tx: Tx, but: Sequence[UUID]) -> RowMapping | None:
    """The oldest open proposal that has no replay yet, but for some."""
    return await tx.row(_UNREPLAYED, {"but": list(but)})


async def proposals(
    tx: Tx, *, state: str | None, stall: UUID | None = None, after: Sequence[Any] | None = None, most: int
) -> Sequence[RowMapping]:
    """Proposals, the newest first."""
    after_at, after_id = (None, None) if after is None else (after[0], after[1])
    return await tx.rows(
        _PROPOSALS, {"state": state, "stall": stall, "after_at": after_at, "after_id": after_id, "most": most}
    )


async def proposal(tx: Tx, proposal_id: UUID, *, lock: bool = False) -> RowMapping:
    """One proposal. Raises NotFound."""
    row = await tx.row(_PROPOSAL_LOCKED if lock else _PROPOSAL, {"id": proposal_id})
    if row is None:
        raise NotFound("market_fire.proposal.unknown")
    return row


async def propose(tx: Tx, values: dict[str, Any]) -> bool:
    """Keep a proposal; False where one is open for the stall already."""
    return bool((await tx.execute(_PROPOSE, {**values, "now": tx.now()})).rowcount)


async def replayed(tx: Tx, proposal_id: UUID, replay: str | None) -> None:
    """Keep what the past year would have been; with None a replay is wanted anew."""
    at = None if replay is None else tx.now()
    await tx.execute(_REPLAYED, {"id": proposal_id, "replay": replay, "now": at})


async def decide(tx: Tx, proposal_id: UUID, state: str, by: str, reason: str) -> None:
    """Approved or refused."""
    await tx.execute(_DECIDE, {"id": proposal_id, "state": state, "by": by, "reason": reason, "now": tx.now()})


async def put_setting(tx: Tx, values: dict[str, Any]) -> None:
    """The stall's setting from now on."""
    await tx.execute(_SET, {**values, "now": tx.now()})


async def known(tx: Tx, since: datetime) -> Sequence[RowMapping]:
    """Causes and answers of all stalls' alarms since then, by stall and time."""
    return await tx.rows(_KNOWN, {"since": since})


async def waiting(tx: Tx, refused_since: datetime) -> set[UUID]:
    """Stalls that have an open proposal, or one refused since then."""
    return {row["asset_id"] for row in await tx.rows(_WAITING, {"since": refused_since})}


async def market(tx: Tx, market_id: UUID) -> RowMapping:
    """A market with how many detectors its stalls have. Raises NotFound."""
    row = await tx.row(_MARKET, {"id": market_id})
    if row is None:
        raise NotFound("market_fire.market.unknown")
    return row


async def ill(tx: Tx, market_id: UUID, heard_after: datetime) -> Sequence[RowMapping]:
    """A market's detectors that are faulty, switched off, or not heard since then."""
    return await tx.rows(_ILL, {"id": market_id, "heard_after": heard_after})


async def own_year(tx: Tx, since: datetime) -> RowMapping | None:
    """Nights that stalls were watched, false reports, fires and the median delay (s) since then."""
    return await tx.row(_OWN_YEAR, {"since": since, "now": tx.now()})
