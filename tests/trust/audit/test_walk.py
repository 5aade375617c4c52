"""The walk names the first bad line, whatever was done; the offline verifier says the same."""

import importlib.util
import json
import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

from dure.trust.audit import drill, merkle
from dure.trust.audit.drill import Copy, judged, rebuilt, resigned
from dure.trust.audit.keys import named
from dure.trust.audit.note import unchecked
from dure.trust.audit.walk import Fault, Sealed, Walk
from tests.trust.audit.making import BEGAN, CITY, OFFLINE, exported, line, offline, signed, written


def fault(log: Copy) -> Fault | None:
    return judged(log, CITY).fault


def at(log: Copy, n: int, **more: object) -> Copy:
    """Line `n` changed and nothing else."""
    lines = list(log.lines)
    lines[n - 1] = replace(lines[n - 1], **more)  # type: ignore[arg-type]
    return replace(log, lines=lines)


def test_a_whole_log_is_whole() -> None:
    found = judged(written(23), CITY)
    assert found.whole
    assert (found.lines, found.signed, found.destroyed, found.checkpoints, found.witnessed) == (23, 23, 0, 6, 6)
    assert found.root == merkle.root(one.leaf for one in written(23).lines)


def test_an_empty_log_is_whole_and_tells_that_nothing_is_signed() -> None:
    found = judged(Copy([], [], []), CITY)
    assert (found.whole, found.lines, found.signed, found.root) == (True, 0, 0, merkle.EMPTY)


def test_lines_after_the_last_checkpoint_are_sound_but_not_signed() -> None:
    log = written(23)
    found = judged(replace(log, notes=log.notes[:-1], seen=[]), CITY)
    assert (found.whole, found.lines, found.signed) == (True, 23, 20)


@pytest.mark.parametrize("n", [1, 12, 23])
def test_a_changed_line_is_named(n: int) -> None:
    assert fault(at(written(23), n, line=line(n, purpose="other"))) == Fault("changed", n)
    assert fault(at(written(23), n, leaf=merkle.leaf_hash(b"x"))) == Fault("changed", n)
    assert fault(at(written(23), n, chain=bytes(32))) == Fault("chain", n)
    assert fault(at(written(23), n, seq=n + 1)) == Fault("gap", n)
    assert judged(at(written(23), n, seq=n + 1), CITY).lines == n - 1


def test_a_rebuilt_past_is_bounded_by_the_checkpoints_around_it() -> None:
    log = at(written(23), 12, line=line(12, purpose="other"))
    found = judged(replace(log, lines=rebuilt(log.lines)), CITY)
    assert found.fault == Fault("checkpoint.root", 11, 15, 4)
    assert (found.lines, found.signed) == (10, 10)
    log = at(written(23), 2, line=line(2, purpose="other"))
    found = judged(replace(log, lines=rebuilt(log.lines), notes=log.notes[1:], seen=[]), CITY)
    assert found.fault == Fault("checkpoint.root", 1, 5, 1), "nothing was signed before the first one"
    assert (found.lines, found.signed) == (0, 0)


def test_a_removed_line_is_named() -> None:
    log = written(23)
    assert fault(replace(log, lines=[*log.lines[:6], *log.lines[7:]])) == Fault("gap", 7)
    assert fault(at(log, 7, line=None)) == Fault("missing", 7, 7)
    assert fault(at(at(log, 7, line=None), 8, line=None)) == Fault("missing", 7, 8)
    assert fault(at(log, 1, line=None)) == Fault("missing", 1, 1)


def test_a_cut_log_is_shorter_than_what_was_signed_or_seen() -> None:
    log = written(23)
    short = replace(log, lines=log.lines[:17])
    assert fault(replace(short, seen=[])) == Fault("truncated", 18, 20, 5)
    assert fault(replace(short, notes=log.notes[:4])) == Fault("witness.rollback", 18, 20)
    assert fault(replace(log, lines=[], notes=[])) == Fault("witness.rollback", 1, 5)


