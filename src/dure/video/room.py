"""What the room contributes. Only app.py imports it. Who may open a camera is asked by the rooms that have a reason
(respond/pictures.py); the pictures themselves leave by the relay's door.
"""

from dure.engine.context import Context
from dure.engine.room import Every, Room
from dure.video import openings
from dure.video.policy import GRANTS


async def _forget(context: Context) -> None:
    async with context.database.transaction() as tx:
        await openings.forget_old(tx)


ROOM = Room("video", grants=GRANTS, every=(Every("video.forget", 3600, _forget),))
