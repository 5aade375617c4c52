"""Who somebody is, how it is masked, and how it is compared."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping

import msgspec

from dure.trust import masks


class Person(msgspec.Struct, frozen=True):
    """Who somebody is. Everything is optional and text; `birth_date` is YYYY-MM-DD, `resident_no` the 13 digits of a
    resident or foreigner registration number (주민등록번호, 외국인등록번호), `note` what a desk must know to help,
    `devices` the ids of what they wear, have at home, or answer for (a stall's detector).
    """

    name: str = ""
    phone: str = ""
    second_phone: str = ""
    address: str = ""
    birth_date: str = ""
    email: str = ""
    note: str = ""
    resident_no: str = ""
    passport_no: str = ""
    licence_no: str = ""
    devices: tuple[str, ...] = ()

    def masked(self) -> "Person":
        """What may be shown without opening."""
        return msgspec.structs.replace(
            self,
            devices=("***",) * len(self.devices),
            **{field: mask(getattr(self, field)) for field, mask in _MASKS.items() if getattr(self, field)},
        )

    def fields(self) -> Iterator[tuple[str, bytes]]:
        """What is kept: each field that says something, as bytes."""
        for field in FIELDS:
            value = getattr(self, field)
            if value:
                yield field, ("\n".join(value) if field == "devices" else value).encode("utf-8", "surrogatepass")


FIELDS = Person.__struct_fields__
_MASKS: Mapping[str, Callable[[str], str]] = {
    "name": masks.name,
    "phone": masks.phone,
    "second_phone": masks.phone,
    "address": masks.address,
    "birth_date": masks.birth_date,
    "email": masks.email,
    "note": masks.anything,
    "resident_no": masks.resident_no,
    "passport_no": masks.tail,
    "licence_no": masks.tail,
}


def of_fields(fields: Mapping[str, bytes]) -> Person:
    """The person of what `Person.fields` gave."""
    told = {name: value.decode("utf-8", "surrogatepass") for name, value in fields.items()}
    devices = told.pop("devices", "")
    return Person(**told, devices=tuple(devices.split("\n")) if devices else ())


INDEXED = ("name", "phone", "second_phone", "resident_no", "devices")
"""What people are found by."""
_SAME_KIND = {"second_phone": "phone", "devices": "device"}


def kind_of(field: str) -> str:
    """Which blind index a field stands in: both telephone numbers stand in one."""
    return _SAME_KIND.get(field, field)


def folded(field: str, value: str) -> str:
    """How a value is compared: digits of a phone (+82 as 0) or number, letters of a name without blanks and case."""
    plain = unicodedata.normalize("NFKC", value)
    if field.endswith("phone"):
        digits = re.sub(r"[^0-9+]", "", plain)
        return re.sub(r"[^0-9]", "", re.sub(r"^(\+82|0082)0?", "0", digits))
    if field == "resident_no":
        return re.sub(r"[^0-9]", "", plain)
    if field in {"device", "devices"}:
        return value.strip()
    return unicodedata.normalize("NFKC", re.sub(r"\s", "", plain).casefold())


def indexed(person: Person) -> Iterator[tuple[str, str]]:
    """(kind of index, folded value) of all that this person is found by, and of what likely doubles share: the birth
    date with the initials of the name.
    """
    for field in INDEXED:
        value = getattr(person, field)
        for one in value if field == "devices" else (value,):
            plain = folded(field, one)
            if plain:
                yield kind_of(field), plain
    if person.birth_date and person.name:
        yield "alike", f"{folded('birth_date', person.birth_date)} {initials(folded('name', person.name))}"


_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"


def initials(name: str) -> str:
    """The first consonant of each Hangul syllable (초성), and the first two letters of anything else."""
    if not re.search(r"[가-힣]", name):
        return name[:2]
    return "".join(_INITIALS[(ord(one) - 0xAC00) // 588] for one in name if "가" <= one <= "힣")
