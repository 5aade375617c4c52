"""Who may do what with purposes and rights."""

from dure.trust.policy import Ask, Grants, grant
from dure.trust.roles import CONTROL_ROOM, RESPONDERS, STAFF, Role

_OPENERS = CONTROL_ROOM | RESPONDERS | {Role.WELFARE, Role.EPIDEMIC}
_DESKS = frozenset({Role.OFFICIAL, Role.WELFARE, Role.EPIDEMIC})

GRANTS: Grants = {
    "purpose.read": grant(STAFF - {Role.TEACHER}),
    "purpose.manage": grant(_DESKS | {Role.SHIFT_LEAD}, Ask.ACCOUNT),
    "citizen.identify": grant(_DESKS, Ask.ACCOUNT, Ask.STEP_UP),
    "rights.decide": grant(_DESKS, Ask.ACCOUNT),
    "rights.own": grant({Role.CITIZEN}, Ask.ACCOUNT),
    "glass.break": grant(_OPENERS, Ask.ACCOUNT, Ask.STEP_UP),
    "glass.own": grant(_OPENERS, Ask.ACCOUNT),
    "glass.review": grant({Role.SHIFT_LEAD, Role.AUDITOR, Role.ADMIN}, Ask.ACCOUNT),
}
"""Desks that meet citizens keep the ledger and answer requests. Whoever may open records may break the glass; shift
leads and auditors judge it, administrators what was not judged in time."""
