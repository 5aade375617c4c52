"""Signed notes and keys: what is signed can be read by its key alone, and nothing else passes for it."""

import base64
import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.kernel.errors import Unavailable
from dure.trust.audit import keys
from dure.trust.audit.keys import named
from dure.trust.audit.note import COSIGNATURE, ED25519, BadNote, Checkpoint, Verifier, unchecked, verifier

CITY = named("dure", bytes(32))
AT = datetime(2026, 3, 2, 9, 0, 0, 5, tzinfo=UTC)
POINT = Checkpoint(CITY.name, 23, bytes(range(32)), AT)
NOTE = CITY.signed(POINT)


def test_a_note_says_what_was_signed_in_its_plain_form() -> None:
    lines = NOTE.split("\n")
    assert lines[:5] == [CITY.name, "23", base64.b64encode(POINT.root).decode(), "time 2026-03-02T09:00:00.000005Z", ""]
    assert lines[5].startswith(f"— {CITY.name} ")
    assert lines[6:] == [""]
    assert CITY.verifier().opened(NOTE) == unchecked(NOTE) == POINT


def test_known_bytes_of_the_key_and_its_id() -> None:
    """sha-256(name, newline, 1, public key)[:4], C2SP signed-note; the key of the RFC 8032 seed of zeros."""
    public = bytes.fromhex("3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29")
    key = Verifier(
        "PeterNeumann", ED25519, bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    )
    assert CITY.verifier().public == public
    assert CITY.name == "dure/139e3940"
    assert str(key).split("+")[0] == "PeterNeumann"
    assert verifier(str(key)) == key


def test_the_known_key_of_the_signed_note_document_is_read() -> None:
    """The example key of golang.org/x/mod/sumdb/note, which the document builds on."""
    told = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    found = verifier(told)
    assert (found.name, found.kind, found.id.hex(), str(found)) == ("PeterNeumann", ED25519, "c74f20a3", told)


@given(
    st.integers(0, 10**17),
    st.binary(min_size=32, max_size=32),
    st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001
)
def test_every_checkpoint_reads_back(size: int, root: bytes, at: datetime) -> None:
    point = Checkpoint(CITY.name, size, root, at.replace(tzinfo=UTC))
    assert CITY.verifier().opened(CITY.signed(point)) == point


def test_a_time_of_another_zone_is_signed_as_the_same_moment() -> None:
    there = Checkpoint(CITY.name, 23, POINT.root, AT.astimezone(timezone(timedelta(hours=9))))
    assert CITY.signed(there) == NOTE


SIGNATURE = NOTE.split("\n")[5]


@pytest.mark.parametrize(
    "wrong",
    [
        NOTE.replace("\n23\n", "\n24\n"),
        NOTE.replace("\n23\n", "\n023\n"),
        NOTE.replace("time 2026", "time 2027"),
        NOTE.replace(CITY.name, "dure/00000000"),
        NOTE.replace("\n\n", "\nmore\n\n"),
        NOTE.replace("\n\n", "\n"),
        NOTE.removesuffix("\n"),
        NOTE.replace("—", "-"),
        NOTE.replace(SIGNATURE, ""),
        NOTE.replace(SIGNATURE, f"— {CITY.name} AAAA"),
        NOTE.replace(SIGNATURE, f"— {CITY.name} {'A' * 92}"),
        NOTE + f"{SIGNATURE}\n" * 51,
        "",
        "\n\n",
    ],
)  # fmt: skip
def test_nothing_else_passes(wrong: str) -> None:
    with pytest.raises(BadNote):
        CITY.verifier().opened(wrong)


def test_fifty_signatures_are_read_and_not_one_more() -> None:
    assert CITY.verifier().opened(NOTE + f"{SIGNATURE}\n" * 49) == POINT
    with pytest.raises(BadNote):
        CITY.verifier().opened(NOTE + f"{SIGNATURE}\n" * 50)


LINES = POINT.text().split("\n")


