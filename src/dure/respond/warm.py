"""Cameras near open incidents are fetched before anybody presses: who then may see one sees it at once. Nothing is
shown by that; each look still takes a right of its own.
"""

import asyncio
import logging

from sqlalchemy import text

from dure.engine.context import Context
from dure.kernel.errors import Unavailable
from dure.video.relay import Relay

log = logging.getLogger(__name__)
MOST = 50
"""Cameras; those of the newest incidents come first."""
_EVERY_S = 1.0
_NEAR = text(
    "select c.camera_id from incident_camera c join incident i on i.id = c.incident_id "
    "join camera k on k.id = c.camera_id "
    "where i.status <> 'closed' and i.merged_into is null and k.stream_url is not null "
    "and k.state in ('ok', 'unknown') group by c.camera_id order by max(i.opened_at) desc, c.camera_id limit :most"
)


async def keep(context: Context, relay: Relay, most: int = MOST) -> None:
    """Look each second which cameras those are, for as long as the process lives."""
    while True:
        try:
            async with context.database.transaction() as tx:
                near = {row["camera_id"] for row in await tx.rows(_NEAR, {"most": most})}
            relay.keep_warm(near)
        except Unavailable as error:
            log.warning("warm cameras: %s", error.key)
        await asyncio.sleep(_EVERY_S)
