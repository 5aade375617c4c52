"""The sheet as a part of the hand-off that goes to 119's own system by itself."""

from typing import Any
from uuid import UUID

import msgspec

from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.respond.doors import letter
from dure.respond.doors.linked import Data
from dure.services.market_fire.sheet import gathering, owners


async def told(tx: Tx, incident_id: UUID) -> dict[str, Any] | None:
    """The sheet in plain values, owners in the open with a line that says so; of the plan only the burning stalls and
    those beside them. None where no stall of a market has spoken.
    """
    try:
        sheet = await owners.disclosed(tx, await gathering.sheet(tx, incident_id), "119")
    except NotFound:
        return None
    near = [one for one in sheet["plan"]["stalls"] if one["role"] != "other"]
    plain: dict[str, Any] = msgspec.to_builtins({**sheet, "plan": {**sheet["plan"], "stalls": near}}, enc_hook=str)
    return plain


def register() -> None:
    """Let hand-offs to 119 carry it."""
    letter.bring(Data.MARKET_SHEET, told)
