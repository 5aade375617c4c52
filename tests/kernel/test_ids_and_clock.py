"""Identifiers grow and clocks stand still."""

from datetime import UTC, datetime

import pytest

from dure.kernel.clock import HeldClock, from_epoch
from dure.kernel.ids import is_device_id, new_id


def test_ids_are_version_7_and_grow_strictly() -> None:
    made = [new_id() for _ in range(10_000)]
    assert all(one.version == 7 and one.variant == "specified in RFC 4122" for one in made)
    assert made == sorted(set(made))


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("HB-FD-0217", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("", False),
        ("a/b", False),
        ("감지기", False),
        ("a\n", False),
    ],
)
def test_device_ids(text: str, fits: bool) -> None:
    assert is_device_id(text) is fits


def test_a_held_clock_moves_only_when_moved() -> None:
    clock = HeldClock(datetime(2026, 12, 5, 3, 14, tzinfo=UTC))
    assert clock.now() == clock.now()
    assert (clock.advance(5) - datetime(2026, 12, 5, 3, 14, tzinfo=UTC)).total_seconds() == 5


def test_naive_times_are_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        HeldClock(datetime(2026, 12, 5))  # noqa: DTZ001  # the mistake under test
    assert from_epoch(0).tzinfo is UTC
