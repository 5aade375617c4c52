"""Limits that providers and ministries set, with the day from which each holds, and where it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Limit:
    """A length that holds from a day on; `source` says by whose word."""

    begins: date
    most: int
    source: str


_EVER = date(2012, 1, 1)
SMS_BYTES = (Limit(_EVER, 90, "이동통신 3사 문자메시지 규격: 단문 90바이트 (EUC-KR)"),)
LMS_BYTES = (Limit(_EVER, 2000, "이동통신 3사 문자메시지 규격: 장문 2,000바이트 (EUC-KR)"),)
CBS_CHARACTERS = (
    Limit(date(2019, 1, 1), 90, "재난문자방송 기준 및 운영규정: 4G 이상 90자"),
    Limit(date(2026, 10, 1), 157, "행정안전부 재난문자 글자 수 확대: 2026년 10월부터 157자"),
)


def at(limits: Sequence[Limit], day: date) -> Limit:
    """The limit that holds on `day`; before the first one, the first."""
    held = [one for one in limits if one.begins <= day]
    return max(held, key=lambda one: one.begins) if held else min(limits, key=lambda one: one.begins)
