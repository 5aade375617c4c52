"""Doubles: found inside the vault, weighed, decided by a person, taken back."""

from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.errors import Conflict, NotFound
from dure.trust.roles import Role
from dure.trust.vault import Person, Vault, erasing, linking
from tests.trust.conftest import principal

ALIKE = ["similar_name", "birth_date", "phone"]
WHO = principal(Role.OPERATOR)
KIM = Person(
    name="김민수",
    phone="010-1111-2222",
    birth_date="1950-03-01",
    address="한빛시 중구 시장3길 24",
    email="kim@example.kr",
)


@pytest.mark.parametrize(
    ("other", "score", "why"),
    [
        (Person(name="김민수", phone="01011112222", birth_date="1950-03-01"), 0.99, ["name", "birth_date", "phone"]),
        (Person(name="김민주", birth_date="1950-03-01", phone="+82 10-1111-2222"), 0.9, ALIKE),
        (Person(name="김민수", address="한빛시 중구  시장3길 24"), 0.6, ["name", "address"]),
        (Person(name="김민수", email="KIM@example.kr"), 0.6, ["name", "email"]),
        (Person(name="김민수"), 0.4, ["name"]),
        (Person(name="김민주", email="kim@example.kr"), 0.45, ["similar_name", "email"]),
        (Person(name="이영희", phone="010-1111-2222"), 0, []),  # a family's telephone
        (Person(phone="010-1111-2222", birth_date="1950-03-01"), 0, []),  # nobody named
        (Person(name="김민수", birth_date="1950-03-02", second_phone="010-1111-2222"), 0.4, ["name", "phone"]),
        (Person(name="김민주", birth_date="1950-03-02"), 0, ["similar_name"]),
    ],
)
def test_how_likely_two_records_are_one_persons(other: Person, score: float, why: list[str]) -> None:
    found, told = linking.likeness(KIM, other)
    assert (found, told) == (pytest.approx(score), why)


def test_names_are_near_by_their_letters() -> None:
    """Three letters in common of ten are 0.6, and just enough."""
    assert linking.likeness(Person(name="가나"), Person(name="가다라")) == (0.25, ["similar_name"])
    assert linking.likeness(Person(name="가나"), Person(name="가더러")) == (0.0, [])


def test_two_without_a_name_are_not_alike_for_that() -> None:
    one, other = (Person(phone="010-1111-2222", birth_date="1950-03-01") for _ in range(2))
    assert linking.likeness(one, other) == (0.0, [])


def test_a_resident_number_decides() -> None:
    one = Person(name="김민수", resident_no="500301-1234567", birth_date="1950-03-01", phone="010-1111-2222")
    assert linking.likeness(one, Person(name="Kim Min-su", resident_no="5003011234567")) == (1.0, ["resident_no"])
    assert linking.likeness(one, Person(name="김민수", resident_no="500301-1234568", phone="010-1111-2222"))[0] == 0
    unknown = Person(name="김민수", birth_date="1950-03-01")
    assert linking.likeness(one, unknown) == (0.75, ["name", "birth_date"]), "one that is not known rules nobody out"


@given(
    *(
        st.builds(Person, name=st.text(max_size=5), phone=st.text(max_size=5), birth_date=st.text(max_size=3))
        for _ in "12"
    )
)
def test_likeness_is_the_same_both_ways_and_within_bounds(one: Person, other: Person) -> None:
    score, why = linking.likeness(one, other)
    assert 0 <= score <= 1
    assert linking.likeness(other, one)[1] == why


@pytest.fixture
def held(tmp_path: Path) -> Vault:
    return Vault(tmp_path)


async def doubles(database: Database, held: Vault) -> tuple[UUID, UUID]:
    async with database.transaction() as tx:
        made = await held.put_all(
            tx,
            [
                (None, KIM),
                (None, Person(name="김민주", phone="010-1111-2222", birth_date="1950-03-01", note="천식")),
                (None, Person(name="이영희", phone="010-1111-2222")),
                (None, Person(name="박철수", phone="010-5555-6666", birth_date="1950-03-01")),
            ],
        )
        assert await linking.look(tx, held) == 1
    return made[0][0], made[1][0]


async def open_pairs(database: Database) -> list[tuple[UUID, UUID]]:
    async with database.transaction() as tx:
        return [(row["first_id"], row["second_id"]) for row in await linking.listed(tx, "open", 10)]


