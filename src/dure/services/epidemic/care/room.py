"""What this part contributes to the service."""

from dure.engine.room import Every
from dure.services.epidemic.care import files, keeping, watch

RETENTION = (keeping.PATIENTS, keeping.QUARANTINES)
EVERY = (Every("epidemic.unseen", 60, watch.run),)


def register() -> None:
    """Tell the lower rooms of its files, its alarm and its kind of incident."""
    files.register()
    watch.register()
