"""What the room contributes. Only app.py imports it. Who may open a camera is asked by the rooms that have a reason
(respond/pictures.py); the pictures themselves leave by the relay's door.
"""

from dure.engine.room import Room
from dure.engine.web import Router
from dure.video.kept import BOOKMARK, LINES, OPENING, TICKETS, VIDEO
from dure.video.masks import api as masks
from dure.video.masks.kept import LIFT
from dure.video.masks.policy import GRANTS as MASKS
from dure.video.policy import GRANTS
from dure.video.tickets import api as tickets

_router = Router()
_router.include_router(masks.router)
_router.include_router(tickets.router)
ROOM = Room("video", _router, grants={**GRANTS, **MASKS}, retention=(VIDEO, OPENING, TICKETS, LINES, LIFT))
