"""The manifest: what the service adds to the house. Only app.py imports it."""

from fastapi import APIRouter

from dure.engine.room import Room
from dure.services.epidemic import api, kinds
from dure.services.epidemic.care import api as api_care
from dure.services.epidemic.care import policy as care_policy
from dure.services.epidemic.care import room as care
from dure.services.epidemic.policy import GRANTS

router = APIRouter()
for _part in (api.router, api_care.router):
    router.include_router(_part)


def register() -> None:
    """Tell the city of the files that are read here."""
    kinds.register()
    care.register()


ROOM = Room(
    "epidemic",
    router=router,
    grants={**GRANTS, **care_policy.GRANTS},
    every=care.EVERY,
    keeps_people=(("epidemic_case", "person_id"), ("epidemic_link", "person_id")),
)
