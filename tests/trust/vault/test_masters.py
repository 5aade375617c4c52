"""The file of the master keys: whose it is, what it may look like, and that old keys do not stay on the disk."""

import base64
import os
from pathlib import Path

import pytest

from dure.kernel.errors import Unavailable
from dure.trust.vault.masters import Masters, derived


@pytest.fixture
def masters(tmp_path: Path) -> Masters:
    made = Masters(tmp_path)
    made.all()
    return made


def test_the_file_is_made_once_for_its_owner_alone(masters: Masters, tmp_path: Path) -> None:
    assert masters.path == tmp_path / "secrets" / "vault.key"
    assert masters.path.stat().st_mode & 0o777 == 0o600
    assert masters.path.parent.stat().st_mode & 0o777 == 0o700
    assert [one.name for one in masters.path.parent.iterdir()] == ["vault.key"], "nothing is left beside it"
    keys = Masters(tmp_path).all()
    assert list(keys) == [1]
    assert len(keys[1]) == 32
    assert keys == masters.all()
    assert masters.path.read_text().splitlines() == ["dure vault keys 2", f"1 {base64.b64encode(keys[1]).decode()}"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o601, 0o620, 0o660])
def test_a_file_that_others_can_reach_is_not_used(masters: Masters, tmp_path: Path, mode: int) -> None:
    masters.path.chmod(mode)
    with pytest.raises(Unavailable, match=r"trust\.vault\.key_open"):
        masters.all()
    masters.path.chmod(0o600)
    assert list(masters.all()) == [1]


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"\xff\xfe",
        b"dure vault keys 2\n",
        b"dure vault keys 1\n1 " + base64.b64encode(bytes(32)),
        b"dure vault keys 2\n1 " + base64.b64encode(bytes(31)),
        b"dure vault keys 2\n1 " + base64.b64encode(bytes(33)),
        b"dure vault keys 2\n1 " + base64.b64encode(bytes(32)) + b"\n2 " + base64.b64encode(bytes(16)),
        b"dure vault keys 2\none " + base64.b64encode(bytes(32)),
        b"dure vault keys 2\n1 not!base64",
        b"dure vault keys 2\n1 !" + base64.b64encode(bytes(32)),
        bytes(33),
    ],
)
def test_a_file_that_is_not_keys_is_not_used(masters: Masters, words: bytes) -> None:
    masters.path.write_bytes(words)
    with pytest.raises(Unavailable, match=r"trust\.vault\.key_wrong"):
        masters.all()


def test_the_first_form_is_one_key_and_nothing_else(masters: Masters) -> None:
    masters.path.write_bytes(bytes(range(32)))
    assert masters.all() == {1: bytes(range(32))}
    assert masters.wrapping(1) == derived(bytes(range(32)), b"wrap")


def test_rotation_adds_one_generation_and_destroys_the_old(masters: Masters) -> None:
    first = masters.all()[1]
    assert (masters.begin(), masters.begin(), masters.current()) == (2, 2, 2)
    second = masters.all()[2]
    assert masters.all() == {1: first, 2: second}
    assert first != second
    before = os.open(masters.path, os.O_RDONLY)
    try:
        masters.finish()
        assert set(os.pread(before, 1 << 16, 0)) == {0}, "the old file's bytes were written over"
    finally:
        os.close(before)
    assert masters.all() == {2: second}
    assert masters.path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in masters.path.parent.iterdir()] == ["vault.key"]
    with pytest.raises(Unavailable, match=r"trust\.vault\.key_gone"):
        masters.wrapping(1)
    assert masters.wrapping(2) == derived(second, b"wrap")


def test_what_another_process_has_rotated_is_seen(masters: Masters, tmp_path: Path) -> None:
    other = Masters(tmp_path)
    other.begin()
    assert masters.current() == 2


def test_keys_for_different_uses_are_different() -> None:
    assert derived(bytes(32), b"wrap") != derived(bytes(32), b"index")
    assert len(derived(bytes(32), b"wrap")) == 32


def test_the_folder_is_made_with_those_above_it(tmp_path: Path) -> None:
    assert list(Masters(tmp_path / "a" / "city").all()) == [1]


def test_the_file_is_not_read_again_while_it_stays_as_it_is(masters: Masters, tmp_path: Path) -> None:
    before = masters.all()
    assert masters.all() is before
    Masters(tmp_path).begin()
    assert masters.all() is not before


def test_the_new_keys_are_on_the_disk_before_the_old_are_written_over(
    masters: Masters, monkeypatch: pytest.MonkeyPatch
) -> None:
    masters.begin()
    told: list[str] = []

    def noted(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        if path.is_dir():
            told.append("folder")
        elif path.name.endswith("(deleted)"):
            with Path(f"/proc/self/fd/{handle}").open("rb") as old:
                told.append("old" if set(old.read()) == {0} else "old, still in the clear")
        else:
            told.append("new" if path.read_text().startswith("dure vault keys 2\n2 ") else "new, not written")

    monkeypatch.setattr(os, "fsync", noted)
    masters.finish()
    assert told == ["new", "folder", "old"]


def test_no_file_stays_open(masters: Masters, tmp_path: Path) -> None:
    masters.begin()
    masters.finish()
    assert [one for one in held_open() if one.startswith(str(tmp_path))] == []


def held_open() -> list[str]:
    """What this process has open now; a file that others close meanwhile is none."""
    found = []
    for handle in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(handle.readlink()))
        except FileNotFoundError:
            continue
    return found
