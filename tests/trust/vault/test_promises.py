"""A suite that a city's package brings is asked for its promises before it seals anything."""

from collections.abc import Iterator
from importlib import metadata

import pytest

from dure.trust.vault import cipher, promises
from dure.trust.vault.cipher import Unreadable


class Installed:
    """A package's entry point, as importlib.metadata gives it."""

    def __init__(self, name: str, make: type) -> None:
        self.name, self._make = name, make

    def load(self) -> type:
        return self._make


class Good:
    """AES again, by another name: what a validated module's package looks like."""

    name = "aria-256-gcm"

    def seal(self, key: bytes, plain: bytes, aad: bytes) -> bytes:
        return cipher.suite(1).seal(key, plain, aad)

    def unseal(self, key: bytes, sealed: bytes, aad: bytes) -> bytes:
        return cipher.suite(1).unseal(key, sealed, aad)


class NoContext(Good):
    """Forgets what it was bound to."""

    def seal(self, key: bytes, plain: bytes, aad: bytes) -> bytes:
        return super().seal(key, plain, b"")

    def unseal(self, key: bytes, sealed: bytes, aad: bytes) -> bytes:
        return super().unseal(key, sealed, b"")


class Open(Good):
    """Hides nothing and refuses nothing."""

    def seal(self, key: bytes, plain: bytes, aad: bytes) -> bytes:
        return plain

    def unseal(self, key: bytes, sealed: bytes, aad: bytes) -> bytes:
        return sealed


class Short(Good):
    """Gives back less than it was given."""

    def unseal(self, key: bytes, sealed: bytes, aad: bytes) -> bytes:
        return super().unseal(key, sealed, aad)[:15]


class Trailing(Good):
    """Does not look at its own last byte."""

    def seal(self, key: bytes, plain: bytes, aad: bytes) -> bytes:
        return super().seal(key, plain, aad) + b"."

    def unseal(self, key: bytes, sealed: bytes, aad: bytes) -> bytes:
        return super().unseal(key, sealed[:-1], aad)


class Obliging(Good):
    """Gives nothing where it is told too little, where it should refuse."""

    def unseal(self, key: bytes, sealed: bytes, aad: bytes) -> bytes:
        return super().unseal(key, sealed, aad) if len(sealed) > 12 else b""


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(cipher, "_suites", dict(cipher._suites))
    cipher.installed.cache_clear()
    yield
    cipher.installed.cache_clear()


def brings(monkeypatch: pytest.MonkeyPatch, *points: Installed) -> None:
    monkeypatch.setattr(metadata, "entry_points", lambda *, group: points if group == cipher.GROUP else ())


def test_the_built_in_suites_keep_every_promise() -> None:
    assert [promises.faults(cipher.suite(number)) for number in (1, 2)] == [[], []]


def test_broken_suites_are_told_what_they_break() -> None:
    assert {one.partition(" bytes ")[2] for one in promises.faults(NoContext())} == {"are opened with another context"}
    assert promises.faults(Short()) == [f"{size} bytes do not come back as they were" for size in (16, 17, 4096)]
    assert [one.split(" with ")[1] for one in promises.faults(Trailing())] == [
        f"byte {size + 28} changed" for size in (0, 1, 15, 16, 17, 4096)
    ]
    assert promises.faults(Obliging()) == [
        f"{size} bytes are opened with cut to 0 bytes" for size in (0, 1, 15, 16, 17, 4096)
    ]
    told = " ".join(promises.faults(Open()))
    for what in ("lie open", "the nonce repeats", "another key", "byte 0 changed", "a byte more"):
        assert what in told
    assert "16 bytes lie open" in told, "as short as what a block hides"


def test_a_packages_suite_is_chosen_by_name_and_found_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    brings(monkeypatch, Installed("16-aria-256-gcm", Good))
    assert cipher.chosen({"DURE_VAULT_SUITE": "aria-256-gcm"}) == 16
    assert cipher.suite(16).name == "aria-256-gcm"
    with pytest.raises(Unreadable):
        cipher.suite(17)


def test_what_a_packages_suite_sealed_is_read_by_a_city_that_chose_another(monkeypatch: pytest.MonkeyPatch) -> None:
    brings(monkeypatch, Installed("16-aria-256-gcm", Good))
    assert cipher.suite(16).name == "aria-256-gcm"
    assert cipher.known() == {1, 2, 16}


@pytest.mark.parametrize(
    ("name", "make"),
    [("16-aria-256-gcm", NoContext), ("aria-256-gcm", Good), ("16-other", Good), ("1-aria-256-gcm", Good)],
)
def test_a_suite_that_cannot_be_used_stops_the_city(monkeypatch: pytest.MonkeyPatch, name: str, make: type) -> None:
    brings(monkeypatch, Installed(name, make))
    with pytest.raises(ValueError, match="cannot be"):
        cipher.chosen({"DURE_VAULT_SUITE": "aria-256-gcm"})


def test_a_broken_package_is_no_matter_of_a_city_that_does_not_choose_it(monkeypatch: pytest.MonkeyPatch) -> None:
    brings(monkeypatch, Installed("16-aria-256-gcm", NoContext))
    assert cipher.chosen({}) == 1
    assert cipher.suite(2).name == "chacha20-poly1305"
