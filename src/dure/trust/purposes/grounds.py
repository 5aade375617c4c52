"""Lawful bases, as a dated table: which article allows it, since when, until when. Pure.

Source: Personal Information Protection Act (개인정보 보호법) articles 15(1), 17(1), 18(2), 23, 24 and 35 to 37; the
numbers 5 and 7 of 15(1) and 10 of 18(2) as of 15 September 2023 (Act 19234).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

_ACT = date(2011, 9, 30)
_2023 = date(2023, 9, 15)


@dataclass(frozen=True, slots=True)
class Ground:
    """One basis: its code, the article as officials cite it, and the days from which and before which it is in force.

    `consent` is given by the person and taken back by the person. `other_purpose`: use or provision beyond the purpose
    of collection, which article 18 allows within narrow limits and which the register of provision must show.
    """

    code: str
    article: str
    since: date
    until: date | None = None
    consent: bool = False
    other_purpose: bool = False


TABLE: tuple[Ground, ...] = (
    Ground("pipa.15.1.1", "개인정보 보호법 제15조제1항제1호", _ACT, consent=True),
    Ground("pipa.15.1.2", "개인정보 보호법 제15조제1항제2호", _ACT),
    Ground("pipa.15.1.3", "개인정보 보호법 제15조제1항제3호", _ACT),
    Ground("pipa.15.1.4", "개인정보 보호법 제15조제1항제4호", _ACT),
    Ground("pipa.15.1.5", "개인정보 보호법 제15조제1항제5호", _ACT),
    Ground("pipa.15.1.6", "개인정보 보호법 제15조제1항제6호", _ACT),
    Ground("pipa.15.1.7", "개인정보 보호법 제15조제1항제7호", _2023),
    Ground("pipa.17.1.1", "개인정보 보호법 제17조제1항제1호", _ACT, consent=True),
    Ground("pipa.17.1.2", "개인정보 보호법 제17조제1항제2호", _ACT),
    Ground("pipa.18.2.1", "개인정보 보호법 제18조제2항제1호", _ACT, consent=True, other_purpose=True),
    Ground("pipa.18.2.2", "개인정보 보호법 제18조제2항제2호", _ACT, other_purpose=True),
    Ground("pipa.18.2.3", "개인정보 보호법 제18조제2항제3호", _ACT, other_purpose=True),
    Ground("pipa.18.2.5", "개인정보 보호법 제18조제2항제5호", _ACT, other_purpose=True),
    Ground("pipa.18.2.6", "개인정보 보호법 제18조제2항제6호", _ACT, other_purpose=True),
    Ground("pipa.18.2.7", "개인정보 보호법 제18조제2항제7호", _ACT, other_purpose=True),
    Ground("pipa.18.2.8", "개인정보 보호법 제18조제2항제8호", _ACT, other_purpose=True),
    Ground("pipa.18.2.9", "개인정보 보호법 제18조제2항제9호", _ACT, other_purpose=True),
    Ground("pipa.18.2.10", "개인정보 보호법 제18조제2항제10호", _2023, other_purpose=True),
    Ground("pipa.23.1.1", "개인정보 보호법 제23조제1항제1호", _ACT, consent=True),
    Ground("pipa.23.1.2", "개인정보 보호법 제23조제1항제2호", _ACT),
    Ground("pipa.35", "개인정보 보호법 제35조", _ACT),
    Ground("pipa.36", "개인정보 보호법 제36조", _ACT),
    Ground("pipa.37", "개인정보 보호법 제37조", _ACT),
)


def in_force(code: str, day: date, table: Iterable[Ground] = TABLE) -> Ground | None:
    """The basis `code` as of `day`; None where it is none, not yet or no longer."""
    for one in table:
        if one.code == code and one.since <= day and (one.until is None or day < one.until):
            return one
    return None
