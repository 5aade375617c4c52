"""Where the sample city's cameras have their pictures: at the simulator's address, and nowhere near a real camera's."""

from urllib.parse import urlsplit

from sqlalchemy import text

from dure.city.sample.plan import CITY_CODE
from dure.engine.database import Tx

_OURS = (
    "from camera_site s where s.id = c.site_id and s.agency_code = :code and c.state in ('ok', 'unknown') "
    "and (c.stream_url is null or c.stream_url ~ '^rtsp://127[.]0[.]0[.]1:[0-9]+/')"
)
_PLACE = text(
    "select c.stream_url from camera c join camera_site s on s.id = c.site_id "
    "where s.agency_code = :code and c.stream_url ~ '^rtsp://127[.]0[.]0[.]1:[0-9]+/' limit 1"
)
_REGISTER = (
    "update camera c set stream_url = :base || c.id, stream_login = null "
    f"{_OURS} and c.stream_url is distinct from :base || c.id "
    "and (cast(:count as integer) is null or c.id = any(select id from near))"
)
_NEAR = (
    "with near as (select c.id from camera c join camera_site s on s.id = c.site_id "
    "where s.agency_code = :code and c.state in ('ok', 'unknown') "
    "order by (select min((m.lon - c.lon) ^ 2 + (m.lat - c.lat) ^ 2) from asset m where m.kind = 'market'), c.id "
    "limit :count) "
)
_RECORD = text(
    f"{_NEAR} update camera c set recorded = true {_OURS} and c.id = any(select id from near) "
    "and not exists (select from camera where recorded)"
)


async def port_before(tx: Tx) -> int | None:
    """The port at which the simulator was before, if the sample's cameras know one."""
    found = await tx.scalar(_PLACE, {"code": CITY_CODE})
    return None if found is None else urlsplit(str(found)).port


async def register(tx: Tx, port: int, count: int | None = None) -> int:
    """Let the sample's working cameras (the `count` nearest to a market, or all) have their pictures at the simulator
    on this port of this machine; how many were told anew. Addresses that somebody gave by hand stay.
    """
    params = {"code": CITY_CODE, "base": f"rtsp://127.0.0.1:{port}/", "count": count}
    return (await tx.execute(text(_NEAR + _REGISTER), params)).rowcount


async def record(tx: Tx, count: int) -> int:
    """Let the pictures of the `count` cameras nearest to a market be kept, where none in the city are yet; how many."""
    return (await tx.execute(_RECORD, {"code": CITY_CODE, "count": count})).rowcount
