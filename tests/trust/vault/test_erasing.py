"""Erasing: the key is destroyed, everything that led to the person is gone, the ledger says so, and no copy brings it
back."""

import shutil
import stat
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.errors import NotFound
from dure.trust.roles import Role
from dure.trust.vault import Person, Vault, erasing, ledger, reasons, texts
from dure.trust.vault.ledger import Ledger
from tests.trust.conftest import MONDAY, principal

_AGAIN = text("insert into person (id, sealed) values (:id, :sealed)")
ADA = Person(name="남궁카나리", phone="010-9876-5432", resident_no="5803041234567")


@pytest.fixture
def held(tmp_path: Path) -> Vault:
    return Vault(tmp_path)


async def put(database: Database, held: Vault, person: Person = ADA) -> UUID:
    async with database.transaction() as tx:
        return (await held.put(tx, person))[0]


async def erase(database: Database, id_: UUID, reason: str = "정보주체의 요청") -> None:
    async with database.transaction() as tx:
        await erasing.erase(tx, principal(Role.OPERATOR), id_, reason)


async def test_an_erased_person_is_gone_and_there_is_proof(database: Database, held: Vault) -> None:
    id_, other = await put(database, held), await put(database, held, Person(name="홍길동"))
    await erase(database, id_)
    async with database.transaction() as tx:
        assert await held.opened(tx, [id_, other]) == {other: Person(name="홍길동")}
        assert await held.find(tx, "resident_no", "580304-1234567") == []
        proof = await erasing.proof(tx, held, "person", id_)
        line = await tx.row(text("select * from audit where action = 'person.erase'"))
    assert (proof["key_destroyed"], proof["records"], proof["index_rows"]) == (True, 0, 0)
    assert (proof["ledger_seq"], proof["ledger_whole"], proof["reason"]) == (1, True, "정보주체의 요청")
    (kept,) = held.ledger.lines()
    assert (proof["ledger_at"], proof["ledger_hash"]) == (kept.at, kept.hash)
    assert line is not None
    assert line["person_id"] == id_
    assert "정보주체" not in line["purpose"], "words of people stand sealed in the log"
    async with database.transaction() as tx:
        assert reasons.opened(tx, [line["purpose"]]) == ["정보주체의 요청"]
    with pytest.raises(NotFound):
        await erase(database, id_)
    async with database.transaction() as tx:
        with pytest.raises(NotFound):
            await erasing.proof(tx, held, "person", other)


async def test_a_code_stays_plain_as_the_reason(database: Database, held: Vault) -> None:
    async with database.transaction() as tx:
        person, _ = await held.put(tx, Person(name="홍길동"))
    async with database.transaction() as tx:
        await erasing.erase(tx, principal(Role.OPERATOR), person, "pipa.36")
        kept = await tx.rows(
            text("select purpose as why from audit where action = 'person.erase' union all "
                 "select reason from destruction")
        )  # fmt: skip
    assert [row["why"] for row in kept] == ["pipa.36", "pipa.36"]


async def test_nothing_is_destroyed_when_the_transaction_fails(database: Database, held: Vault) -> None:
    id_ = await put(database, held)

    async def cut_off() -> None:
        async with database.transaction() as tx:
            await erasing.erase(tx, principal(Role.OPERATOR), id_, "잘못 누름")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await cut_off()
    async with database.transaction() as tx:
        assert await held.opened(tx, [id_]) == {id_: ADA}
    assert held.ledger.lines() == []


