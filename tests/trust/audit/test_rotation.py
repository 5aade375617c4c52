"""Keys of the log that follow one another: pure, offline, in a city, and by a witness; a break is refused."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.trust import audit
from dure.trust.audit import checkpoints, export, keys, rotating, verify
from dure.trust.audit.drill import Copy, rebuilt
from dure.trust.audit.keys import named
from dure.trust.audit.note import BadNote, Signer, verifier
from dure.trust.audit.succession import Announcement, Chain, announcement
from dure.trust.audit.walk import Fault, Sealed, Verdict, Walk
from dure.trust.audit.witness import Refused, Witness
from dure.trust.principal import system
from tests.trust.audit.making import BEGAN, CITY, exported, line, offline, signed
from tests.trust.audit.test_witness import LOG, NOW, offer

SECOND, THIRD, THIEF = (named("dure", bytes([n] * 32)) for n in (1, 2, 3))
LINES = rebuilt([Sealed(0, b"", b"", line(n)) for n in range(1, 24)])
SIZES = (0, 5, 10, 15, 20, 23)


def change(old: Signer, new: Signer, after: int, size: int, **more: object) -> Announcement:
    values = {"old": old.verifier(), "new": new.verifier(), "after": after, "size": size}
    return Announcement(**{**values, "at": BEGAN + timedelta(minutes=size + 1), **more})  # type: ignore[arg-type]


TO_SECOND = change(CITY, SECOND, 2, 5)
TO_THIRD = change(SECOND, THIRD, 4, 15)
CHANGES = (TO_SECOND.signed(CITY, SECOND), TO_THIRD.signed(SECOND, THIRD))
NOTES = [
    signed(LINES, size, signer) for size, signer in zip(SIZES, (CITY, CITY, SECOND, SECOND, THIRD, THIRD), strict=True)
]


def judged(
    trusted: Signer, notes: Sequence[str] = NOTES, changes: Sequence[str] = CHANGES, seen: Sequence[str] = ()
) -> Verdict:
    walk = Walk(trusted.verifier(), list(enumerate(notes, 1)), seen, announced=changes)
    walk.feed(LINES)
    return walk.verdict()


def outside(
    folder: Path,
    trusted: Signer,
    notes: Sequence[str] = NOTES,
    changes: Sequence[str] = CHANGES,
    seen: Sequence[str] = (),
) -> int:
    """What the offline verifier answers."""
    exported(Copy(LINES, notes, seen), folder, signer=THIRD, announced=changes)
    return offline(folder, "--key", str(trusted.verifier())).returncode


@pytest.mark.parametrize("trusted", [CITY, SECOND, THIRD])
def test_the_chain_is_followed_from_any_of_its_keys(trusted: Signer, tmp_path: Path) -> None:
    found = judged(trusted, seen=NOTES)
    assert (found.fault, found.lines, found.signed, found.checkpoints, found.witnessed) == (None, 23, 23, 6, 6)
    assert outside(tmp_path, trusted, seen=NOTES) == 0
    assert "WHOLE: lines 1 to 23 of 23" in offline(tmp_path).stdout
    assert announcement(CHANGES[0]) == TO_SECOND
    assert Chain(trusted.verifier(), CHANGES).current == THIRD.verifier()


FORKED = change(CITY, THIEF, 2, 5).signed(CITY, THIEF)
BREAKS: dict[str, tuple[Signer, Sequence[str], Sequence[str], Sequence[str]]] = {
    "a stranger's key": (THIEF, NOTES, CHANGES, ()),
    "a change that is not told": (CITY, NOTES, (), ()),
    "the first change cut out": (CITY, NOTES, CHANGES[1:], ()),
    "the last change cut out": (THIRD, NOTES, CHANGES[:1], ()),
    "changes in another order": (CITY, NOTES, CHANGES[::-1], ()),
    "not signed by the old key": (CITY, NOTES, (TO_SECOND.signed(THIEF, SECOND), CHANGES[1]), ()),
    "not signed by the new key": (CITY, NOTES, (TO_SECOND.signed(CITY, THIEF), CHANGES[1]), ()),
    "another place than was signed": (CITY, NOTES, (CHANGES[0].replace("after 2", "after 3"), CHANGES[1]), ()),
    "a later change before an earlier": (
        CITY, NOTES, (CHANGES[0], change(SECOND, THIRD, 1, 15).signed(SECOND, THIRD)), (),
    ),
    "the old key signs on": (CITY, [*NOTES[:3], signed(LINES, 15, CITY), *NOTES[4:]], CHANGES, ()),
    "the new key signs what was before it": (CITY, [NOTES[0], signed(LINES, 5, SECOND), *NOTES[2:]], CHANGES, ()),
    "the thief's own succession, to who knows the new key": (THIRD, NOTES[:2], (FORKED,), ()),
    "a witness saw the old key sign after its end": (CITY, NOTES, CHANGES, [signed(LINES, 20, CITY)]),
    "cut off before the last change": (CITY, NOTES[:3], CHANGES, ()),
    "round to the first key again": (
        CITY, NOTES, (CHANGES[0], change(SECOND, CITY, 4, 15).signed(SECOND, CITY)), (),
    ),
}  # fmt: skip


@pytest.mark.parametrize("broken", BREAKS)
def test_a_break_is_refused_by_both(broken: str, tmp_path: Path) -> None:
    trusted, notes, changes, seen = BREAKS[broken]
    assert judged(trusted, notes, changes, seen).fault is not None
    assert outside(tmp_path, trusted, notes, changes, seen) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [("size 5", "size 05"), ("after 2", "after -2"), ("dure audit key v1", "dure audit key v2"), ("time ", "when "),
     ("Z\n", "\n"), ("time ", "more x\ntime ")],
)  # fmt: skip
def test_what_is_no_announcement_is_none(old: str, new: str) -> None:
    told = TO_SECOND.text().replace(old, new)
    with pytest.raises(BadNote):
        announcement(f"{told}\n{CITY.line(told)}{SECOND.line(told)}")
    with pytest.raises(BadNote):
        announcement(change(CITY, CITY, 2, 5).signed(CITY, CITY))
    with pytest.raises(BadNote):
        CITY.verifier().opened(CHANGES[0])


def test_a_key_may_follow_another_before_that_one_signed_anything() -> None:
    at_once = [change(CITY, SECOND, 2, 5).signed(CITY, SECOND), change(SECOND, THIRD, 2, 5).signed(SECOND, THIRD)]
    assert Chain(CITY.verifier(), at_once).keys == [CITY.verifier(), SECOND.verifier(), THIRD.verifier()]


def test_a_chain_that_does_not_hold_says_so() -> None:
    assert judged(THIEF).fault == Fault("key.chain", 1)
    assert judged(CITY, NOTES[:3]).fault == Fault("truncated", 1, None, 4)
    for broken in ("changes in another order", "a later change before an earlier"):
        with pytest.raises(BadNote, match="do not follow"):
            Chain(CITY.verifier(), BREAKS[broken][2])


@pytest.mark.parametrize(
    ("signer", "size", "minutes"), [(CITY, 6, 1), (CITY, 3, 60), (SECOND, 4, 10), (SECOND, 9, 1), (SECOND, 16, 10)]
)
def test_a_key_signs_for_the_lines_and_in_the_time_that_are_its_own(signer: Signer, size: int, minutes: int) -> None:
    """Each of these is wrong in one of the two alone: too many lines or too late, too few or too early."""
    chain = Chain(CITY.verifier(), CHANGES)
    with pytest.raises(BadNote, match="out of its time"):
        chain.opened(signed(LINES, size, signer, BEGAN + timedelta(minutes=minutes)))


async def test_a_log_is_signed_on_by_the_key_that_signed_it_last(database: Database, tmp_path: Path) -> None:
    """A backup from before a change of the key, put back beside the files of after: nothing in it tells of a change."""
    first = keys.signer(tmp_path)
    async with database.transaction() as tx:
        await audit.record(tx, None, "test.act", "thing", 1)
    async with database.transaction() as tx:
        await checkpoints.make(tx, first)
    keys.prepared(tmp_path)
    keys.settle(tmp_path)
    assert keys.signer(tmp_path).name != first.name
    async with database.transaction() as tx:
        assert (await rotating.signer(tx, tmp_path)).name == first.name


# --- the files ---


def test_there_is_a_key_at_every_moment(tmp_path: Path) -> None:
    first = keys.signer(tmp_path)
    secrets = tmp_path / "secrets"
    keys.settle(tmp_path)
    assert keys.signer(tmp_path).name == first.name, "nothing was prepared"
    left_over, fresh = keys.prepared(tmp_path), keys.prepared(tmp_path)
    assert len({first.name, left_over.name, fresh.name}) == 3
    assert keys.of_name(tmp_path, first.name).name == first.name, "never announced"
    assert keys.of_name(tmp_path, fresh.name).name == fresh.name, "announced, and the crash came: it takes over now"
    assert keys.signer(tmp_path).name == fresh.name
    assert keys.of_name(tmp_path, first.name).name == first.name, "a backup from before the change is signed on"
    assert keys.of_name(tmp_path, "dure/unknown").name == fresh.name
    assert keys.of_name(tmp_path, None).name == fresh.name, "no key was ever announced: the one in place"
    assert {one.name: one.stat().st_mode & 0o077 for one in secrets.iterdir()} == {
        "audit.key": 0,
        "audit.key.former": 0,
    }
    keys.prepared(tmp_path)
    keys.settle(tmp_path, destroy=True)
    assert [one.name for one in secrets.iterdir()] == ["audit.key"]


# --- in a city ---


def test_a_key_that_root_prepares_is_the_citys_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.signer(tmp_path)
    given: list[tuple[Path, int, int]] = []
    monkeypatch.setattr("os.chown", lambda *asked: given.append(asked))
    for user in (0, 1000):
        monkeypatch.setattr("os.geteuid", lambda user=user: user)
        keys.prepared(tmp_path)
    now = (tmp_path / "secrets" / "audit.key").stat()
    assert [(path.name, *owner) for path, *owner in given] == [("audit.key.next", now.st_uid, now.st_gid)]


async def change_key(database: Database, data: Path, *, settle: bool = True) -> Announcement:
    async with database.transaction() as tx:
        made = await rotating.rotate(tx, system("test"), data)
    if settle:
        keys.settle(data)
    return made


async def sign(database: Database, data: Path) -> None:
    async with database.transaction() as tx:
        await audit.record(tx, None, "test.act", "thing", 1)
    async with database.transaction() as tx:
        await checkpoints.make(tx, await rotating.signer(tx, data))


async def test_a_city_changes_its_key_twice_and_stays_provable(
    database: Database, tmp_path: Path, client: httpx.AsyncClient
) -> None:
    data, out = tmp_path / "city", tmp_path / "out"
    out.mkdir()
    await sign(database, data)
    first = keys.signer(data).verifier()
    made = await change_key(database, data, settle=False)
    assert (made.old, made.after, made.size) == (first, 2, 1)
    await sign(database, data)
    assert keys.signer(data).verifier() == made.new, "who signs next puts the new key in its place"
    last = await change_key(database, data)
    await sign(database, data)
    async with database.transaction() as tx:
        for key in (first, made.new, last.new):
            found = await verify.verify(tx, key)
            assert (found.whole, found.checkpoints) == (True, 5), found
        assert (await verify.verify(tx, THIEF.verifier())).fault == Fault("key.chain", 1)
        entities = [
            row["entity_id"] for row in await tx.rows(text("select * from audit where action = 'audit.rotate'"))
        ]
        assert sorted(entities) == sorted([made.new.name, last.new.name])
        async for name, piece in export.parts(tx, last.new, 0, found.lines):
            with (out / name).open("a") as file:
                file.write(piece)
    (out / "seen.jsonl").write_text("")
    for key in (first, last.new):
        told = offline(out, "--key", str(key))
        assert told.returncode == 0, told
    assert offline(out, "--key", str(THIEF.verifier())).returncode == 1
    items = (await client.get("/audit/keys")).json()["items"]
    assert [announcement(one["note"]) for one in items] == [made, last]
    assert verifier(items[1]["key"]) == last.new


@pytest.mark.parametrize("deed", ["delete from audit_key", "truncate audit_key", "update audit_key set after = 0"])
async def test_the_database_keeps_the_changes(database: Database, tmp_path: Path, deed: str) -> None:
    await sign(database, tmp_path)
    await change_key(database, tmp_path)
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.transaction() as tx:
            await tx.execute(text(deed))


# --- a witness ---


async def test_a_witness_follows_the_change_over_a_folder(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, drop = tmp_path / "city", tmp_path / "drop"
    monkeypatch.setenv("DURE_AUDIT_DROP", str(drop))
    context = Context(Settings(data, database.url, "nats://nowhere"), database, None, None)  # type: ignore[arg-type]
    await sign(database, data)
    await checkpoints.run(context)
    witness = Witness(tmp_path / "witness", str(keys.signer(data).verifier()))
    assert all(isinstance(one, str) for one in witness.look(str(drop), None, NOW))
    made = await change_key(database, data)
    await sign(database, data)
    await checkpoints.run(context)
    found = list(witness.look(str(drop), None, NOW))
    assert len(found) == 3, "the last by the old key, and two by the new: nothing is left out of the folder"
    assert all(isinstance(one, str) for one in found), found
    assert witness.key == made.new
    again = Witness(tmp_path / "witness")
    assert again.key == made.new
    assert again.last is not None
    assert announcement(json.loads((tmp_path / "witness" / "keys.jsonl").read_text())["note"]) == made


def test_a_witness_follows_no_change_that_does_not_hold(tmp_path: Path) -> None:
    witness = Witness(tmp_path, str(CITY.verifier()))
    forged = [TO_SECOND.signed(THIEF, SECOND), TO_SECOND.signed(CITY, THIEF), FORKED.replace("size 5", "size 6")]
    for wrong in ("noise", CHANGES[1], *forged):
        assert witness.follow(wrong) is False
    assert witness.key == CITY.verifier()
    assert witness.follow(CHANGES[0]) is True
    assert witness.follow(CHANGES[0]) is False
    assert (witness.follow(CHANGES[1]), witness.key) == (True, THIRD.verifier())


def test_a_change_over_fewer_lines_than_were_seen_is_refused(tmp_path: Path) -> None:
    witness = Witness(tmp_path, str(CITY.verifier()))
    witness.take(offer(LOG, 0, 17), NOW)
    assert witness.follow(CHANGES[0]) is False
    assert not isinstance(witness.take(offer(LOG, 17, 23), NOW), Refused)
