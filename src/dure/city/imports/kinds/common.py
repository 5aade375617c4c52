"""What kinds share: addresses, short names, keys that are safe in a path."""

import hashlib
import re
from typing import Any

from dure.city.imports.model import Draft, Field
from dure.documents import values

ROAD_ADDRESS = Field("road_address", ("소재지도로명주소", "도로명주소", "도로명전체주소", "road address", "주소"))
LOT_ADDRESS = Field("lot_address", ("소재지지번주소", "지번주소", "소재지전체주소", "lot address"))
DATA_DATE = Field("data_date", ("데이터기준일자", "기준일자"), values.day, strict=False)

_UNSAFE = re.compile(r"[^0-9A-Za-z가-힣_.\-]+")
_LONGEST = 80
_DIVISION = re.compile(r".{1,10}(특별시|광역시|특별자치시|특별자치도|도|시|군|구)")


def digest(*parts: object) -> str:
    """Ten hexadecimal digits for what the parts say."""
    told = "\x1f".join("" if part is None else str(part) for part in parts)
    return hashlib.sha256(told.encode()).hexdigest()[:10]


def safe_code(text: str) -> str:
    """A code without spaces and signs; where any were taken out or it is long, with a digest so that none meet."""
    plain = _UNSAFE.sub("-", text.strip()).strip("-")
    if plain == text and 0 < len(plain) <= _LONGEST:
        return plain
    return f"{plain[: _LONGEST - 11].strip('-')}-{digest(text)}".lstrip("-")


def short_address(address: str | None) -> str | None:
    """The address without province, city and district."""
    if address is None:
        return None
    words = address.split()
    while len(words) > 1 and _DIVISION.fullmatch(words[0]):
        words = words[1:]
    return " ".join(words)


def district_of(address: str | None) -> str | None:
    """The 구·군 (else 시) in an address."""
    divisions = []
    for word in (address or "").split():
        if _DIVISION.fullmatch(word) is None:
            break
        divisions.append(word)
    return divisions[-1] if divisions else None


def place_name(draft: Draft) -> str | None:
    """A short name from the addresses."""
    return short_address(draft.text("road_address")) or short_address(draft.text("lot_address"))


def slug(words: dict[str, str]) -> Any:
    """A parser of fixed words: Korean or code to code; what is unknown raises with the reason."""

    def parse(cell: str) -> str | None:
        plain = values.folded(cell).lower()
        if not plain:
            return None
        compact = plain.replace(" ", "")
        if compact in words:
            return words[compact]
        if compact in words.values():
            return compact
        raise ValueError("city.import.word.unknown")

    return parse
