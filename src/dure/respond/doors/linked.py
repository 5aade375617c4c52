"""The five linked services of a city's integrated platform, as a dated table: to whom, what, on what ground. Pure.

The city reports and supports; fire and police headquarters dispatch. A hand-off carries who called, what was written,
cameras and alarms only as far as a service that was in force on its day says so; without a service it carries the
receipt number, the kind, how grave it is, the times and the place.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from dure.respond.model import HandoffKind


class Data(StrEnum):
    """What a hand-off may carry beyond the receipt number, kind, severity, times and place."""

    DESCRIPTION = "description"  # 내용
    CALLER = "caller"  # 신고자
    CAMERAS = "cameras"  # the cameras chosen around the place
    ALARMS = "alarms"  # what the devices say
    LAST_SEEN = "last_seen"  # a missing person's last known place
    MARKET_SHEET = "market_sheet"  # a market fire's stall, owner, hazards, ways in, and what detectors say


@dataclass(frozen=True, slots=True)
class Service:
    """One service from a day on (`until`: the first day on which it is not).

    `agencies` are the kinds that it is for, `types` the kinds of incidents (empty: all but those that another service
    names for itself), `kinds` the hand-offs that it covers. `grounds` are articles as officials cite them. `confirm`:
    the city's own legal desk has to confirm the ground before relying on it.
    """

    code: str
    agencies: frozenset[str]
    types: frozenset[str]
    kinds: frozenset[HandoffKind]
    data: frozenset[Data]
    grounds: tuple[str, ...]
    source: str
    since: date
    until: date | None = None
    confirm: bool = True


_ACT = HandoffKind.TRANSFER, HandoffKind.JOINT
_RESCUE = "개인정보 보호법 제18조제2항제3호 (급박한 생명·신체·재산의 이익)"
_CRIME = "개인정보 보호법 제18조제2항제7호 (범죄의 수사)"
_CAMERA = "개인정보 보호법 제25조제5항 (녹음 금지, 설치 목적 밖의 조작 금지)"
_PLATFORM = date(2018, 11, 1)
_ACT_2011 = date(2011, 9, 30)

TABLE: tuple[Service, ...] = (
    Service(
        "112_video",
        frozenset({"police"}),
        frozenset({"crime", "emergency_bell", "missing_person", "crowd", "traffic"}),
        frozenset(_ACT),
        frozenset({Data.CAMERAS}),
        (_RESCUE, _CRIME, _CAMERA),
        "112센터 긴급영상 지원. 과거 영상은 승인과 문서번호를 따로 받는다",
        _ACT_2011,
    ),
    Service(
        "112_dispatch",
        frozenset({"police"}),
        frozenset(),
        frozenset(_ACT),
        frozenset({Data.DESCRIPTION, Data.CALLER, Data.ALARMS}),
        (_RESCUE,),
        "112 긴급출동 지원. 출동 지령은 경찰의 것이다",
        _PLATFORM,
    ),
    Service(
        "119_dispatch",
        frozenset({"fire"}),
        frozenset(),
        frozenset(_ACT),
        frozenset({Data.DESCRIPTION, Data.CALLER, Data.CAMERAS, Data.ALARMS}),
        (_RESCUE, _CAMERA),
        "119 긴급출동 지원. 출동 지령은 소방의 것이다; 자동화재속보설비를 늦추거나 갈음하지 않는다",
        _PLATFORM,
    ),
    Service(
        "119_market",
        frozenset({"fire"}),
        frozenset({"market_fire"}),
        frozenset(_ACT),
        frozenset({Data.MARKET_SHEET}),
        (_RESCUE,),
        "시장 화재 전달서: 점포와 점주, 이웃의 위험, 들어가는 길. 출동 지령은 소방의 것이다",
        _PLATFORM,
    ),
    Service(
        "disaster_room",
        frozenset({"disaster"}),
        frozenset(),
        frozenset(HandoffKind),
        frozenset({Data.DESCRIPTION, Data.CAMERAS, Data.ALARMS}),
        (_RESCUE, _CAMERA),
        "재난안전상황 긴급대응 지원",
        _PLATFORM,
    ),
    Service(
        "vulnerable",
        frozenset({"police"}),
        frozenset({"missing_person"}),
        frozenset(HandoffKind),
        frozenset({Data.DESCRIPTION, Data.CALLER, Data.CAMERAS, Data.LAST_SEEN}),
        ("실종아동등의 보호 및 지원에 관한 법률 (2024. 9. 27. 시행: 영상정보의 제공)", _CAMERA),
        "사회적 약자(아동·치매환자 등) 지원: 18세 미만, 지적·자폐성·정신장애인, 치매환자",
        date(2024, 9, 27),
    ),
    Service(
        "vulnerable",
        frozenset({"police"}),
        frozenset({"missing_person"}),
        frozenset(_ACT),
        frozenset({Data.DESCRIPTION, Data.CALLER, Data.LAST_SEEN}),
        (_RESCUE,),
        "사회적 약자 지원: 개정법 시행 전",
        _PLATFORM,
        date(2024, 9, 27),
    ),
    Service(
        "vulnerable",
        frozenset({"welfare"}),
        frozenset({"missing_person"}),
        frozenset(HandoffKind),
        frozenset({Data.LAST_SEEN}),
        (_RESCUE,),
        "사회적 약자 지원: 복지 부서에는 마지막 확인 장소까지만",
        _PLATFORM,
    ),
)
"""From press and official excerpts: a city confirms each ground before it goes live, and changes it by a new row."""


def in_force(day: date, table: Iterable[Service] = TABLE) -> list[Service]:
    """The rows that hold on `day`."""
    return [one for one in table if one.since <= day and (one.until is None or day < one.until)]


def services(
    agency_kind: str, incident_type: str, kind: HandoffKind, day: date, table: Iterable[Service] = TABLE
) -> tuple[Service, ...]:
    """The services by which such an incident goes to such an agency. A missing person goes by the protection of
    vulnerable people instead of 112's dispatch support.
    """
    found = [one for one in in_force(day, table) if agency_kind in one.agencies and kind in one.kinds]
    named = [one for one in found if incident_type in one.types]
    own = any(one.code == "vulnerable" for one in named)
    return tuple(named if own else [one for one in found if not one.types or incident_type in one.types])


def carried(found: Iterable[Service]) -> frozenset[Data]:
    """What a hand-off by these services may carry."""
    return frozenset().union(*(one.data for one in found))


def codes(found: Iterable[Service]) -> str | None:
    """The services as the hand-off's row keeps them."""
    return ",".join(one.code for one in found) or None
