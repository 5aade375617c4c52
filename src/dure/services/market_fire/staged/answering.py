"""Who answered what: an operator on the screen, the owner by the link or the key of a telephone, who was sent, and a
site's own automatic notification system. Never a person's name: a desk's label, or the stall that they answer for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping

from dure.city import queries as city
from dure.engine.database import Tx
from dure.kernel.ids import new_id
from dure.respond.playbooks.model import Notify
from dure.respond.runs import keeping
from dure.services.market_fire.staged import queries
from dure.services.market_fire.staged.acting import TEMPLATE
from dure.services.market_fire.verification import RULES, Says, Who
from dure.trust.principal import Principal, system

_BY_NUMBER: Final = {"1": Says.FIRE, "2": Says.NOT_FIRE, "3": Says.UNKNOWN}
"""The manual's answers in their order, which are also the keys of a telephone."""


@dataclass(frozen=True, slots=True)
class Said:
    """One answer. `key` names whose it is; `by` is a desk's label or a stall, `by_id` the account's if any."""

    key: str
    who: Who
    says: Says
    way: str
    by: str
    by_id: str | None = None
    cause: str | None = None
    principal: Principal | None = None


def principal_of(said: Said) -> Principal:
    """In whose name alarms are judged by it."""
    return said.principal or replace(system("market_fire"), name=said.by[:80])


def keep(tx: Tx, incident_id: UUID, said: Said) -> None:
    """Write an answer down."""
    row = {
        "id": new_id(), "incident": incident_id, "key": said.key, "who": said.who.value, "says": said.says.value,
        "cause": said.cause, "way": said.way, "by": said.by[:200], "by_id": said.by_id,
    }  # fmt: skip
    queries.answer(tx, row)


async def new(tx: Tx, incident: RowMapping, alarms: Sequence[RowMapping]) -> list[Said]:
    """Answers that the stages have not heard, in the order of the known ways; each is written down."""
    known = await queries.known(tx, incident["id"])
    own = {(row["by"], row["says"]) for row in known.values()}  # by whose answer the stages closed alarms themselves
    judged = [one for one in _judged(alarms) if (one.by, one.says.value) not in own]
    found = [*await _owners(tx, incident), *judged]
    fresh = [one for one in found if one.key not in known or known[one.key]["says"] != one.says.value]
    for one in fresh:
        keep(tx, incident["id"], one)
    return fresh


async def _owners(tx: Tx, incident: RowMapping) -> list[Said]:
    """By link, and what an operator wrote down of an owner's call."""
    kept = await keeping.load(tx, incident["id"], lock=False)
    if kept is None:
        return []
    acts = {act.id for act in kept.plan.acts() if isinstance(act, Notify) and act.template == TEMPLATE}
    rows = [row for row in await queries.replies(tx, incident["id"]) if row["act_id"] in acts]
    places = await city.held_by(tx, [row["person_id"] for row in rows if row["person_id"] is not None])
    found = [
        Said(f"reply:{row['key']}", Who.OWNER, _BY_NUMBER[row["answer"]], row["way"],
             ", ".join(places.get(row["person_id"], ())) or "-")
        for row in rows if row["answer"] in _BY_NUMBER
    ]  # fmt: skip
    for act in sorted(acts):
        item = kept.state.items.get(act)
        if item is not None and item.answer in _BY_NUMBER and not rows:
            found.append(Said(f"act:{act}", Who.OWNER, _BY_NUMBER[item.answer], "call", item.by or "-"))
    return found


def _judged(alarms: Sequence[RowMapping]) -> list[Said]:
    """What people said of the alarms themselves: one that is so is a fire; all that are not are none."""
    judged = [row for row in alarms if row["judged_at"] is not None and not _own(row)]
    real = next((row for row in judged if row["stage"] == "confirmed"), None)
    if real is not None:
        return [_of_alarm(real, Says.FIRE)]
    false = [row for row in judged if row["stage"] == "false"]
    if false and len(false) == len(alarms):
        return [_of_alarm(false[-1], Says.NOT_FIRE)]
    return []


def _own(row: RowMapping) -> bool:
    """Whether it was the stages' own doing, or what they hear anyhow."""
    return row["judged_by"] in {None, "market_fire"} or (_by_rule(row) and row["rule"] in RULES)


def _by_rule(row: RowMapping) -> bool:
    return str(row["judged_by"]).startswith("rule:")


def _of_alarm(row: RowMapping, says: Says) -> Said:
    who, by = (Who.DEVICE, row["device"]) if _by_rule(row) else (Who.OPERATOR, row["judged_by"])
    return Said(f"alarm:{row['id']}", who, says, "alarm", str(by), cause=row["judged_reason"])
