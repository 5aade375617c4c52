"""A verification as screens see it."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.city.queries import devices_for_detection
from dure.engine.database import Tx
from dure.services.market_fire.staged import queries
from dure.services.market_fire.staged.shapes import AnswerOut, GroundsOut, SignOut, VerificationOut
from dure.services.market_fire.verification import RULES, Kind

WEIGHTS: Final = {
    Kind.SIGNAL: 1,
    Kind.WARM: 1,
    Kind.WARMER: 2,
    Kind.WARMEST: 3,
    Kind.RISE: 4,
    Kind.NEIGHBOURS: 4,
    Kind.HOT: 4,
}
"""The step of the ladder of warmth; 4 is what may be enough without any warmth beside it."""
_SIGNS = text("select * from market_fire_sign where incident_id = :id order by at, id limit 200")
_ANSWERS = text("select * from market_fire_answer where incident_id = :id order by at, id limit 200")


async def verification(tx: Tx, incident_id: UUID) -> VerificationOut | None:
    """The whole of it; None where nothing is (or was) to be verified."""
    row = await queries.glance(tx, incident_id)
    if row is None:
        return None
    alarms = await queries.alarms(tx, incident_id)
    beside = await tx.rows(_SIGNS, {"id": incident_id})
    answers = await tx.rows(_ANSWERS, {"id": incident_id})
    names = sorted({one["device"] for one in [*alarms, *beside]})
    places = {one.id: one.place for one in await devices_for_detection(tx, names)} if names else {}
    own = {name: row[name] for name in _PLAIN}
    told = {(one["kind"], one["device"]) for one in beside}
    shown = [one for one in alarms if one["rule"] in RULES and (RULES[one["rule"]].value, one["device"]) not in told]
    return VerificationOut(
        **own,
        extended=row["state"].get("extended"),
        grounds=GroundsOut(**row["terms"]),
        signs=[*(_alarm(one, places) for one in shown), *(_sign(one, places) for one in beside)],
        answers=[AnswerOut(**{name: one[name] for name in AnswerOut.model_fields}) for one in answers],
        open=row["ended_at"] is None,
    )


_PLAIN: Final = ("incident_id", "stage", "since", "began_at", "deadline_at", "why", "reported_at", "version")


def _alarm(row: RowMapping, places: dict[str, Any]) -> SignOut:
    kind = RULES[row["rule"]]
    return SignOut(
        kind=kind.value,
        device=row["device"],
        place=places.get(row["device"]),
        weight=WEIGHTS[kind],
        since=row["last_onset_at"],
        cleared_at=row["cleared_at"],
        doubts=[],
    )


def _sign(row: RowMapping, places: dict[str, Any]) -> SignOut:
    return SignOut(
        kind=row["kind"],
        device=row["device"],
        place=places.get(row["device"]),
        weight=WEIGHTS[Kind(row["kind"])],
        since=row["onset_at"],
        cleared_at=row["cleared_at"],
        doubts=list(row["doubts"]),
    )
