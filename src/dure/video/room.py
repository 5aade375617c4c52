"""What the room contributes. Only app.py imports it. Who may open a camera is asked by the rooms that have a reason
(respond/pictures.py); the pictures themselves leave by the relay's door.
"""

from dure.engine.room import Room
from dure.video.kept import OPENING, VIDEO
from dure.video.policy import GRANTS

ROOM = Room("video", grants=GRANTS, retention=(VIDEO, OPENING))
