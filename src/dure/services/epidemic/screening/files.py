"""The file of screening stations (`stations`)."""

from datetime import time
from typing import Any

from dure.city.imports.kinds.common import safe_code, slug
from dure.city.imports.model import Draft, Entity, Field, Kind, Setting
from dure.city.imports.things import Thing, contribute
from dure.documents import values
from dure.kernel.ids import new_id
from dure.services.epidemic.screening.tables import epidemic_station
from dure.trust.roles import Role

_KINDS = slug(
    {
        **dict.fromkeys(("선별진료소", "도보", "일반", "보건소"), "walk"),
        **dict.fromkeys(("차량이동형", "드라이브스루", "차량", "drivethrough"), "drive"),
    }
)


def _whole(least: int, most: int) -> Any:
    def read(cell: str) -> int | None:
        found = values.whole(cell)
        if found is not None and not least <= found <= most:
            raise ValueError("documents.cell.whole")
        return found

    return read


def _clock(cell: str) -> time | None:
    plain = values.folded(cell)
    if values.is_empty(plain):
        return None
    try:
        hour, _, minute = plain.partition(":")
        return time(int(hour), int(minute or 0))
    except ValueError as error:
        raise ValueError("epidemic.import.clock") from error


def _key(draft: Draft, _setting: Setting) -> tuple[str, bool] | None:
    name = draft.text("code") or draft.text("name")
    return None if name is None else (safe_code(name), False)


def _station(draft: Draft, _setting: Setting, key: str) -> list[Entity]:
    opens, closes = draft.values.get("opens") or time(9), draft.values.get("closes") or time(18)
    if opens >= closes:
        draft.reject("closes", "epidemic.import.hours")
    if draft.reasons:
        return []
    kind = draft.values.get("kind") or "walk"
    columns: dict[str, Any] = {
        "name": draft.text("name") or key,
        "kind": kind,
        "lanes": draft.values.get("lanes") or 1,
        "slot_minutes": draft.values.get("slot_minutes") or (10 if kind == "drive" else 30),
        "opens": opens,
        "closes": closes,
        **draft.given("address"),
    }
    if {"lon", "lat"} <= draft.columns:
        columns |= {name: draft.values.get(name) for name in ("lon", "lat")}
    return [Entity("epidemic_station", (key,), columns)]


STATIONS = Kind(
    name="stations",
    fields=(
        Field("name", ("진료소명", "선별진료소", "선별진료소명", "시설명", "이름", "name"), required=True),
        Field("code", ("진료소번호", "번호", "code")),
        Field("kind", ("구분", "형태", "유형", "kind"), _KINDS),
        Field("lanes", ("차로", "차로수", "라인", "창구", "lanes"), _whole(1, 50)),
        Field("slot_minutes", ("간격", "예약간격", "분", "minutes"), _whole(1, 120)),
        Field("opens", ("시작", "운영시작", "여는시각", "opens"), _clock),
        Field("closes", ("종료", "운영종료", "닫는시각", "closes"), _clock),
        Field("address", ("주소", "소재지도로명주소", "address")),
        Field("lon", ("경도", "longitude", "lng", "lon"), values.number, strict=False),
        Field("lat", ("위도", "latitude", "lat"), values.number, strict=False),
    ),
    groups=(),
    key_field="name",
    key=_key,
    build=_station,
)
THINGS = (Thing(epidemic_station, ("code",), new_id),)


def register() -> None:
    """Tell the city of these files."""
    contribute(__name__, (STATIONS,), THINGS, frozenset({Role.EPIDEMIC}))


register()
