"""The manifest: what the service adds to the house. Only app.py imports it."""

from fastapi import APIRouter

from dure.engine.room import Every, Room
from dure.services.epidemic import api, api_tracing, kinds, movements
from dure.services.epidemic.care import api as api_care
from dure.services.epidemic.care import policy as care_policy
from dure.services.epidemic.care import room as care
from dure.services.epidemic.policy import GRANTS
from dure.services.epidemic.quarantine import api as api_quarantine
from dure.services.epidemic.quarantine import policy as quarantine_policy
from dure.services.epidemic.quarantine import room as quarantine
from dure.services.epidemic.reports import api as api_reports
from dure.services.epidemic.reports import making
from dure.services.epidemic.screening import api as api_screening
from dure.services.epidemic.screening import policy as screening_policy
from dure.services.epidemic.screening import room as screening
from dure.services.epidemic.statutory import api as api_statutory
from dure.services.epidemic.statutory import policy as statutory_policy

router = APIRouter()
for _part in (
    api_statutory.router,
    api.router,
    api_tracing.router,
    api_reports.router,
    api_care.router,
    api_quarantine.router,
    api_screening.router,
):
    router.include_router(_part)


def register() -> None:
    """Tell the city of the files that are read here."""
    kinds.register()
    care.register()
    quarantine.register()
    screening.register()


ROOM = Room(
    "epidemic",
    router=router,
    grants={
        **GRANTS,
        **care_policy.GRANTS,
        **quarantine_policy.GRANTS,
        **screening_policy.GRANTS,
        **statutory_policy.GRANTS,
    },
    every=(
        Every("epidemic.destroy", 60, movements.tidy),
        Every("epidemic.report", 60, making.nightly),
        *care.EVERY,
        *quarantine.EVERY,
    ),
    jobs=(movements.PINGS,),
    body_limits={"/epidemic/requests": api_tracing.LARGEST + (1 << 20)},
    retention=(movements.MOVEMENTS, *care.RETENTION),
    keeps_people=(
        ("epidemic_case", "person_id"),
        ("epidemic_link", "person_id"),
        ("epidemic_statutory_report", "person_id"),
        *quarantine.PEOPLE,
        *screening.PEOPLE,
    ),
)
