"""To whom people belong is what the rooms say; records of others are not there."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from dure.kernel.errors import NotFound
from dure.trust import reach
from dure.trust.policy import Resource, grant
from dure.trust.principal import Principal
from dure.trust.roles import Role

OURS, THEIRS = UUID(int=1), UUID(int=2)
GRANTS = {"person.read": grant({Role.OPERATOR}, own={Role.FIRE})}


async def respond(_tx: Any, id_: str) -> Resource:
    return Resource(frozenset({"a"} if UUID(id_) == OURS else {"b"}))


async def city(_tx: Any, _id: str) -> Resource:
    return Resource(frozenset())


def asked(**finders: Any) -> Any:
    state = SimpleNamespace(grants=GRANTS, **({"whose": finders} if finders else {}))
    return SimpleNamespace(app=SimpleNamespace(state=state))


def desk(role: Role, agency: str | None) -> Principal:
    return Principal("token", UUID(int=9), "desk", frozenset({role}), agency_id=agency)


async def test_an_agencys_desk_knows_of_its_own_people_and_the_control_room_of_all() -> None:
    request = asked(person=[respond, city])
    fire = desk(Role.FIRE, "a")
    assert await reach.people(request, None, fire, "person.read", [OURS, THEIRS]) == [OURS]  # type: ignore[arg-type]
    room = desk(Role.OPERATOR, None)
    assert await reach.people(request, None, room, "person.read", [OURS, THEIRS]) == [OURS, THEIRS]  # type: ignore[arg-type]
    await reach.check_person(request, None, fire, "person.read", OURS)  # type: ignore[arg-type]
    with pytest.raises(NotFound, match=r"trust\.person\.unknown"):
        await reach.check_person(request, None, fire, "person.read", THEIRS)  # type: ignore[arg-type]


async def test_where_no_room_keeps_such_things_belonging_means_nothing() -> None:
    assert reach.finders_of(asked()) == {}
    assert await reach.whose(None, {}, "person", "x") == Resource()  # type: ignore[arg-type]
    assert await reach.whose(None, {"camera": [city]}, "person", "x") == Resource()  # type: ignore[arg-type]
    found = await reach.whose(None, {"person": [respond, city]}, "person", str(OURS))  # type: ignore[arg-type]
    assert found == Resource(frozenset({"a"}))
