"""Trust in figures: the whole matrix asked of a running city, one policy decision, one read of the vault, and how many
of 6,000 attacks on the audit log are found.

The expected answers come from the readable table alone (tests/contract/matrix/oracle.py imports no policy code). The
peer of a decision is pycasbin with the same grants as an RBAC model with the same conditions in its matcher, asked the
same questions with its own enforcement cache off, as ours has none.
"""

import contextlib
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from benchmarks.measuring import Claim, claim, percentile
from dure import app
from dure.engine.database import Database, migrate
from dure.engine.servers import binaries
from dure.engine.servers.postgres import Cluster, Postgres
from dure.trust import policy
from dure.trust.audit import drill
from dure.trust.policy import Grant, Resource, Situation, Standing, Subject
from dure.trust.roles import Role
from dure.trust.vault import Person, Vault

SEED = 20261122
QUESTIONS = 20_000
PEERS_QUESTIONS = 2_000
PEOPLE = 2_000
ATTACKS = 1_000
PEER = "pycasbin"


async def matrix() -> list[Claim]:
    """Every cell over HTTP."""
    from tests.contract.matrix import oracle
    from tests.contract.matrix.drive import Drive
    from tests.town import running

    folder = _folder()
    try:
        async with running(folder / "city") as town:
            report = await Drive.of(town).ask(oracle.live())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    refused = report.denied.total() + report.faults.total()
    told = {"samples": report.asked, "seconds": report.seconds}
    return [
        claim("policy", "unintended allows in the whole matrix, over HTTP", "allows", report.allowed.total(), **told),
        claim("policy", "cells of the matrix asked of a running city", "cells", report.asked, **told),
        claim("policy", "cells refused against the table, or not answered", "cells", refused, **told),
    ]


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="dure-bench-"))
    folder.chmod(0o711)
    return folder


Question = tuple[Subject, str, Resource, Situation]


def _questions(many: int) -> list[Question]:
    chance = random.Random(SEED)
    actions = sorted(app.grants())
    agencies = ("a", "b", None)
    return [
        (
            Subject(
                frozenset({chance.choice(list(Role))}),
                chance.choice(agencies),
                chance.choice((Standing.ACTIVE, Standing.ACTIVE, Standing.SHARED, Standing.SUSPENDED)),
                account=chance.random() < 0.5,
            ),
            chance.choice(actions),
            Resource(frozenset({"a"})) if chance.random() < 0.5 else Resource(),
            Situation(chance.choice((True, False, None)), chance.choice(("정기 점검", None)), chance.random() < 0.5),
        )
        for _ in range(many)
    ]


def decision() -> list[Claim]:
    """Median and p99 of one decision. Raises RuntimeError where the peer answers otherwise than we do."""
    table = app.grants()
    asked = _questions(QUESTIONS)
    began = time.perf_counter()
    ours = _timed(lambda one: policy.decide(*one, table), asked)
    theirs = None
    if (peer := _peer()) is not None:
        for one in asked[:PEERS_QUESTIONS]:
            if peer(one) != policy.decide(*one, table).allowed:
                raise RuntimeError(f"the peer decides otherwise: {one}")
        theirs = _timed(peer, asked[:PEERS_QUESTIONS])
    seconds = time.perf_counter() - began
    return [
        claim(
            "policy",
            f"one decision, {name}",
            "microseconds",
            percentile(ours, share),
            peer=PEER,
            theirs=None if theirs is None else percentile(theirs, share),
            less_is_better=True,
            samples=QUESTIONS,
            seconds=seconds,
            seed=SEED,
        )
        for name, share in (("median", 0.5), ("p99", 0.99))
    ]


def _timed(ask: Callable[[Question], object], questions: list[Question]) -> list[float]:
    for one in questions[:200]:
        ask(one)
    taken = []
    for one in questions:
        began = time.perf_counter_ns()
        ask(one)
        taken.append((time.perf_counter_ns() - began) / 1_000)
    return taken


_MODEL = """
[request_definition]
r = role, act, agency, owner, standing, account, network, purpose, proved
[policy_definition]
p = role, act, own, asks, shared
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.role == p.role && r.act == p.act && may(r, p)
"""