async def test_a_merged_record_is_found_and_read_as_the_kept_one(database: Database, held: Vault) -> None:
    one, other = pair = await doubles(database, held)
    assert await open_pairs(database) == [pair]
    async with database.transaction() as tx:
        await linking.merge(tx, held, WHO, pair, one)
    async with database.transaction() as tx:
        both = await held.opened(tx, [one, other])
        assert both[one] == both[other]
        assert (both[one].name, both[one].note) == ("김민수", "천식"), "the kept one learns what it had not"
        assert await held.find(tx, "name", "김민주") == [one]
        assert (await held.apart(tx, [other]))[other].name == "김*주"
        with pytest.raises(Conflict, match="decided"):
            await linking.merge(tx, held, WHO, pair, one)
        (merged,) = await linking.listed(tx, "merged", 10)
        assert (merged["kept_id"], merged["decided_by"]) == (one, WHO.actor)
        assert merged["decided_at"] == tx.now()
    assert await open_pairs(database) == []
    async with database.transaction() as tx:
        await linking.undo(tx, held, WHO, pair)
    async with database.transaction() as tx:
        back = await held.opened(tx, [one, other])
        assert (back[one], back[other].name) == (KIM, "김민주")
        assert await tx.scalar(text("select count(*) from audit where action like 'person.%'")) == 2
        (waits,) = await linking.listed(tx, "open", 10)
        assert (waits["kept_id"], waits["decided_by"], waits["decided_at"]) == (None, None, None)
    assert await open_pairs(database) == [pair]


async def test_a_birth_date_and_the_initials_bring_two_together(database: Database, held: Vault) -> None:
    """Neither number nor telephone says it: 김민수 and 김만수 share ㄱㅁㅅ and the day."""
    day = "1950-03-01"
    async with database.transaction() as tx:
        await held.put_all(
            tx,
            [
                (None, Person(name="김민수", birth_date=day, address="중구 시장3길 24")),
                (None, Person(name="김만수", birth_date=day, address="중구 시장3길 24")),
                (None, Person(name="김민수")),
                (None, Person(birth_date=day)),
            ],
        )
        assert await linking.look(tx, held) == 1
        (found,) = await linking.listed(tx, "open", 10)
    assert found["why"] == ["similar_name", "birth_date", "address"]


async def test_the_second_of_a_pair_may_be_the_one_that_stays(database: Database, held: Vault) -> None:
    one, other = pair = await doubles(database, held)
    async with database.transaction() as tx:
        await linking.merge(tx, held, WHO, pair, other)
        both = await held.opened(tx, [one, other])
        assert both[one] == both[other]
        assert (both[other].name, both[other].email) == ("김민주", KIM.email)
        assert await held.find(tx, "name", "김민수") == [other]


async def test_two_people_are_told_apart_until_that_is_taken_back(database: Database, held: Vault) -> None:
    pair = await doubles(database, held)
    async with database.transaction() as tx:
        await linking.tell_apart(tx, WHO, (pair[1], pair[0]))
        told = await tx.row(text("select entity_id, person_id from audit where action = 'person.tell_apart'"))
        assert told is not None
        assert (UUID(told["entity_id"]), told["person_id"]) == (pair[1], pair[0])
        assert await linking.look(tx, held) == 0
        with pytest.raises(Conflict, match="decided"):
            await linking.tell_apart(tx, WHO, pair)
        with pytest.raises(NotFound):
            await linking.tell_apart(tx, WHO, (pair[0], UUID(int=9)))
        with pytest.raises(NotFound):
            await linking.undo(tx, held, WHO, (pair[0], UUID(int=9)))
    assert await open_pairs(database) == []
    async with database.transaction() as tx:
        assert len(await linking.listed(tx, "different", 10)) == 1
        await linking.undo(tx, held, WHO, pair)
    assert await open_pairs(database) == [pair]


async def test_erasing_one_erases_all_that_is_the_same_persons(database: Database, held: Vault) -> None:
    one, other = pair = await doubles(database, held)
    async with database.transaction() as tx:
        await linking.merge(tx, held, WHO, pair, one)
    async with database.transaction() as tx:
        await erasing.erase(tx, WHO, other, "정보주체의 요청")
    assert held.keys.is_destroyed("person", one)
    assert held.keys.is_destroyed("person", other)
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from person_pair where state = 'merged'")) == 0


async def test_a_record_that_was_merged_is_not_merged_again(database: Database, held: Vault) -> None:
    one, other = pair = await doubles(database, held)
    async with database.transaction() as tx:
        third, _ = await held.put(tx, Person(name="김민수", phone="010-1111-2222", birth_date="1950-03-01"))
        assert await linking.look(tx, held) == 2
        await linking.merge(tx, held, WHO, pair, one)
        with pytest.raises(Conflict, match="moved"):
            await linking.merge(tx, held, WHO, (one, third), third)
        with pytest.raises(Conflict, match="moved"):
            await linking.merge(tx, held, WHO, (other, third), third)
        with pytest.raises(NotFound):
            await linking.merge(tx, held, WHO, (one, third), other)
