"""What people and machines are in the city. A role is a set of permissions that each room's policy lists."""

from enum import StrEnum


class Role(StrEnum):
    """The roles that commands and rooms name."""

    ADMIN = "admin"
    OPERATOR = "operator"  # 관제요원
    SHIFT_LEAD = "shift_lead"  # 관제팀장
    POLICE = "police"  # 상주 경찰관, 112
    FIRE = "fire"  # 119
    DISASTER = "disaster"  # 재난상황실
    WELFARE = "welfare"
    EPIDEMIC = "epidemic"
    CLINICIAN = "clinician"
    TEACHER = "teacher"
    OFFICIAL = "official"
    MERCHANT = "merchant"  # 상인회
    AUDITOR = "auditor"
    CITIZEN = "citizen"
    DEVICE = "device"
    SERVICE = "service"


CONTROL_ROOM = frozenset({Role.OPERATOR, Role.SHIFT_LEAD})
"""Who watches the city around the clock."""

RESPONDERS = frozenset({Role.POLICE, Role.FIRE, Role.DISASTER})
"""Agencies that take incidents over."""

STAFF = frozenset(Role) - {Role.MERCHANT, Role.CITIZEN, Role.DEVICE, Role.SERVICE}
"""Everybody who works for the city or one of its agencies. A merchants' association is a private body: it has what is
given to it by name, and nothing else.
"""

MACHINES = frozenset({Role.DEVICE, Role.SERVICE})
"""Those that sign in by token only."""
