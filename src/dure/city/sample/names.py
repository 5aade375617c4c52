"""Made names: of roads, people, shops. `names.json` beside this file holds the words; none is taken from a register."""

import random
from pathlib import Path

import msgspec

from dure.city.sample.model import Person


class Trade(msgspec.Struct, frozen=True):
    """What shops of a trade are called at the end, and whether they work with fire."""

    endings: tuple[str, ...]
    fire: bool


class _Words(msgspec.Struct, frozen=True):
    road_words: str
    surnames: dict[str, int]
    older_names: str
    younger_names: str
    shop_words: str
    trades: dict[str, Trade]
    clinic_words: str
    clinics: dict[str, int]
    lines: dict[str, str]


_WORDS = msgspec.json.decode(Path(__file__).with_name("names.json").read_bytes(), type=_Words)
ROAD_WORDS = tuple(_WORDS.road_words.split())
ROAD_SECONDS = ("", "새", "큰", "동", "서", "남", "북")
TRADES = _WORDS.trades
CLINIC_WORDS = tuple(_WORDS.clinic_words.split())
CLINICS = _WORDS.clinics
"""Kinds of clinics and how common each is."""
BUS_LINES = {line: tuple(roads.split()) for line, roads in _WORDS.lines.items()}
"""Line -> the roads it runs along."""
_SURNAMES, _SURNAME_WEIGHTS = tuple(_WORDS.surnames), tuple(_WORDS.surnames.values())
_OLDER, _YOUNGER = tuple(_WORDS.older_names.split()), tuple(_WORDS.younger_names.split())
_SHOP_FIRST = tuple(_WORDS.shop_words.split())


def person_name(rng: random.Random, *, older: bool) -> str:
    """A made name of the usual form."""
    surname = rng.choices(_SURNAMES, _SURNAME_WEIGHTS)[0]
    return surname + rng.choice(_OLDER if older else _YOUNGER)


def mobile_number(rng: random.Random) -> str:
    """A number that no subscriber can have: after 010 no block begins with 0."""
    return f"010-0{rng.randint(0, 999):03d}-{rng.randint(0, 9999):04d}"


def desk_number(rng: random.Random) -> str:
    """A number in an area code that does not exist."""
    return f"099-{rng.randint(200, 899)}-{rng.randint(0, 9999):04d}"


def shopkeeper(rng: random.Random) -> Person:
    """An owner of a stall."""
    return Person(person_name(rng, older=rng.random() < 0.6), mobile_number(rng))


def shop_name(rng: random.Random, trade: str) -> str:
    """A shop's name."""
    return rng.choice(_SHOP_FIRST) + rng.choice(TRADES[trade].endings)