@pytest.mark.parametrize(
    "wrong",
    [
        LINES[:3],
        [*LINES[:4], "more", ""],
        [LINES[0], "x", *LINES[2:]],
        [LINES[0], "023", *LINES[2:]],
        [LINES[0], "-1", *LINES[2:]],
        [LINES[0], "1" * 19, *LINES[2:]],
        [*LINES[:2], "no base64", *LINES[3:]],
        [*LINES[:2], base64.b64encode(bytes(31)).decode(), *LINES[3:]],
        [*LINES[:3], "2026-03-02T09:00:00.000005Z", ""],
        [*LINES[:3], "time soon", ""],
        [*LINES[:3], "time 2026-13-02T09:00:00.000005Z", ""],
        [*LINES[:3], "time 2026-03-02T09:00:00.5Z", ""],
    ],
)
def test_what_the_city_signed_is_still_no_checkpoint_in_another_form(wrong: list[str]) -> None:
    text = "\n".join(wrong).removesuffix("\n") + "\n"
    note = f"{text}\n{CITY.line(text)}"
    for read in (CITY.verifier().opened, unchecked):
        with pytest.raises(BadNote):
            read(note)


def test_only_a_line_of_the_witnesses_own_name_key_and_length_is_its_cosignature() -> None:
    witness = named("w", bytes([2] * 32))
    key, line = witness.verifier(COSIGNATURE), witness.cosignature(NOTE, AT)
    whole = AT.replace(microsecond=0)
    assert key.cosigned_at(NOTE + line) == whole
    assert key.cosigned_at(NOTE + line.replace(f"— {witness.name} ", "— other ")) is None
    blob = base64.b64decode(line.split()[2])

    def under(bytes_: bytes) -> str:
        return f"{NOTE}— {witness.name} {base64.b64encode(bytes_).decode()}\n"

    assert key.cosigned_at(under(blob)) == whole
    assert key.cosigned_at(under(bytes(4) + blob[4:])) is None
    assert key.cosigned_at(under(blob[:9])) is None
    assert key.cosigned_at(under(blob[:-1])) is None
    same_key_of_another_kind = Verifier(key.name, ED25519, key.public)
    assert same_key_of_another_kind.cosigned_at(under(same_key_of_another_kind.id + blob[4:])) is None


def test_another_key_of_the_same_name_does_not_open_it() -> None:
    stranger = named("dure", bytes([1] * 32)).verifier()
    with pytest.raises(BadNote):
        Verifier(CITY.name, ED25519, stranger.public).opened(NOTE)
    with pytest.raises(BadNote):
        Verifier(CITY.name, COSIGNATURE, CITY.verifier().public).opened(NOTE)
    foreign = CITY.signed(Checkpoint("dure/00000000", 23, POINT.root, AT))
    with pytest.raises(BadNote):
        CITY.verifier().opened(foreign)


def test_a_note_with_other_signatures_beside_is_read() -> None:
    other = named("dure", bytes([1] * 32))
    mixed = f"{NOTE.rsplit('— ', 1)[0]}{other.signed(POINT).split(chr(10))[5]}\n{SIGNATURE}\n"
    assert CITY.verifier().opened(mixed) == POINT
    assert other.verifier().opened.__self__.name != CITY.name


@pytest.mark.parametrize(
    "wrong",
    [
        "", "name", "name+00000000", "name+00000000+AA==", "na me+00000000+AA==",
        str(CITY.verifier()).replace("+", "+0", 1),
        f"other+{CITY.verifier().id.hex()}+{str(CITY.verifier()).split('+', 2)[2]}",
        str(Verifier("na me", ED25519, bytes(32))),
        str(Verifier("x", 9, bytes(32))),
        str(Verifier("x", ED25519, bytes(31))),
        str(CITY.verifier()) + "!",
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused(wrong: str) -> None:
    with pytest.raises(BadNote):
        verifier(wrong)


def test_the_key_file_is_its_owners_and_made_once(tmp_path: Path) -> None:
    first, again = keys.signer(tmp_path), keys.signer(tmp_path)
    path = tmp_path / "secrets" / "audit.key"
    assert first.verifier() == again.verifier()
    assert first.verifier() != keys.signer(tmp_path / "other").verifier()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["audit.key"]
    assert "key" not in repr(first)
    path.chmod(0o640)
    with pytest.raises(Unavailable, match="key_open"):
        keys.signer(tmp_path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(Unavailable, match="key_wrong"):
        keys.signer(tmp_path)
