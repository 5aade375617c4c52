"""Single cameras with their view sectors: no standard, dure's own columns."""

from typing import Any

from dure.city import streams
from dure.city.imports.kinds.cctv import azimuth as compass
from dure.city.imports.kinds.cctv import purposes
from dure.city.imports.kinds.common import safe_code, slug
from dure.city.imports.model import Draft, Entity, Field, Kind, Setting
from dure.city.nearest import LONGEST_RANGE_M
from dure.documents import values

_STATES = {
    "정상": "ok",
    "사용": "ok",
    "운영": "ok",
    "운영중": "ok",
    "미상": "unknown",
    "고장": "broken",
    "장애": "broken",
    "점검": "broken",
    "수리": "broken",
    "중지": "off",
    "미사용": "off",
    "철거": "off",
    "꺼짐": "off",
}


def _azimuth(cell: str) -> float | None:
    found = compass(cell)
    return found if found is not None else values.number(cell)


def _key(draft: Draft, _setting: Setting) -> tuple[str, bool] | None:
    site, number = draft.text("site_id"), draft.values.get("number")
    if site is None or number is None:
        return None
    return f"{safe_code(site)}-{number}", False


def _build(draft: Draft, setting: Setting, key: str) -> list[Entity]:
    site, number = safe_code(str(draft.values["site_id"])), int(draft.values["number"])
    if not 1 <= number <= 9_999:
        draft.reject("number", "city.import.camera.number")
    _check_view(draft)
    view: dict[str, Any] = draft.given("model", "stream_url", "azimuth_deg", "fov_deg", "range_m", "retention_days")
    if view.get("azimuth_deg") is not None:
        view["azimuth_deg"] %= 360
    if view.get("retention_days") == 0:
        view["retention_days"] = None
    stream = draft.text("stream_url")
    if stream is not None and not streams.is_address(stream):
        draft.reject("stream_url", "city.import.camera.stream")
    if "ptz" in draft.columns:
        view["ptz"] = bool(draft.values.get("ptz"))
    if draft.values.get("state") is not None:
        view["state"] = draft.values["state"]
    named, unknown = purposes(draft.text("purpose_text"))
    for word in unknown:
        draft.note("purpose_text", "city.import.cctv.purpose_unknown", purpose=word[:40])
    if "purpose_text" in draft.columns:
        view["purposes"] = named
    if site not in setting.sites:
        draft.note("site_id", "city.import.camera.site_unknown", site=site)
    defaults: dict[str, Any] = {} if draft.text("name") else {"name": key}
    if draft.text("name"):
        view["name"] = draft.text("name")
    values_ = {"site_id": site, "number": number, **draft.position, **view, "source": "single"}
    return [Entity("camera", (key,), values_, defaults=defaults)]


def _check_view(draft: Draft) -> None:
    angle, width, reach = (draft.values.get(name) for name in ("azimuth_deg", "fov_deg", "range_m"))
    if angle is not None and not -360 <= angle <= 360:
        draft.reject("azimuth_deg", "city.import.camera.azimuth")
    if width is not None and not 0 < width <= 360:
        draft.reject("fov_deg", "city.import.camera.fov")
    if reach is not None and not 0 < reach <= 10 * LONGEST_RANGE_M:
        draft.reject("range_m", "city.import.camera.range")


CAMERAS = Kind(
    name="cameras",
    fields=(
        Field("site_id", ("지점번호", "지점", "관리번호", "설치지점", "site", "site no"), required=True),
        Field(
            "number", ("카메라번호", "번호", "camera no", "camera number", "카메라순번"), values.whole, required=True
        ),
        Field("name", ("카메라명", "이름", "명칭", "camera name")),
        Field("model", ("모델", "모델명", "기종")),
        Field("azimuth_deg", ("방위각", "방향", "촬영방향", "azimuth", "설치방향"), _azimuth),
        Field("fov_deg", ("화각", "수평화각", "시야각", "field of view", "fov"), values.number),
        Field("range_m", ("유효거리", "촬영거리", "거리", "range", "감시거리"), values.number),
        Field("ptz", ("회전", "PTZ여부", "회전여부", "팬틸트줌"), values.yes),
        Field("purpose_text", ("설치목적", "설치목적구분", "목적", "purposes", "purpose")),
        Field("state", ("상태", "운영상태", "가동상태"), slug(_STATES)),
        Field("retention_days", ("보관일수", "retention"), values.whole, strict=False),
        Field("stream_url", ("영상주소", "스트림주소", "RTSP주소", "stream address", "stream", "rtsp"), personal=True),
    ),
    groups=(("lon", "x"), ("lat", "y")),
    key_field="number",
    key=_key,
    build=_build,
    place="required",
)