def _peer() -> Callable[[Question], bool] | None:
    """pycasbin with our grants; None where it is not installed."""
    try:
        import casbin
    except ImportError:
        return None
    model = casbin.Model()
    model.load_model_from_text(
        _MODEL.replace(
            "may(r, p)",
            "(r.standing == 'active' || (r.standing == 'shared' && p.shared == 'yes')) && r.network != 'out' && "
            "(p.own == 'no' || r.owner == '*' || r.agency == r.owner || (r.role == 'service' && r.agency == '')) && "
            "(p.account == 'no' || r.account == 'yes') && (p.network == 'no' || r.network == 'in') && "
            "(p.purpose == 'no' || r.purpose == 'yes') && (p.proved == 'no' || r.proved == 'yes')",
        ).replace("own, asks, shared", "own, shared, account, network, purpose, proved")
    )
    enforcer = casbin.Enforcer(model)
    for action, granted in app.grants().items():
        assert isinstance(granted, Grant)
        asks = [_yes(ask in granted.asks) for ask in (policy.Ask.ACCOUNT, policy.Ask.NETWORK)]
        asks += [_yes(ask in granted.asks) for ask in (policy.Ask.PURPOSE, policy.Ask.STEP_UP)]
        for role in granted:
            enforcer.add_policy(role.value, action, _yes(role in granted.own), _yes(granted.shared), *asks)

    def ask(one: Question) -> bool:
        subject, action, resource, situation = one
        (role,) = subject.roles
        return bool(
            enforcer.enforce(
                role.value,
                action,
                subject.agency or "",
                "*" if resource.agencies is None else next(iter(resource.agencies)),
                subject.standing.value,
                _yes(subject.account),
                {True: "in", False: "out", None: "any"}[situation.network],
                _yes(policy.is_purpose(situation.purpose)),
                _yes(situation.proved),
            )
        )

    return ask


def _yes(it: bool) -> str:
    return "yes" if it else "no"


@contextlib.asynccontextmanager
async def _database() -> AsyncIterator[Database]:
    """A migrated database of this run's own, and the folder of its city."""
    folder = _folder()
    user = binaries.server_user()
    server = Postgres(
        Cluster(folder / "postgres", binaries.postgres_home(user), user),
        password="bench",
        log=folder / "log",
        durable=False,
    )
    server.make()
    server.start()
    try:
        server.ready()
        migrate(server.url_of("postgres"))
        database = Database(server.url_of("postgres"), folder=folder / "city")
        try:
            yield database
        finally:
            await database.close()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def vault() -> list[Claim]:
    """One person's record, opened: the row from PostgreSQL, the key from its store, unwrapped, each field unsealed."""
    async with _database() as database:
        assert database.folder is not None
        held = Vault(database.folder)
        people = [
            (None, Person(name=f"홍길동{n}", phone=f"010-1234-{n:04}", address="대구광역시 수성구 1"))
            for n in range(PEOPLE)
        ]
        async with database.transaction() as tx:
            ids = [id_ for id_, _ in await held.put_all(tx, people)]
        random.Random(SEED).shuffle(ids)
        began = time.perf_counter()
        taken = []
        async with database.transaction() as tx:
            for n, id_ in enumerate(ids):
                at = time.perf_counter_ns()
                opened = await held.opened(tx, [id_])
                if n >= 100:
                    taken.append((time.perf_counter_ns() - at) / 1e6)
                assert opened[id_].name
        told = {"samples": len(taken), "seconds": time.perf_counter() - began, "seed": SEED}
    return [
        claim("policy", f"a read of the vault, {name}", "ms", percentile(taken, share), **told)
        for name, share in (("median", 0.5), ("p99", 0.99))
    ]


async def audit() -> list[Claim]:
    """1,000 each of edit, delete, reorder, truncate, fork and rollback. Raises RuntimeError where the untouched log is
    not whole.
    """
    began = time.perf_counter()
    async with _database() as database:
        tally = await drill.tampering(database, each=ATTACKS, seed=SEED)
    if not tally.sound:
        raise RuntimeError("the log that nobody touched is found broken")
    made = sum(tally.made.values())
    told = {"samples": made, "seconds": time.perf_counter() - began, "seed": SEED}
    return [claim("policy", f"audit: tampering found of {made:,}", "found", tally.total, **told)]


if __name__ == "__main__":
    from benchmarks.measuring import main

    main({"matrix": matrix, "decision": decision, "vault": vault, "audit": audit})
