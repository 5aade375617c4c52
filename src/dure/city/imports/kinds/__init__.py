"""All kinds of files that the city reads."""

from dure.city.imports.kinds.assets import FACILITIES, HYDRANTS, MARKETS
from dure.city.imports.kinds.boundary import BOUNDARY
from dure.city.imports.kinds.cameras import CAMERAS
from dure.city.imports.kinds.cctv import CCTV
from dure.city.imports.kinds.devices import DEVICES
from dure.city.imports.kinds.people import PEOPLE
from dure.city.imports.kinds.stalls import STALLS
from dure.city.imports.model import Kind
from dure.documents.limits import UnreadableFile

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (CCTV, CAMERAS, BOUNDARY, MARKETS, STALLS, HYDRANTS, DEVICES, FACILITIES, PEOPLE)
}
LATER = frozenset({"cases", "contacts"})
"""Kinds of the epidemic service, which reads them with its own rules once it is there."""


def kind_of(name: str) -> Kind:
    """The kind of this name. Raises UnreadableFile for one that is not there (yet)."""
    if name in LATER:
        raise UnreadableFile("city.import.kind.later", kind=name)
    if name not in KINDS:
        raise UnreadableFile("city.import.kind.unknown", kind=name[:40], kinds=", ".join(KINDS))
    return KINDS[name]
