"""What the room contributes. Only app.py imports it. Who may open a camera is asked by the rooms that have a reason
(respond/pictures.py); the pictures themselves leave by the relay's door.
"""

from dure.engine.room import Room, Task
from dure.engine.web import Router
from dure.video.export import api as exports
from dure.video.export.kept import EXPORT
from dure.video.export.policy import GRANTS as EXPORTS
from dure.video.export.running import run as make_exports
from dure.video.kept import BOOKMARK, LINES, OPENING, TICKETS, VIDEO
from dure.video.masks import api as masks
from dure.video.masks.kept import LIFT
from dure.video.masks.policy import GRANTS as MASKS
from dure.video.onvif import api as onvif
from dure.video.policy import GRANTS
from dure.video.ptz import turner
from dure.video.ptz.policy import GRANTS as TURNS
from dure.video.ptz.policy import TURN
from dure.video.recorders import api as recorders
from dure.video.recorders import reading
from dure.video.tickets import api as tickets

_router = Router()
_router.include_router(masks.router)
_router.include_router(exports.router)
_router.include_router(tickets.router)
_router.include_router(onvif.router)
_router.include_router(recorders.router)
ROOM = Room(
    "video",
    _router,
    grants={**GRANTS, **MASKS, **EXPORTS, **TURNS},
    tasks=(
        Task("video exports", "work", make_exports),
        Task("turns", "relay", turner.run),
        Task("recorders", "relay", reading.run),
    ),
    retention=(VIDEO, OPENING, TICKETS, LINES, BOOKMARK, LIFT, EXPORT, TURN),
)
