"""The control centre of the sample city: four teams of made-up desks that take turns, so that its ladder leads to
somebody from the first minute on.

Nobody can sign in as one of them: they have no password until an administrator gives them a link.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Final

from dure.city.sample.names import mobile_number
from dure.engine.database import Tx
from dure.notices import contacts
from dure.notices.model import Medium
from dure.respond.shifts import keeping, patterns, planning
from dure.respond.shifts.model import Member, Post, Team
from dure.trust import accounts
from dure.trust.principal import Principal, system
from dure.trust.roles import Role

_POSTS: Final[Sequence[tuple[Post, str, str]]] = (
    (Post.LEAD, "lead", "팀장"),
    (Post.DEPUTY, "deputy", "부팀장"),
    (Post.MEMBER, "desk1", "관제 1석"),
    (Post.MEMBER, "desk2", "관제 2석"),
)
_SEED: Final = 20261205
SAMPLE: Principal = replace(system("sample"), roles=frozenset({Role.ADMIN}))
"""dure itself, filling an empty city."""


async def man(tx: Tx) -> int:
    """Put teams into the control centre's roster; how many people. Nothing where anybody stands there already."""
    row = await keeping.centre(tx)
    if row is None:
        return 0
    today = tx.now().astimezone(keeping.zone()).date()
    if (await keeping.at(tx, row, tx.now())).manned:
        return 0
    chance = Random(_SEED)
    pattern = patterns.PATTERNS[patterns.USUAL]
    teams = [await _team(tx, number, chance) for number in range(1, pattern.teams + 1)]
    # Yesterday's night shift may run at this moment.
    await planning.begin_with(tx, SAMPLE, row["id"], today - timedelta(days=1), pattern, teams)
    return sum(len(team.members) for team in teams)


async def _team(tx: Tx, number: int, chance: Random) -> Team:
    members = []
    for post, name, title in _POSTS:
        roles = [Role.SHIFT_LEAD, Role.OPERATOR] if post is Post.LEAD else [Role.OPERATOR]
        new = accounts.NewAccount(f"sample-{number}-{name}", f"{number}조 {title}", roles)
        account = await accounts.create(tx, SAMPLE, new)
        await contacts.add(tx, SAMPLE, f"account:{account['id']}", Medium.TEXT, mobile_number(chance))
        members.append(Member(account["id"], post))
    return Team(f"{number}조", tuple(members))
