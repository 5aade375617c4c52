"""Who may see rules and alarms, and act on them. What is not listed is nobody's."""

from collections.abc import Mapping
from typing import Final

from dure.trust.roles import CONTROL_ROOM, RESPONDERS, Role

GRANTS: Final[Mapping[str, frozenset[Role]]] = {
    "alarm.read": CONTROL_ROOM
    | RESPONDERS
    | {Role.ADMIN, Role.AUDITOR, Role.OFFICIAL, Role.WELFARE, Role.EPIDEMIC, Role.SERVICE},
    "alarm.handle": CONTROL_ROOM | {Role.ADMIN},
    "rule.read": CONTROL_ROOM | RESPONDERS | {Role.ADMIN, Role.AUDITOR, Role.OFFICIAL, Role.SERVICE},
    "rule.manage": frozenset({Role.ADMIN, Role.SHIFT_LEAD}),
}
