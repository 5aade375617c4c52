"""Nobody who waits at home goes unseen for longer than the table allows: once one does, an alarm stands, and an
incident for those who must act. It clears by itself when all have been seen.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from sqlalchemy import RowMapping, text

from dure.detect import contributed
from dure.detect.model import Cleared, Raised
from dure.detect.record import record
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.kernel.severity import Severity
from dure.respond.types import TYPES, IncidentType, answer_clocks
from dure.services.epidemic.care import queries
from dure.services.epidemic.care.dated import in_force
from dure.services.epidemic.care.follow import LIMITS, Waiting, unseen
from dure.services.epidemic.care.looking import today
from dure.services.epidemic.care.triage import Level

OWNER = "epidemic"
RULES = Path(__file__).with_name("rules.toml")
UNSEEN = "epidemic_unseen"
_STANDING = text("select disease from epidemic_watch where rule = :rule")
_BEGIN = text(
    "insert into epidemic_watch (rule, disease, since, unseen) values (:rule, :disease, :now, :n) "
    "on conflict (rule, disease) do update set unseen = excluded.unseen returning xmax = 0 as fresh"
)
_OVER = text("delete from epidemic_watch where rule = :rule and disease = :disease")


def register() -> None:
    """Tell detection of the rule, and the incident room of its kind of incident."""
    contributed.contribute(OWNER, RULES)
    for name, title, severity in (
        (UNSEEN, "epidemic.type.unseen", Severity.SERIOUS),
        ("epidemic_silent", "epidemic.type.silent", Severity.WATCH),
    ):
        TYPES.register(
            IncidentType(
                name,
                title,
                severity,
                600,
                answer_clocks(600, 1_800, 1_800),
                agencies=("health", "disaster"),
                seen_by=frozenset({"epidemic", "disaster"}),
            )
        )


def waiting_of(row: RowMapping) -> Waiting:
    """A row of the list as it is judged."""
    words = {word for word, _ in row["reasons"] or ()}
    return Waiting(
        id=str(row["case_id"]),
        level=None if row["level"] is None else Level[row["level"].upper()],
        seen_at=row["seen_at"],
        since=row["waiting_since"],
        score=row["score"],
        age=row["age"],
        high_risk=bool(words & {"age", "risk"}),
        worse=row["worse_at"] is not None,
    )


async def look(tx: Tx) -> dict[str, int]:
    """Raise and clear; how many have gone unseen, by disease."""
    await queries.follow_the_list(tx)
    day, now = today(tx), tx.now()
    since = now - timedelta(days=in_force(LIMITS, day)["listed_days"])
    by: dict[str, list[Waiting]] = defaultdict(list)
    for row in await queries.waiting(tx, None, since):
        by[row["disease"]].append(waiting_of(row))
    late = {disease: len(found) for disease, rows in by.items() if (found := unseen(rows, now, day))}
    await standing(tx, UNSEEN, late)
    return late


async def standing(tx: Tx, rule: str, counts: Mapping[str, int]) -> None:
    """One alarm of `rule` for each disease with a count, from the moment it has one until it has none."""
    now = tx.now()
    rules = {rule: contributed.built_in()[rule][1]}
    at = now.timestamp()
    for disease, n in sorted(counts.items()):
        fresh = await tx.scalar(_BEGIN, {"rule": rule, "disease": disease, "now": now, "n": n})
        if fresh:
            raised = Raised(rule, _subject(disease), None, None, at, at, property="heartbeat", value=float(n))
            await record(tx, [(raised, now)], rules)
    for row in await tx.rows(_STANDING, {"rule": rule}):
        if row["disease"] not in counts:
            await tx.execute(_OVER, {"rule": rule, "disease": row["disease"]})
            await record(tx, [(Cleared(rule, _subject(row["disease"]), at), now)], rules)


def _subject(disease: str) -> str:
    return disease or "-"


async def run(context: Context) -> None:
    """Each minute."""
    async with context.database.transaction() as tx:
        await look(tx)
