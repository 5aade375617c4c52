"""Asks a running city the cells of the matrix over HTTP, and compares its answers with the table's."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from urllib.parse import urlsplit

import psycopg

from dure.engine.servers.access import running_database_url
from dure.engine.servers.place import Place
from tests.contract.matrix import askers, oracle, table, things
from tests.contract.matrix.askers import INSIDE, OUTSIDE, Credential, Key
from tests.contract.matrix.client import Answer, Client
from tests.contract.matrix.oracle import Cell
from tests.contract.matrix.things import NEVER, Things
from tests.town import Town

LINES = 6
ENDS_SESSIONS = {"DELETE /sessions/current", "POST /sso/leave", "DELETE /sessions/{session_id}"}
"""One after the other, each with its sessions standing again."""


@dataclass
class Report:
    """How a drive went: cells asked, and those answered otherwise than the table says."""

    asked: int = 0
    allowed: Counter[str] = field(default_factory=Counter)  # against the table
    denied: Counter[str] = field(default_factory=Counter)  # against the table
    faults: Counter[str] = field(default_factory=Counter)  # no answer at all, or a 5xx
    passed: Counter[str] = field(default_factory=Counter)  # by route: cells that were let through, as they should be
    seconds: float = 0.0


@dataclass
class Drive:
    """A city with its askers and things."""

    town: Town
    admin: str
    credentials: dict[Key, Credential]
    things: Things
    database: str

    @classmethod
    def of(cls, town: Town) -> "Drive":
        """Make all that the questions need in a fresh city."""
        url = running_database_url(Place(town.folder))
        assert url is not None
        admin = town.client.headers["authorization"].removeprefix("Bearer ")
        with psycopg.connect(url, autocommit=True) as line:
            credentials = askers.make(line, "dure", town.url)
            police, official = credentials["police", "own", "token"], credentials["official", "own", "token"]
            found = things.make(town.url, admin, police, official, line)
        return cls(town, admin, credentials, found, url)

    async def ask(self, cells: Iterable[Cell]) -> Report:
        """Ask them, route by route, over a few lines at a time."""
        report = Report()
        began = time.monotonic()
        parts = urlsplit(self.town.url)
        async with await psycopg.AsyncConnection.connect(self.database, autocommit=True) as database:
            routes = groupby((cell for cell in cells if askers.asks(cell)), key=lambda cell: cell.route)
            for number, (route, group) in enumerate(routes):
                await database.execute(_REFRESH)
                lines = [self._line(parts.port or 80, number, at) for at in range(LINES)]
                await self._route(route, list(group), lines, database, report)
                for pair in lines:
                    for client in pair.values():
                        client.close()
        report.seconds = time.monotonic() - began
        return report

    @staticmethod
    def _line(port: int, route: int, at: int) -> dict[str, Client]:
        """Two clients of addresses that nobody else asks from: what is counted by address is not what is asked here."""
        host = f"{route % 250}.{10 * (route // 250) + at + 2}"
        return {source: Client("127.0.0.1", port, f"{source[:-4]}.{host}") for source in (INSIDE, OUTSIDE)}

    async def _route(
        self,
        route: str,
        cells: list[Cell],
        lines: list[dict[str, Client]],
        database: "psycopg.AsyncConnection[tuple[object, ...]]",
        report: Report,
    ) -> None:
        waiting = iter(cells)

        async def work(pair: dict[str, Client], *, alone: bool) -> None:
            for cell in waiting:
                if alone:
                    await database.execute(_REFRESH)
                self._judge(cell, await self._answer(cell, pair[INSIDE if cell.network else OUTSIDE]), report)

        if route in ENDS_SESSIONS:
            await work(lines[0], alone=True)
        else:
            async with asyncio.TaskGroup() as group:
                for pair in lines:
                    group.create_task(work(pair, alone=False))

    async def _answer(self, cell: Cell, client: Client) -> Answer | Exception:
        asker = self.credentials[cell.role, cell.agency, cell.asker]
        method, _, _ = cell.route.partition(" ")
        body = self.things.body(cell)
        headers = {"content-type": "application/json", "if-match": NEVER} if body else {}
        try:
            return await client.ask(method, self.things.path(cell, asker), {**asker.headers, **headers}, body)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            client.close()
            return error

    @staticmethod
    def _judge(cell: Cell, answer: Answer | Exception, report: Report) -> None:
        report.asked += 1
        name = f"{cell.route} as {cell.role} ({cell.asker}), {cell.agency}"
        line = table.by_route()[cell.route]
        if not isinstance(answer, Exception) and answer.status == 429 and line.anybody:
            report.passed[cell.route] += 1  # doors for strangers let in so many of one address: that is no refusal
            return
        if isinstance(answer, Exception) or answer.status >= 500 or answer.status in {405, 429}:
            shown = answer.status if isinstance(answer, Answer) else repr(answer)
            report.faults[f"{name}: {shown}"] += 1
            return
        let_in = let_through(answer, hides=oracle.about_one(line, cell.route))
        wanted = oracle.expected(cell)
        if let_in and wanted:
            report.passed[cell.route] += 1
        elif let_in != wanted:
            told = f"{name}: {answer.status} {'' if cell.network else 'from outside '}{answer.body[:200]!r}"
            (report.allowed if let_in else report.denied)[told] += 1


_REFRESH = "update session set seen_at = now(), proven_at = now(), revoked_at = null where browser is null"


LOOKED = {
    "learn.review.none",
    "respond.run.none",
    "missing.none",
    "video.bookmark.unknown",
    "market_fire.commissioning.unknown",
    "market_fire.detector.unknown",
    "market_fire.sheet.none",
    "market_fire.verification.none",
    "market_fire.announcement.unknown",
}
"""What only somebody who sees the thing is told: the incident is there, and no playbook runs for it."""


def let_through(answer: Answer, *, hides: bool) -> bool:
    """Whether an answer came from behind the door: not refused, and not asked for a purpose first. What belongs to
    others may be hidden; anywhere else a 404 comes from somebody who has looked.
    """
    key = json.loads(answer.body).get("key") if answer.status in {404, 422} else None
    if answer.status in {401, 403} or (answer.status == 404 and hides and key not in LOOKED):
        return False
    return key != "trust.policy.purpose"


def sample(seed: int, many: int) -> list[Cell]:
    """Some cells by `seed`: every route (let through where somebody may, and refused), every role, `many` in all."""
    import random

    chance = random.Random(seed)
    chosen: list[Cell] = []
    every = [list(group) for _, group in groupby(oracle.live(), key=lambda cell: cell.route)]
    for cells in every:
        possible = [cell for cell in cells if askers.asks(cell)]
        chance.shuffle(possible)
        for wanted in (True, False):
            chosen += [cell for cell in possible if oracle.expected(cell) is wanted][:1]
        chosen += possible[2 : 2 + max(0, many // len(every) - 2)]
    assert {cell.role for cell in chosen} == set(table.roles())
    return sorted(set(chosen), key=lambda cell: cell.route)
