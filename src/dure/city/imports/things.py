"""What rows of files become: the tables that an import may write, and the kinds of files that there are.

The city's own stand here from the start; a service contributes what only it knows.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Table

from dure.city import tables
from dure.city.imports.kinds.assets import FACILITIES, HYDRANTS, MARKETS
from dure.city.imports.kinds.boundary import BOUNDARY
from dure.city.imports.kinds.cameras import CAMERAS
from dure.city.imports.kinds.cctv import CCTV
from dure.city.imports.kinds.devices import DEVICES
from dure.city.imports.kinds.people import PEOPLE
from dure.city.imports.kinds.stalls import STALLS
from dure.city.imports.model import Kind
from dure.documents.limits import UnreadableFile
from dure.kernel.ids import new_id
from dure.trust.roles import Role


@dataclass(frozen=True, slots=True)
class Thing:
    """A table that rows of files become: the columns by which a file names its rows, and where an id comes from (None:
    the first of the key is the id). The table has `id`, `version`, `created_at` and `updated_at`.
    """

    table: Table
    key: tuple[str, ...]
    make_id: Callable[[], object] | None = None

    @property
    def image(self) -> str:
        """The whole row `t` as JSON, but for what the database makes of it itself."""
        return "to_jsonb(t) - 'search'" if "search" in self.table.c else "to_jsonb(t)"


THINGS: dict[str, Thing] = {
    one.table.name: one
    for one in (
        Thing(tables.camera_site, ("id",)),
        Thing(tables.camera, ("id",)),
        Thing(tables.asset, ("kind", "code"), new_id),
        Thing(tables.device, ("id",)),
        Thing(tables.boundary, ("level", "code"), new_id),
        Thing(tables.care_person, ("code",), new_id),
    )
}
"""By the table's name, in the order in which they are written."""

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (CCTV, CAMERAS, BOUNDARY, MARKETS, STALLS, HYDRANTS, DEVICES, FACILITIES, PEOPLE)
}
_modules: dict[str, None] = {}
_bringers: dict[str, frozenset[Role]] = {}


def contribute(
    module: str, kinds: tuple[Kind, ...], things: tuple[Thing, ...], bringers: frozenset[Role] = frozenset()
) -> None:
    """Take a service's kinds of files. `module` is where it calls this: the short-lived process that reads a file
    imports it, and nothing else of the service. Again is the same as once. `bringers`: roles that bring these kinds
    and none but what is theirs (`owning.may_bring`).

    Raises ValueError where another owner has a kind or table of the same name: such a release cannot start.
    """
    for kind in kinds:
        if KINDS.setdefault(kind.name, kind) is not kind:
            raise ValueError(f"two kinds of files are called {kind.name!r}")
    for thing in things:
        if THINGS.setdefault(thing.table.name, thing) is not thing:
            raise ValueError(f"two tables are called {thing.table.name!r}")
    _modules.setdefault(module)
    _bringers.update({kind.name: bringers for kind in kinds if bringers})


def bringers(kind: str) -> frozenset[Role]:
    """The roles whose own this kind of file is."""
    return _bringers.get(kind, frozenset())


def contributors() -> tuple[str, ...]:
    """The modules that have contributed."""
    return tuple(_modules)


def kind_of(name: str) -> Kind:
    """The kind of this name. Raises UnreadableFile for one that is not there."""
    if name not in KINDS:
        raise UnreadableFile("city.import.kind.unknown", kind=name[:40], kinds=", ".join(KINDS))
    return KINDS[name]
