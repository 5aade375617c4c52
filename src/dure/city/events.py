"""The city's public events.

- `DeviceChanged.v1` (entity `device`): made, changed, switched, taken out (its entity is gone then). One for each
device.
- `CameraChanged.v1` (entity `camera`): the same for cameras. A file that touches more than `EACH` cameras says so once
  by `CityImported.v1` instead.
- `CityImported.v1` (entity `import_run`): a file was applied or undone; `kind` says what it held.
- `ImportMoved.v1` (entity `import_run`): progress of a run.
"""

from collections.abc import Iterable

from dure.engine.database import Tx
from dure.kernel.events import Event

EACH = 1_000


async def device_changed(tx: Tx, changed: Iterable[tuple[str, int]]) -> None:
    """Tell of devices by id and new version."""
    await tx.emit(*(Event("DeviceChanged.v1", "device", id_, version) for id_, version in changed))


async def camera_changed(tx: Tx, changed: Iterable[tuple[str, int]]) -> None:
    """Tell of cameras by id and new version."""
    await tx.emit(*(Event("CameraChanged.v1", "camera", id_, version) for id_, version in changed))


async def imported(tx: Tx, run_id: str, version: int, kind: str) -> None:
    """Tell that a file was applied or undone."""
    await tx.emit(Event("CityImported.v1", "import_run", run_id, version, {"kind": kind}))


async def run_moved(tx: Tx, run_id: str, version: int) -> None:
    """Tell of a run's progress."""
    await tx.emit(Event("ImportMoved.v1", "import_run", run_id, version))
