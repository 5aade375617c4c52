"""Every query of the service. Other rooms' rows are read through what those rooms offer, but for plain counts."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.services.market_fire.plan.reach import AGENCY, WITHIN, Reach

_MARKETS = text(f"""
    select m.id, m.code, m.name, m.road_address as address, m.lon, m.lat,
        count(distinct s.id) as stalls,
        count(d.id) as detectors,
        count(d.id) filter (where d.state = 'ok' and d.last_seen > :heard_after) as heard,
        count(d.id) filter (where d.fault is not null) as faulty,
        count(d.id) filter (where d.state = 'off') as off,
        (select count(*) from market_stall_state k join asset x on x.id = k.stall_id
            where x.parent_id = m.id and k.state in ('alarm', 'pre_alarm')) as alarming,
        {AGENCY} as agency_id
    from asset m
    left join asset s on s.parent_id = m.id and s.kind = 'stall'
    left join device d on d.asset_id = s.id and d.kind = 'fire_detector'
    where m.kind = 'market' and {WITHIN}
    group by m.id order by m.name, m.code
""")


async def markets(tx: Tx, heard_after: object, within: Reach) -> Sequence[RowMapping]:
    """The markets within a reach, with how many of their detectors were heard since `heard_after`, are faulty or
    switched off.
    """
    return await tx.rows(_MARKETS, {"heard_after": heard_after, **within.values()})
