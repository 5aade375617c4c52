"""Coded purposes: why a desk may open a record for a case, as a dated table. Pure.

A code stands for work that the law gives to the desk; it opens only together with a case (an incident) and only the
kinds of data that the work needs (PIPA 3(1), 16(1): the least that the purpose needs).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from dure.trust.roles import CONTROL_ROOM, RESPONDERS, Role

KINDS = ("identity", "contact", "address", "care", "number")
"""Kinds of data in a person's record."""

KIND_OF_FIELD: Mapping[str, str] = {
    "name": "identity",
    "birth_date": "identity",
    "phone": "contact",
    "second_phone": "contact",
    "email": "contact",
    "address": "address",
    "note": "care",
    "devices": "care",
    "resident_no": "number",
    "passport_no": "number",
    "licence_no": "number",
}
"""Which kind each field of a record is; a field that does not stand here is shown to nobody but its person."""

_ALL = frozenset({"identity", "contact", "address", "care"})
_CALL = frozenset({"identity", "contact"})


@dataclass(frozen=True, slots=True)
class Code:
    """One coded purpose: its ground, whose desks use it, the kinds it shows, in force from `since` before `until`."""

    code: str
    basis: str
    roles: frozenset[Role]
    kinds: frozenset[str]
    since: date
    until: date | None = None


TABLE: tuple[Code, ...] = (
    Code("rescue", "pipa.15.1.5", CONTROL_ROOM | RESPONDERS | {Role.WELFARE, Role.EPIDEMIC}, _ALL, date(2011, 9, 30)),
    Code("contact", "pipa.15.1.3", CONTROL_ROOM | RESPONDERS | {Role.WELFARE}, _CALL, date(2011, 9, 30)),
    Code("care_check", "pipa.15.1.3", CONTROL_ROOM | {Role.WELFARE, Role.FIRE}, _ALL, date(2011, 9, 30)),
    Code("missing", "pipa.15.1.2", CONTROL_ROOM | {Role.POLICE}, _ALL, date(2011, 9, 30)),
    Code("epidemic", "pipa.15.1.2", frozenset({Role.EPIDEMIC}), _ALL, date(2011, 9, 30)),
    Code("health_emergency", "pipa.15.1.7", frozenset({Role.EPIDEMIC, Role.DISASTER}), _CALL, date(2023, 9, 15)),
    Code("investigation", "pipa.18.2.7", frozenset({Role.POLICE}), _ALL, date(2011, 9, 30)),
)

REASONS: Mapping[str, str] = {
    "life": "pipa.15.1.5",
    "missing_child": "pipa.15.1.5",
    "disaster": "pipa.15.1.7",
    "infection": "pipa.15.1.7",
    "system_away": "pipa.15.1.5",
}
"""Coded reasons of break-glass, each with its ground: somebody's life or body, a missing child or person with
dementia, a disaster, an infection that spreads, the usual way being broken while a life is at stake."""


def in_force(code: str, day: date, table: Iterable[Code] = TABLE) -> Code | None:
    """The coded purpose as of `day`, or None."""
    for one in table:
        if one.code == code and one.since <= day and (one.until is None or day < one.until):
            return one
    return None
