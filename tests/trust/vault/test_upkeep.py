"""What happens by itself: destructions are finished, doubles looked for, a start reads the ledger; and kept answers."""

import asyncio
import stat
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.commands import vault as command
from dure.commands.vault import settle
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.kernel.errors import Unavailable
from dure.trust.roles import Role
from dure.trust.vault import Person, Vault, answers, at, erase, erasing, of, upkeep
from dure.trust.vault.masters import Masters
from dure.trust.vault.person import initials
from tests.trust.conftest import MONDAY, account, principal, signed_in

WHO = principal(Role.SHIFT_LEAD)


@pytest.fixture
def context(settings: Settings, database: Database) -> Context:
    return Context(settings, database, None, catalogue())  # type: ignore[arg-type]


async def test_the_work_process_finishes_and_looks(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    held = at(context.settings.data)
    twins = [Person("홍길동", "010-1234-5678"), Person("홍 길동", "01012345678"), Person("심청")]
    async with context.database.transaction() as tx:
        made = [id_ for id_, _ in await held.put_all(tx, [(None, one) for one in twins])]
    await upkeep.look(context)
    async with context.database.transaction() as tx:
        assert await tx.scalar(text("select form from vault_state")) == 3
        assert await tx.scalar(text("select count(*) from person_pair where state = 'open' and score >= 0.5")) == 1
    with monkeypatch.context() as patched:
        patched.setattr(erasing, "destroy", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
        async with context.database.transaction() as tx:
            await erase(tx, WHO, made[2], "정보주체의 요청")
    await upkeep.finish(context)
    assert held.keys.is_destroyed("person", made[2])
    async with context.database.transaction() as tx:
        assert await tx.scalar(text("select done_at from destruction")) == MONDAY


async def test_a_start_from_an_older_database_reads_the_ledger(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    held = Vault(tmp_path)
    async with database.transaction() as tx:
        gone, _ = await held.put(tx, Person("홍길동", "010-1234-5678"))
        stays, _ = await held.put(tx, Person("심청"))
        row = await tx.row(text("select * from person where id = :id"), {"id": gone})
    assert row is not None
    async with database.transaction() as tx:
        await erase(tx, WHO, gone, "정보주체의 요청")
    async with database.transaction() as tx:
        await tx.execute(text("delete from destruction"))
        await tx.execute(text("insert into person (id, sealed) values (:id, :sealed)"), dict(row))
    assert await _settled(database_url, tmp_path) == 1
    assert await _settled(database_url, tmp_path) == 0
    async with database.transaction() as tx:
        assert set(await held.opened(tx, [gone, stays])) == {stays}
        assert await tx.scalar(text("select reason from destruction")) == "ledger"


async def _settled(url: str, folder: Path) -> int:
    return await asyncio.to_thread(settle, url, str(folder))


def test_kept_answers_are_sealed_for_their_request(tmp_path: Path) -> None:
    keeper = answers.Keeper(tmp_path)
    sealed = keeper.seal("answer/a/1", "홍길동 씨 댁".encode())
    assert "홍길동".encode() not in sealed
    assert keeper.unseal("answer/a/1", sealed).decode() == "홍길동 씨 댁"
    with pytest.raises(Unavailable):
        keeper.unseal("answer/b/1", sealed)
    assert keeper.digest(b"asked") == keeper.digest(b"asked") != keeper.digest(b"other")
    assert keeper.digest(b"asked") != answers.Keeper(tmp_path / "other").digest(b"asked")


async def test_what_was_destroyed_is_listed_page_by_page(database: Database, app: FastAPI, tmp_path: Path) -> None:
    held = Vault(tmp_path)
    ids = []
    for name in ("홍길동", "심청", "이몽룡"):
        async with database.transaction() as tx:
            ids.append((await held.put(tx, Person(name)))[0])
            await erase(tx, WHO, ids[-1], f"요청 {len(ids)}")
    client = await signed_in(app, await account(database, "auditor", Role.AUDITOR))
    found: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "1", **({"cursor": cursor} if cursor else {})}
        page = (await client.get("/destructions", params=query)).json()
        assert len(page["items"]) == 1
        found += [one["subject_id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(found) == sorted(str(one) for one in ids)
    await client.aclose()


def test_a_second_master_key_is_made_once_and_the_first_is_written_over(tmp_path: Path) -> None:
    masters = Masters(tmp_path)
    first = masters.all()[1]
    with masters.path.open("rb") as old:
        assert masters.begin() == 2
        assert masters.begin() == 2, "a rotation that was cut off goes on with the same key"
        assert set(masters.all()) == {1, 2}
        assert masters.all()[1] == first
        assert masters.current() == 2
        assert set(old.read()) == {0}, "the former file's bytes are written over"
    second = masters.all()[2]
    masters.finish()
    assert dict(masters.all()) == {2: second}
    assert masters.begin() == 3
    assert stat.S_IMODE(masters.path.stat().st_mode) == 0o600


def test_initials_of_names() -> None:
    assert initials("홍길동") == "ㅎㄱㄷ"
    assert initials("까뻬") == "ㄲㅃ"
    assert initials("john") == "jo"


async def test_nobody_guesses_which_citys_vault_is_meant(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DURE_DATA", raising=False)
    nowhere = Database(database.url)
    async with nowhere.transaction() as tx:
        with pytest.raises(Unavailable, match="nowhere"):
            of(tx)
        monkeypatch.setenv("DURE_DATA", str(tmp_path))
        assert of(tx) is at(tmp_path)
    await nowhere.close()


def test_the_command_speaks_as_people_do(monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[object] = [True, False, None, {}, {"b": 1, "a": 2}, 3]
    for language, said in (
        ("ko", ["예", "아니요", "없음", "없음", "a 2, b 1", "3"]),
        ("en", ["yes", "no", "never", "none", "a 2, b 1", "3"]),
    ):
        monkeypatch.setenv("DURE_LANG", language)
        assert [command._said(one) for one in figures] == said
