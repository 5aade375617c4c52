"""What the readable table expects of each cell: who asks, on behalf of whom, from where, saying why, for what.

It imports no policy code: the table's words alone, and the routes of the OpenAPI document.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tests.contract.matrix import catalogue, table
from tests.contract.matrix.table import Line

Agency = Literal["own", "other", "none"]
Asker = Literal["token", "account", "expired", "suspended", "shared"]
AGENCIES: tuple[Agency, ...] = ("own", "other", "none")
ASKERS: tuple[Asker, ...] = ("token", "account", "expired", "suspended", "shared")
MACHINES = frozenset({"device", "service"})
"""They have tokens and no accounts, so nothing of theirs can be shared."""
THINGS = {
    "incident": "{incident_id}",
    "import": "{run_id}",
    "person": "{person_id}",
    "session": "{session_id}",
    "market": "{market_id}",
}
"""What belongs to somebody, and how a route names one."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One question. `agency`: whose the thing is, seen from the asker (none: the asker acts for no agency). `asker`: a
    token or an account that is active, an expired token, a suspended account (of a machine: a revoked token), an
    account that several people use.
    """

    route: str
    role: str
    agency: Agency
    network: bool
    purpose: bool
    asker: Asker

    @property
    def account(self) -> bool:
        """Whether a person has signed in."""
        return self.asker in {"account", "suspended", "shared"} and self.role not in MACHINES


def cells(routes: tuple[str, ...] | None = None) -> Iterator[Cell]:
    """All of them in a fixed order, for `routes` or all that have a line (that all have one is a test of its own)."""
    entered = tuple(route for route in catalogue.routes() if route in table.by_route())
    for route, role, agency, network, purpose, asker in itertools.product(
        routes or entered, table.roles(), AGENCIES, (True, False), (True, False), ASKERS
    ):
        if not (role in MACHINES and asker in {"account", "shared"}):
            yield Cell(route, role, agency, network, purpose, asker)


IN_BODY = frozenset({"POST /video/openings"})
"""Routes that name the thing in their body."""


def live() -> Iterator[Cell]:
    """The cells that a running city is asked: without a purpose only where a line asks for one. Elsewhere the request
    would be the same, word for word, but for a parameter that nothing reads.
    """
    lines = table.by_route()
    return (cell for cell in cells() if cell.purpose or "purpose" in lines[cell.route].needs)


def about_one(line: Line, route: str) -> bool:
    """Whether a route names one thing that belongs to somebody."""
    return line.thing is not None and (THINGS[line.thing] in route or route in IN_BODY)


def expected(cell: Cell) -> bool:
    """Whether the table lets the cell pass. Raises KeyError for a route without a line."""
    line = table.by_route()[cell.route]
    return line.anybody or (may(line, cell) and (not about_one(line, cell.route) or reaches(line, cell)))


def may(line: Line, cell: Cell) -> bool:
    """Whether the asker may do this at all."""
    if cell.asker in {"expired", "suspended"} or not cell.network:
        return False
    if cell.role not in line.all | line.own:
        return False
    if cell.asker == "shared" and not line.shared:
        return False
    if "account" in line.needs and not cell.account:
        return False
    return cell.purpose or "purpose" not in line.needs


def reaches(line: Line, cell: Cell) -> bool:
    """Whether the thing is within the asker's reach: anybody's, or their own agency's."""
    is_the_city = cell.role == "service" and cell.agency == "none" and line.thing != "session"
    return cell.role in line.all or is_the_city or cell.agency == "own"
