"""Five nearest of 100,000 cameras, with view sector and state; against PostgreSQL's own nearest-neighbour index.

The peer is a GiST index on points: the 64 nearest are fetched by `<->` and ranked in SQL by state, sector and distance.
It answers over a prepared statement on one loopback connection, ours in the process that asks; that is how each would
be used.
"""

import contextlib
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from benchmarks.measuring import Claim, claim, percentile
from dure.city.nearest import Chooser, View
from dure.engine.servers import binaries
from dure.engine.servers.postgres import Cluster, Postgres
from dure.kernel.geometry import LonLat

CAMERAS = 100_000
QUESTIONS = 2_000
SEED = 20261205
_WEST, _SOUTH, _EAST, _NORTH = 127.30, 36.55, 127.55, 36.75

_PEER = """
with near as materialized (
    select * from camera order by at <-> point(%(x)s, %(y)s) limit 64
), placed as (
    select *, (at <-> point(%(x)s, %(y)s)) as far,
        degrees(atan2(%(x)s - at[0], %(y)s - at[1])) as bearing from near
), ranked as (
    select *, abs(mod((bearing - azimuth + 540)::numeric, 360) - 180) <= fov / 2 and far <= range as sees,
        row_number() over (partition by site order by far) as of_site
    from placed
)
select id, site, far from ranked where of_site <= 2
order by state = 'broken', not sees, far limit 5
"""


def cameras(seed: int) -> list[View]:
    """A city with two cameras on each of 50,000 sites, one in twenty broken."""
    chance = random.Random(seed)
    made = []
    for site in range(CAMERAS // 2):
        lon, lat = chance.uniform(_WEST, _EAST), chance.uniform(_SOUTH, _NORTH)
        for n in range(2):
            state = "broken" if chance.random() < 0.05 else "ok"
            azimuth, fov, reach = chance.uniform(0, 360), chance.uniform(40, 110), chance.uniform(40, 150)
            made.append(View(f"C-{site}-{n}", f"S-{site}", lon, lat, azimuth, fov, reach, chance.random() < 0.2, state))
    return made


def nearest() -> list[Claim]:
    """Median and p99 of one question."""
    chance = random.Random(SEED + 1)
    places = [LonLat(chance.uniform(_WEST, _EAST), chance.uniform(_SOUTH, _NORTH)) for _ in range(QUESTIONS)]
    views = cameras(SEED)
    chooser = Chooser(views)
    began = time.perf_counter()
    ours = _timed(lambda place: chooser.nearest(place, 5), places)
    with _peer(views) as line:
        theirs = _timed(lambda place: line.execute(_PEER, _metric(place), prepare=True).fetchall(), places)
    seconds = time.perf_counter() - began
    peer = "PostgreSQL GiST <->"
    return [
        claim(
            "ingest",
            f"nearest: five of {CAMERAS:,} cameras, {name}",
            "ms",
            percentile(ours, share),
            peer=peer,
            theirs=percentile(theirs, share),
            less_is_better=True,
            samples=QUESTIONS,
            seconds=seconds,
            seed=SEED,
        )
        for name, share in (("median", 0.5), ("p99", 0.99))
    ]


def _timed(ask: object, places: list[LonLat]) -> list[float]:
    assert callable(ask)
    for place in places[:50]:
        ask(place)
    taken = []
    for place in places:
        began = time.perf_counter()
        ask(place)
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def _metric(place: LonLat) -> dict[str, float]:
    """The peer's plane: metres, so that distance and angle mean something."""
    return {"x": (place.lon - _WEST) * 89_300, "y": (place.lat - _SOUTH) * 111_195}


@contextlib.contextmanager
def _peer(views: list[View]) -> Iterator[psycopg.Connection]:
    folder = Path(tempfile.mkdtemp(prefix="dure-bench-"))
    folder.chmod(0o711)
    user = binaries.server_user()
    cluster = Cluster(folder / "postgres", binaries.postgres_home(user), user)
    server = Postgres(cluster, password="bench", log=folder / "log", durable=False)
    server.make()
    server.start()
    server.ready()
    try:
        with psycopg.connect(server.url_of("postgres"), autocommit=True) as line:
            line.execute(
                "create table camera (id text, site text, at point, azimuth float, fov float, range float, state text)"
            )
            with line.cursor().copy("copy camera from stdin") as copy:
                for one in views:
                    plane = _metric(LonLat(one.lon, one.lat))
                    at = f"({plane['x']},{plane['y']})"
                    copy.write_row((one.id, one.site_id, at, one.azimuth_deg, one.fov_deg, one.range_m, one.state))
            line.execute("create index on camera using gist (at)")
            line.execute("vacuum analyze camera")
            yield line
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    from benchmarks.measuring import main

    main({"nearest": nearest})
