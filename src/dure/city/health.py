"""Which cameras send no picture just now, as whoever fetches them last found: kept until they send one, and believed
for a few minutes. What the registry says of a camera is not touched by it.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from sqlalchemy import text

from dure.engine.database import Tx

BELIEVED = timedelta(minutes=5)
"""So long a trouble counts after it was last seen: who watches no more does not know whether it lasts."""
_TROUBLED = text(
    "insert into camera_health (camera_id, trouble, since, seen_at) values (:id, :trouble, :now, :now) "
    "on conflict (camera_id) do update set trouble = excluded.trouble, seen_at = excluded.seen_at"
)
_WELL = text("delete from camera_health where camera_id = any(:ids) or seen_at < :forgotten")


async def note(tx: Tx, troubles: Mapping[str, str], well: Iterable[str]) -> None:
    """These cameras send nothing, and why; those send pictures again."""
    now = tx.now()
    if troubles:
        await tx.execute(_TROUBLED, [{"id": id_, "trouble": why, "now": now} for id_, why in sorted(troubles.items())])
    await tx.execute(_WELL, {"ids": list(well), "forgotten": now - BELIEVED})