def test_a_past_signed_anew_is_another_than_the_witness_saw() -> None:
    log = at(written(23), 12, line=line(12, purpose="other"))
    lines = rebuilt(log.lines)
    forged = replace(log, lines=lines, notes=resigned(lines, log.notes, CITY))
    assert fault(forged) == Fault("witness.fork", 11, 15)
    assert judged(replace(forged, seen=[]), CITY).whole, "without a witness the city's key can write any past"


def test_every_checkpoint_is_checked() -> None:
    log = written(23)
    stranger = named("dure", bytes([1] * 32))
    other = signed(list(log.lines), 10, stranger)
    assert fault(replace(log, notes=[*log.notes[:2], other, *log.notes[3:]])) == Fault(
        "checkpoint.signature", 1, None, 3
    )
    assert fault(replace(log, seen=[other])) == Fault("witness.signature", 1)
    swapped = [log.notes[0], log.notes[2], log.notes[1], *log.notes[3:]]
    assert fault(replace(log, notes=swapped)) == Fault("checkpoint.order", 1, None, 3)
    early = signed(list(log.lines), 23, at=BEGAN)
    assert fault(replace(log, notes=[*log.notes[:-1], early])) == Fault("checkpoint.order", 1, None, 6)
    walk = Walk(CITY.verifier(), [(1, log.notes[0]), (3, log.notes[1])])
    assert walk.verdict().fault == Fault("checkpoint.order", 1, None, 3)
    damaged = log.notes[1].replace("time 20", "time 21")
    assert fault(replace(log, notes=[log.notes[0], damaged])) == Fault("checkpoint.signature", 1, None, 2)


def test_kept_subtrees_are_checked() -> None:
    log = written(23)
    walk = Walk(CITY.verifier(), kept={(2, 3): bytes(32)})
    walk.feed(log.lines)
    assert walk.verdict().fault == Fault("node", 16)
    walk = Walk(CITY.verifier(), kept={(2, 3): merkle.root(one.leaf for one in log.lines[12:16])})
    assert walk.feed(log.lines)
    assert walk.verdict().whole


# --- destruction by law ---


def destroyed(gone: range, *claims: str, when: timedelta) -> Copy:
    """A log of 30 some of whose lines are gone, as its lines from 25 on say, written so long after the log began."""
    told = {"action": "audit.destroy", "entity": "audit", "at": BEGAN + when}
    log = written(30, others={25 + n: {**told, "entity_id": claim} for n, claim in enumerate(claims)})
    return replace(log, lines=[replace(one, line=None) if one.seq in gone else one for one in log.lines])


LATE = timedelta(days=366)
FIRST = range(1, 13)


@pytest.mark.parametrize(
    ("gone", "claims"),
    [
        (FIRST, ["1-12"]),
        (FIRST, ["1-20"]),
        (FIRST, ["1-5", "6-12"]),
        (FIRST, ["4-12", "1-7"]),
        (range(7, 13), ["7-12"]),
        (range(1, 13, 3), ["1-1", "4-4", "7-7", "10-10"]),
    ],
)
def test_lines_destroyed_by_the_rules_leave_a_log_that_is_whole(gone: range, claims: list[str], tmp_path: Path) -> None:
    log = destroyed(gone, *claims, when=LATE)
    found = judged(log, CITY)
    assert (found.whole, found.destroyed, found.lines) == (True, len(gone), 30), found
    said = offline(exported(log, tmp_path))
    assert said.stdout.strip().endswith(f"{len(gone)} destroyed by the rules of retention"), said


