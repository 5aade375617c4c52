"""What trust contributes to the house."""

from fastapi import APIRouter

from dure.engine.context import Context
from dure.engine.room import Every, Room
from dure.trust import api_admin, api_people, api_policy, api_sign_in, policy
from dure.trust.audit import api as api_audit
from dure.trust.audit import checkpoints
from dure.trust.audit import policy as audit_policy
from dure.trust.audit.review import api as api_review
from dure.trust.audit.review import making as reviews
from dure.trust.entry import api_door, api_mine, api_sso, forgetting
from dure.trust.vault import api as api_vault
from dure.trust.vault import policy as vault_policy
from dure.trust.vault import upkeep
from dure.trust.who import api_duties, api_machines, joining
from dure.trust.who import api_people as api_joining

router = APIRouter()
for _part in (
    *(api_door.door_router, api_door.router, api_mine.router, api_sso.router, api_sign_in.door, api_sign_in.router),
    *(api_admin.router, api_people.router, api_vault.router, api_policy.router, api_audit.router, api_review.router),
    *(api_joining.door, api_joining.router, api_duties.router, api_machines.router),
):
    router.include_router(_part)


async def _forget(context: Context) -> None:
    async with context.database.transaction() as tx:
        await joining.forget_old(tx)
        await forgetting.forget_old(tx)


ROOM = Room(
    name="trust",
    router=router,
    grants={**policy.GRANTS, **audit_policy.GRANTS, **vault_policy.GRANTS},
    every=(
        Every("trust.forget", 3600, _forget),
        Every("audit.checkpoint", checkpoints.EVERY_S, checkpoints.run),
        Every("audit.review", reviews.EVERY_S, reviews.run),
        Every("vault.finish", upkeep.FINISH_EVERY_S, upkeep.finish),
        Every("vault.look", upkeep.LOOK_EVERY_S, upkeep.look),
    ),
)
