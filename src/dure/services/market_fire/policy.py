"""Who may see the markets' watch. What is not listed is nobody's."""

from collections.abc import Mapping

from dure.trust.roles import CONTROL_ROOM, RESPONDERS, Role

GRANTS: Mapping[str, frozenset[Role]] = {
    "market_fire.read": CONTROL_ROOM | RESPONDERS | {Role.ADMIN, Role.OFFICIAL, Role.AUDITOR, Role.SERVICE},
}
