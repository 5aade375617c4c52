"""The chooser of each process, kept in step with the table: `nearest` of a hundred thousand cameras without reading
them.

Every statement that changes cameras leaves their ids in `camera_mark` (by trigger). Before each answer the marks that
are new are read, and the cameras they name; so an answer is never older than the transaction that asks.
"""

import asyncio
import math
import time
from collections.abc import Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ARRAY, BigInteger, Engine, RowMapping, Text, bindparam, text

from dure.city.health import BELIEVED
from dure.city.nearest import IN_USE, Choice, Chooser, View
from dure.city.sight import Buildings, Ring
from dure.engine.database import Tx
from dure.kernel.geometry import LonLat

_COLUMNS = "id, site_id, lon, lat, azimuth_deg, fov_deg, range_m, ptz, state"
_ALL = text(f"select {_COLUMNS} from camera order by id")
_SOME = text(f"select {_COLUMNS} from camera where id = any(:ids)").bindparams(bindparam("ids", type_=ARRAY(Text)))
_MARKS = text(
    "select id, camera_ids from camera_mark where id <> all(:seen) "
    "union all select 0, coalesce(array_agg(camera_id), '{}') from camera_health where seen_at > :believed order by 1"
).bindparams(bindparam("seen", type_=ARRAY(BigInteger)))
_OUTLINES = text("select geometry from map_feature where layer = 'building'")
_OUTLINES_KEPT_S = 600.0
"""Buildings come by the city's base map and hardly ever change: they are read anew this often."""
_MARK_IDS = text("select id from camera_mark")
_MANY = 5_000


class CameraIndex:
    """All cameras of one database, in memory."""

    def __init__(self) -> None:
        self._views: dict[str, View] = {}
        self._seen: set[int] | None = None
        self._chooser = Chooser([])
        self._troubled: frozenset[str] = frozenset()
        self._in_chooser: frozenset[str] = frozenset()
        self._lock = asyncio.Lock()
        self._buildings: Buildings | None = None
        self._read_at = -math.inf

    async def chooser(self, tx: Tx) -> Chooser:
        """The chooser as of this transaction."""
        async with self._lock:
            if self._seen is None:
                await self._load(tx)
            values = {"seen": sorted(self._seen or ()), "believed": tx.now() - BELIEVED}
            marks = [mark for mark in await tx.rows(_MARKS, values) if not self._note(mark)]
            if marks:
                await self._advance(tx, marks)
            elif self._troubled != self._in_chooser:
                await self._choose()
            return self._chooser

    def _note(self, mark: RowMapping) -> bool:
        """Whether it is no change of cameras but the list of those that send no picture just now."""
        if mark["id"] == 0:
            self._troubled = frozenset(mark["camera_ids"])
        return bool(mark["id"] == 0)

    async def _choose(self) -> None:
        """The chooser anew: a camera that sends no picture counts as broken, whatever the registry says."""
        self._in_chooser = self._troubled
        views = [
            view._replace(state="broken") if view.id in self._troubled and view.state in IN_USE else view
            for view in self._views.values()
        ]
        self._chooser = await asyncio.to_thread(Chooser, views)

    async def buildings(self, tx: Tx) -> Buildings:
        """What may stand between a camera and a place."""
        async with self._lock:
            if self._buildings is None or time.monotonic() - self._read_at > _OUTLINES_KEPT_S:
                shapes = [row["geometry"] for row in await tx.rows(_OUTLINES)]
                self._buildings = await asyncio.to_thread(_built, shapes)
                self._read_at = time.monotonic()
            return self._buildings

    async def _load(self, tx: Tx) -> None:
        seen = {row["id"] for row in await tx.rows(_MARK_IDS)}
        self._views = {row["id"]: _view(row) for row in await tx.rows(_ALL)}
        await self._choose()
        self._seen = seen

    async def _advance(self, tx: Tx, marks: Iterable[RowMapping]) -> None:
        assert self._seen is not None
        changed = {camera for mark in marks for camera in mark["camera_ids"]}
        if len(changed) > _MANY or len(self._seen) > _MANY:
            await self._load(tx)
            return
        for camera in changed:
            self._views.pop(camera, None)
        self._views.update((row["id"], _view(row)) for row in await tx.rows(_SOME, {"ids": sorted(changed)}))
        await self._choose()
        self._seen.update(mark["id"] for mark in marks)


def _built(shapes: Iterable[Mapping[str, Any]]) -> Buildings:
    """Outlines of GeoJSON polygons: the outer ring of each part."""
    rings: list[Ring] = []
    for shape in shapes:
        parts = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
        if shape["type"] in {"Polygon", "MultiPolygon"}:
            rings += [part[0] for part in parts if part]
    return Buildings(rings)


def _view(row: RowMapping) -> View:
    return View(**row)


_indexes: WeakKeyDictionary[Engine, CameraIndex] = WeakKeyDictionary()


def index_of(tx: Tx) -> CameraIndex:
    """The index of the transaction's database in this process."""
    return _indexes.setdefault(tx.connection.sync_engine.engine, CameraIndex())


async def nearest_cameras(tx: Tx, at: LonLat, n: int = 5) -> list[Choice]:
    """The `n` cameras for a place, best first (`dure.city.nearest` says in which order)."""
    index = index_of(tx)
    chooser = await index.chooser(tx)
    return chooser.seen(at, n, await index.buildings(tx))
