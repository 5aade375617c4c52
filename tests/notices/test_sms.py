"""How a text fits a phone: bytes, what EUC-KR lacks, and the limits of their day."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.notices import limits
from dure.notices.model import Channel
from dure.notices.sms import MISSING, fitted

DAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "size", "channel"),
    [
        ("가" * 45, 90, Channel.SMS),
        ("가" * 45 + "a", 91, Channel.LMS),
        ("a" * 90, 90, Channel.SMS),
        ("a" * 91, 91, Channel.LMS),
        ("가" * 1000, 2000, Channel.LMS),
    ],
)
def test_ninety_bytes_are_an_sms_and_ninety_one_an_lms(text: str, size: int, channel: Channel) -> None:
    fit = fitted(text, DAY)
    assert (fit.bytes, fit.channel, fit.fits) == (size, channel, True)


def test_what_is_longer_than_an_lms_does_not_fit() -> None:
    assert not fitted("가" * 1000 + "a", DAY).fits
    assert not fitted("  \n ", DAY).fits


def test_typographic_signs_are_replaced_and_named() -> None:
    fit = fitted("“불” — 3층…", DAY)
    assert fit.text == '"불" - 3층...'
    assert fit.replaced == {"“": '"', "”": '"', "—": "-", "…": "..."}
    assert fit.channel is Channel.SMS


def test_a_rare_syllable_makes_an_lms_and_is_named() -> None:
    fit = fitted("똠방각하", DAY)
    assert (fit.channel, fit.rare, fit.text) == (Channel.LMS, ("똠",), "똠방각하")


def test_a_picture_is_one_named_sign() -> None:
    fit = fitted("불👨‍👩‍👧이야🔥", DAY)
    assert fit.text.count(MISSING) == 4
    assert "🔥" in fit.replaced


def test_accents_fall_away_rather_than_the_letter() -> None:
    assert fitted("Café ré", DAY).text == "Cafe re"


@given(st.text(max_size=300))
def test_what_goes_out_is_what_the_phone_can_show(text: str) -> None:
    fit = fitted(text, DAY)
    assert fit.bytes == len(fit.text.encode("cp949"))
    assert (fit.channel is Channel.LMS) == (fit.bytes > 90 or bool(fit.rare))
    if fit.channel is Channel.SMS:
        fit.text.encode("euc_kr")
    again = fitted(fit.text, DAY)
    assert again.text == fit.text


@pytest.mark.parametrize(("day", "most"), [(date(2026, 9, 30), 90), (date(2026, 10, 1), 157), (date(2001, 1, 1), 90)])
def test_the_limit_of_public_warnings_is_that_of_its_day(day: date, most: int) -> None:
    assert limits.at(limits.CBS_CHARACTERS, day).most == most