@pytest.mark.parametrize(
    ("log", "wrong"),
    [
        (destroyed(FIRST, "1-11", when=LATE), Fault("missing", 12, 12)),
        (destroyed(FIRST, "2-12", when=LATE), Fault("missing", 1, 12)),
        (destroyed(FIRST, "1-5", "7-12", when=LATE), Fault("missing", 6, 12)),
        (destroyed(FIRST, "1-x", when=LATE), Fault("missing", 1, 12)),
        (destroyed(FIRST, "1-12", when=timedelta(days=365)), Fault("destroyed.early", 1, 12)),
        (destroyed(FIRST, "1-12", when=timedelta(0)), Fault("destroyed.early", 1, 12)),
        (destroyed(range(1, 30), "1-12", when=LATE), Fault("missing", 1, 29)),
        (destroyed(range(14, 15), "1-12", when=LATE), Fault("missing", 14, 14)),
    ],
    ids=["one more", "from the second", "a hole", "no number", "not a year", "at once", "with its record", "another"],
)
def test_nothing_else_may_be_missing(log: Copy, wrong: Fault, tmp_path: Path) -> None:
    found = judged(log, CITY)
    assert (found.fault, found.lines) == (wrong, wrong.seq - 1)
    assert offline(exported(log, tmp_path)).returncode == 1


def test_only_a_line_of_destruction_says_that_lines_were_destroyed() -> None:
    log = written(30, others={25: {"entity": "audit", "entity_id": "1-12", "at": BEGAN + LATE}})
    lines = [replace(one, line=None) if one.seq in FIRST else one for one in log.lines]
    assert fault(replace(log, lines=lines)) == Fault("missing", 1, 12)


def test_lines_must_have_stood_a_year_under_the_citys_own_word() -> None:
    """The checkpoint of exactly those ten lines was signed 11 minutes after the log began."""
    exact = timedelta(days=365, minutes=11)
    assert judged(destroyed(range(1, 11), "1-10", when=exact), CITY).whole
    early = destroyed(range(1, 11), "1-10", when=exact - timedelta(microseconds=1))
    assert fault(early) == Fault("destroyed.early", 1, 10)
    assert fault(destroyed(range(1, 12), "1-11", when=exact)) == Fault("destroyed.early", 1, 11)
    late = destroyed(range(1, 11), "1-10", when=exact)
    unsigned = [signed(list(late.lines), size, at=BEGAN + timedelta(days=1, minutes=size)) for size in (0, 30)]
    assert fault(replace(late, notes=unsigned)) == Fault("destroyed.early", 1, 10), "a witness's copy is not the city's"


def test_the_widest_claim_counts() -> None:
    told = {"action": "audit.destroy", "entity": "audit"}
    claims = {
        25: {**told, "entity_id": "1-4", "at": BEGAN + 2 * LATE},
        26: {**told, "entity_id": "1-12", "at": BEGAN + LATE},
    }
    log = written(30, others=claims)
    lines = [replace(one, line=None) if one.seq in FIRST else one for one in log.lines]
    assert judged(replace(log, lines=lines), CITY).whole


def test_what_is_counted_and_when_the_walk_stops() -> None:
    log = written(23)
    found = judged(replace(log, notes=[*log.notes, log.notes[-1]], seen=log.seen[1:3]), CITY)
    assert (found.whole, found.checkpoints, found.witnessed) == (True, 7, 2), "the same word twice is no fault"
    walk = Walk(CITY.verifier())
    assert walk.feed(log.lines[:3]) is True
    assert walk.feed(log.lines[4:]) is False
    assert walk.feed(log.lines[3:]) is False
    assert walk.verdict().fault == Fault("gap", 4)


# --- the offline verifier ---


def test_offline_a_whole_log_is_whole(tmp_path: Path) -> None:
    said = offline(exported(written(23), tmp_path), "--key", str(CITY.verifier()))
    assert said.returncode == 0, said
    assert said.stdout.startswith("WHOLE: lines 1 to 23 of 23, 12 signed notes")


