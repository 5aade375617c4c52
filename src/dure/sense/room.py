"""What sense contributes to the house."""

from dure.engine.room import Every, Room, Task
from dure.sense.api import router
from dure.sense.door_auth import run_auth
from dure.sense.door_mqtt import run_mqtt_door
from dure.sense.history_write import run_history
from dure.sense.kept import OBSERVATION, REFUSAL
from dure.sense.policy import GRANTS
from dure.sense.readings import MAX_BODY_BYTES
from dure.sense.registry import run_registry
from dure.sense.tidy import tidy

ROOM = Room(
    "sense",
    router=router,
    grants=GRANTS,
    tasks=(
        Task("registry", "web", run_registry),
        Task("mqtt_door", "stream", run_mqtt_door),
        Task("auth", "stream", run_auth),
        Task("history", "stream", run_history),
    ),
    every=(Every("tidy", 600, tidy),),
    body_limits={"/observations": MAX_BODY_BYTES},
    retention=(OBSERVATION, REFUSAL),
)
