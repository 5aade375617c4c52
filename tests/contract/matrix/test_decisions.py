"""Every cell of the table against the pure decision, in this process: more than 50,000, and none allowed unintended."""

from collections import Counter
from collections.abc import Iterator
from functools import cache

from fastapi.routing import APIRoute

from dure import app
from dure.trust.policy import Grants, Resource, Situation, Standing, Subject, decide
from dure.trust.roles import Role
from tests.contract.matrix import catalogue, oracle, table
from tests.contract.matrix.oracle import Cell

OURS, THEIRS = "agency-a", "agency-b"
BELONGS = {"own": OURS, "other": THEIRS, "none": None}
STANDS = {
    "token": Standing.ACTIVE,
    "account": Standing.ACTIVE,
    "expired": Standing.EXPIRED,
    "suspended": Standing.SUSPENDED,
    "shared": Standing.SHARED,
}
ONESELF = ("self", "session.end")
"""Lines without a permission behind them, as those for anybody: whoever is known may. A running city is asked them."""


@cache
def permissions() -> dict[str, tuple[str, ...]]:
    """What each route requires, as its code says."""
    found: dict[str, tuple[str, ...]] = {}
    for room in app.ROOMS:
        for route in _routes(room.router):
            for method in route.methods:
                found[f"{method} {route.path}"] = tuple(_required(route.dependant))
    return found


def _routes(router: object) -> Iterator[APIRoute]:
    for one in getattr(router, "routes", ()):
        if isinstance(one, APIRoute):
            yield one
        else:
            yield from _routes(getattr(one, "original_router", None))


def _required(dependant: object) -> Iterator[str]:
    for one in getattr(dependant, "dependencies", ()):
        if isinstance(permission := getattr(one.call, "permission", None), str):
            yield permission
        yield from _required(one)


@cache
def grants() -> Grants:
    return app.grants()


def decided(cell: Cell) -> bool:
    """The answer of the code that decides."""
    line = table.by_route()[cell.route]
    subject = Subject(frozenset({Role(cell.role)}), BELONGS[cell.agency], STANDS[cell.asker], cell.account)
    resource = Resource(frozenset({OURS})) if oracle.about_one(line, cell.route) else Resource()
    situation = Situation(cell.network, "훈련 점검" if cell.purpose else None, proved=True)
    required = permissions()[cell.route]
    return bool(required) and all(
        decide(subject, permission, resource, situation, grants()).allowed for permission in required
    )


def guarded() -> tuple[str, ...]:
    entered = table.by_route()
    return tuple(
        route
        for route in catalogue.routes()
        if route in entered and not entered[route].anybody and not entered[route].action.startswith(ONESELF)
    )


def test_every_guarded_route_requires_a_permission() -> None:
    assert [route for route in guarded() if not permissions().get(route)] == []


def test_more_than_50_000_cells_are_decided_as_the_table_says() -> None:
    unintended: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    count = 0
    for cell in oracle.cells(guarded()):
        count += 1
        wanted, answer = oracle.expected(cell), decided(cell)
        if answer != wanted:
            (unintended if answer else refused)[f"{cell.route} {cell.role} {cell.agency} {cell.asker}"] += 1
    assert unintended == {}, "allowed against the table"
    assert refused == {}, "denied against the table"
    assert count >= 50_000