@pytest.mark.parametrize(("begin", "end"), [(0, 7), (7, 23), (5, 20), (9, 10), (22, 23), (0, 23)])
def test_offline_a_part_is_proven_as_the_whole_is(begin: int, end: int, tmp_path: Path) -> None:
    log = written(23)
    said = offline(exported(log, tmp_path, begin=begin, end=end))
    assert said.stdout.startswith(f"WHOLE: lines {begin + 1} to {end} of 23"), said
    n = begin + 1
    said = offline(exported(at(log, n, line=line(n, outcome="failed")), tmp_path, begin=begin, end=end))
    assert (said.returncode, said.stdout) == (1, f"BROKEN: line {n}: its content was changed\n")
    lines = rebuilt(at(log, n, line=line(n, outcome="failed")).lines)
    said = offline(exported(replace(log, lines=lines), tmp_path, begin=begin, end=end))
    assert (said.returncode, "root" in said.stdout) == (1, True), said


def test_offline_another_key_an_early_end_or_noise_is_not_whole(tmp_path: Path) -> None:
    log = written(23)
    folder = exported(log, tmp_path)
    stranger = named("dure", bytes([1] * 32)).verifier()
    assert offline(folder, "--key", str(stranger)).returncode == 1
    assert offline(folder, "--key", "nonsense").returncode == 2
    (folder / "lines.jsonl").write_text("".join((folder / "lines.jsonl").read_text().splitlines(keepends=True)[:-1]))
    assert offline(folder).stdout == "BROKEN: line 23: the export ends before line 23\n"
    (folder / "log.json").write_text("[]")
    assert offline(folder).returncode == 2


def test_the_offline_verifier_is_short_and_stands_alone() -> None:
    text = OFFLINE.read_text()
    assert len(text.splitlines()) < 200
    imported = {row.split()[1].split(".")[0] for row in text.splitlines() if row.startswith(("import ", "from "))}
    assert imported == {"argparse", "base64", "hashlib", "json", "sys", "datetime", "pathlib", "cryptography"}


def _offline_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_audit", OFFLINE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def both(log: Copy, folder: Path) -> tuple[bool, bool]:
    """Whether the walk and the offline verifier, in this process, find the log whole."""
    module = _offline_module()
    exported(log, folder)
    head = json.loads((folder / "log.json").read_text())
    try:
        key = module.Chain(head["key"], head["keys"])
        head["checkpoint"] = key.opened(head["note"], "it")
        due = module.checkpoints(folder, key, [folder / "seen.jsonl"])
        walk = module.Walk(head, due)
        for one in module.json_lines(folder / "lines.jsonl"):
            walk.take(one)
        walk.end(due)
    except module.Broken:
        return judged(log, CITY).whole, False
    return judged(log, CITY).whole, True


# --- the drill ---


def drilled(each: int, folder: Path) -> None:
    log = written(24, every=8)
    chance = random.Random(5)
    assert both(log, folder) == (True, True)
    for kind, attack in drill.ATTACKS.items():
        for n in range(each):
            assert both(attack(chance, log, CITY), folder) == (False, False), (kind, n)


def test_sixty_of_each_kind_of_tampering_are_found_by_both(tmp_path: Path) -> None:
    drilled(60, tmp_path)


def test_the_drill_counts_what_it_finds() -> None:
    found = drill.run(written(60), CITY, each=20, seed=1)
    assert (found.sound, found.total) == (True, 120)
    assert found.made == found.found == dict.fromkeys(drill.KINDS, 20)
    blind = drill.run(replace(written(60), seen=[]), CITY, each=20, seed=1)
    assert blind.found["fork"] == 0, "a fork by who holds the key needs a witness"
    assert blind.found["edit"] == 20


@pytest.mark.long
def test_a_thousand_of_each_kind_of_tampering_are_found() -> None:
    found = drill.run(written(240, every=20), CITY, each=1_000, seed=2)
    assert (found.sound, found.total) == (True, 6_000)


def test_signing_anew_keeps_sizes_and_adds_what_came_later() -> None:
    log = written(12)
    longer = rebuilt([*log.lines, Sealed(0, b"", b"", line(13))])
    notes = [unchecked(note) for note in resigned(longer, log.notes, CITY)]
    assert [one.size for one in notes] == [0, 5, 10, 12, 13]