async def test_what_a_crash_cut_off_is_finished(
    database: Database, held: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = await put(database, held)
    with monkeypatch.context() as patched:
        patched.setattr(erasing, "destroy", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
        await erase(database, id_)
    assert not held.keys.is_destroyed("person", id_), "ordered, and not carried out"
    async with database.transaction() as tx:
        assert await erasing.finish(tx, held) == 1
    async with database.transaction() as tx:
        assert await erasing.finish(tx, held) == 0
    assert held.keys.is_destroyed("person", id_)
    assert [line.id for line in held.ledger.lines()] == [id_]


async def test_a_copy_of_everything_from_before_brings_nobody_back(
    database: Database, held: Vault, tmp_path: Path
) -> None:
    id_ = await put(database, held)
    held.keys.close()
    shutil.copytree(tmp_path / "secrets", tmp_path / "copy" / "secrets")
    async with database.transaction() as tx:
        row = await tx.row(text("select * from person where id = :id"), {"id": id_})
    assert row is not None
    await erase(database, id_)
    back = Vault(tmp_path / "copy")
    async with database.transaction() as tx:
        await tx.execute(_AGAIN, {"id": id_, "sealed": row["sealed"]})
        await tx.execute(text("delete from destruction"))
        assert await back.opened(tx, [id_]) == {id_: ADA}, "the copy alone would bring the person back"
    async with database.transaction() as tx:
        assert await erasing.replay(tx, back, [tmp_path / "secrets" / ledger.NAME]) == 1
    async with database.transaction() as tx:
        assert await back.opened(tx, [id_]) == {}
        await tx.execute(_AGAIN, {"id": id_, "sealed": row["sealed"]})
        assert await back.opened(tx, [id_]) == {}, "also where the record comes back once more"
        assert await erasing.replay(tx, back) == 1, "the ledger that was told remembers"
        assert await tx.scalar(text("select count(*) from destruction")) == 1


def test_where_the_copy_lies_is_told_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DURE_LEDGER_COPY", str(tmp_path / "media.jsonl"))
    book = Ledger(tmp_path)
    book.add("person", [uuid4()], MONDAY)
    assert (tmp_path / "media.jsonl").read_bytes() == book.path.read_bytes()
    assert Ledger(tmp_path, tmp_path / "named.jsonl").copy == tmp_path / "named.jsonl"


def test_the_ledger_is_chained_and_copied_elsewhere(tmp_path: Path) -> None:
    copy = tmp_path / "media" / "safe" / "copy.jsonl"
    book = Ledger(tmp_path / "data" / "city", copy)
    first, second, third = uuid4(), uuid4(), uuid4()
    book.add("person", [first, second], MONDAY)
    book.add("incident", [first], MONDAY)
    book.add("person", [second, third], MONDAY)
    assert [(line.seq, line.kind, line.id) for line in book.lines()] == [
        (1, "person", first),
        (2, "person", second),
        (3, "incident", first),
        (4, "person", third),
    ]
    assert book.broken_at() is None
    assert copy.read_bytes() == book.path.read_bytes()
    assert stat.S_IMODE(book.path.parent.stat().st_mode) == 0o700, "nobody else looks into the folder of keys"
    assert {stat.S_IMODE(path.stat().st_mode) for path in (book.path, copy)} == {0o600}
    assert Ledger(tmp_path / "new", copy).of("person", third) is not None
    whole = book.path.read_text()
    lines = whole.splitlines(keepends=True)
    other = whole.replace(str(third), str(uuid4()))
    for harm in (lines[1:], [lines[0], *lines[2:]], [lines[1], lines[0], *lines[2:]], [other]):
        book.path.write_text("".join(harm))
        assert book.broken_at() is not None
    book.path.write_text(whole + '{"seq": 5, "at"')
    fourth = uuid4()
    book.add("person", [fourth], MONDAY)
    assert [line.id for line in ledger.read(book.path)][4:] == [fourth], "a half written line is left behind, here too"
    assert book.broken_at() is None


async def test_an_incidents_words_can_be_destroyed_too(database: Database, held: Vault) -> None:
    incident = uuid4()
    async with database.transaction() as tx:
        sealed = await texts.sealed(tx, incident, "timeline.text", "남궁카나리 씨 댁")
        assert sealed is not None
        rows = [{"incident_id": incident, "text": sealed, "at": MONDAY}, {"incident_id": uuid4(), "text": None}]
        assert [row["text"] for row in texts.opened(tx, "timeline", rows, "text")] == ["남궁카나리 씨 댁", None]
        assert await texts.sealed(tx, incident, "timeline.text", "") == b""
        line = await texts.sealed_line(tx, incident, "alarm.judged_words", "도요새 씨가 태움")
        assert line is not None
        assert line.isascii(), "base64, in a column of text"
        lines = {incident: line, UUID(int=5): "before it was sealed", UUID(int=6): None}
        assert texts.opened_lines(tx, "alarm.judged_words", lines) == {**lines, incident: "도요새 씨가 태움"}
        assert await texts.sealed_line(tx, incident, "alarm.judged_words", None) is None
        assert await texts.destroy(tx, principal(Role.OPERATOR), [incident], "보유 기간 만료") == 1
    async with database.transaction() as tx:
        assert texts.opened(tx, "timeline", rows[:1], "text")[0]["text"] == ""
        assert texts.same(tx, b"told") == texts.same(tx, b"told") != texts.same(tx, b"news")
