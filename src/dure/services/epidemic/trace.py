"""Tracing cases: their windows, their movements, who was near them, ranked with reasons; and naming a contact."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import RowMapping, text

from dure.city.projection import to_plane
from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.errors import Conflict, FieldError, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.services.epidemic import movements
from dure.services.epidemic import queries_tracing as queries
from dure.services.epidemic.disclosure import Course, Visit
from dure.services.epidemic.tracing import running
from dure.services.epidemic.tracing.child import Question, Trailed
from dure.services.epidemic.tracing.model import MOST_CASES, Definition, Met, cases_met, reasons
from dure.services.epidemic.tracing.store import SLOT_S
from dure.trust import audit, vault
from dure.trust.principal import Principal
from dure.trust.vault import Person, texts

MOST_VISITS = 50_000
MOST_TOLD = 5_000
"""Lines of one trace, the highest first; of each case its own best are among the child's answer."""
LONGEST = timedelta(days=31)
"""Of one case's window, where nobody says when they were isolated."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A trace. `days_before` onset the window opens; at most `most` people of each case."""

    disease: str
    codes: tuple[str, ...]
    purpose: str
    definition: Definition
    days_before: int = 2
    most: int = 50


def course(row: RowMapping) -> Course:
    """The days that open and close a case's window."""
    isolated = row["admitted_on"] or row["confirmed_on"]
    zone = ZoneInfo(city_zone())
    if isolated is None and row["reported_at"] is not None:
        isolated = row["reported_at"].astimezone(zone).date()
    begun = row["onset_on"] or row["specimen_on"] or row["confirmed_on"] or isolated
    return Course(row["onset_on"] or (None if row["specimen_on"] else begun), row["specimen_on"], isolated)


def opened_visits(tx: Tx, rows: Sequence[RowMapping]) -> list[tuple[Visit, RowMapping, float | None, float | None]]:
    """Visits in the clear, with their row and position. Whose key is gone are left out."""
    found = []
    held = vault.of(tx)
    for row in rows:
        plain = texts.opened_bytes(held, row["mark_id"], movements.PLACE, bytes(row["place"]))
        if not plain:
            continue
        told: dict[str, Any] = msgspec.json.decode(plain)
        visit = Visit(
            row["code"],
            told["place"],
            told["kind"],
            told["address"],
            row["from_at"],
            row["to_at"],
            row["contacts_known"],
            row["many_exposed"],
        )
        found.append((visit, row, told["lon"], told["lat"]))
    return found


async def trace(tx: Tx, who: Principal, asked: Asked) -> dict[str, Any]:
    """Who was near these cases. The line in the log is committed with the answer's transaction, for this purpose.

    Raises Invalid for a code that is no case or has no day to count from, Unavailable where it takes too long.
    """
    codes = list(dict.fromkeys(asked.codes))[:MOST_CASES]
    rows = await queries.courses(tx, asked.disease, codes)
    if set(codes) - rows.keys():
        raise Invalid("engine.fields.wrong", fields=[FieldError("codes", "epidemic.request.stranger")])
    for code in codes:
        await audit.record(tx, who, "epidemic.trace", "epidemic_case", code, purpose=asked.purpose)
    zone = ZoneInfo(city_zone())
    courses = {code: course(rows[code]) for code in codes}
    spans = {code: _span(courses[code], asked.days_before, zone) for code in codes}
    first, last = min(one[0] for one in spans.values()), max(one[1] for one in spans.values())
    files = await queries.given(tx, asked.disease, first, last)
    assert tx.folder is not None
    folders = {str(running.folder_of(tx.folder, id_)): id_ for id_ in files}
    numbers: dict[str, dict[str, list[int]]] = {code: {} for code in codes}
    others: dict[tuple[UUID, int], str] = {}
    for one in await queries.subjects(tx, asked.disease, codes):
        folder = str(running.folder_of(tx.folder, one["request_id"]))
        numbers[one["code"]].setdefault(folder, []).append(one["number"])
        others[(one["request_id"], one["number"])] = one["code"]
    stays = _stays(opened_visits(tx, await queries.visits(tx, asked.disease, codes, MOST_VISITS)), spans)
    cases = [
        Trailed(
            int(spans[code][0].timestamp()),
            int(spans[code][1].timestamp()),
            _onset(courses[code], zone),
            stays.get(code, []),
            numbers[code],
        )
        for code in codes
    ]
    question = Question("trace", list(folders), cases=cases, ask=asdict(asked.definition), most=asked.most)
    found = (await running.ask(question))["met"] if folders else {}
    met = [(folders[folder], Met(*one)) for folder, lines in found.items() for one in lines]
    return _told(met, codes, others, len(files), sum(len(one) for one in stays.values()))


def _span(days: Course, before: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    begun = days.onset_on or days.specimen_on
    assert begun is not None  # `course` takes another day where there is neither
    opens = datetime.combine(begun - timedelta(days=before), time(), zone)
    closes = datetime.combine((days.isolated_on or begun) + timedelta(days=1), time(), zone)
    return opens, min(max(closes, opens + timedelta(days=before + 1)), opens + LONGEST)


def _onset(days: Course, zone: ZoneInfo) -> int | None:
    return None if days.onset_on is None else int(datetime.combine(days.onset_on, time(12), zone).timestamp())


def _stays(
    visits: Sequence[tuple[Visit, RowMapping, float | None, float | None]],
    spans: dict[str, tuple[datetime, datetime]],
) -> dict[str, list[tuple[int, float, float]]]:
    """Each stay as a moment of every slot that it lasted."""
    placed = [one for one in visits if one[2] is not None and one[3] is not None]
    plane = to_plane([(lon, lat) for _, _, lon, lat in placed if lon is not None and lat is not None])
    found: dict[str, list[tuple[int, float, float]]] = {}
    for (visit, _, _, _), (x, y) in zip(placed, plane, strict=True):
        opens, closes = spans[visit.code]
        begin, end = max(visit.from_at, opens), min(visit.to_at, closes)
        if begin <= end:
            moments = range(int(begin.timestamp()), int(end.timestamp()) + 1, SLOT_S)
            found.setdefault(visit.code, []).extend((at, x, y) for at in moments)
    return found


def _told(
    met: Sequence[tuple[UUID, Met]], codes: Sequence[str], others: dict[tuple[UUID, int], str], files: int, stays: int
) -> dict[str, Any]:
    several: dict[UUID, dict[int, int]] = {}
    for request_id in {one for one, _ in met}:
        several[request_id] = cases_met([one for id_, one in met if id_ == request_id])
    best = sorted(met, key=lambda one: (-several[one[0]][one[1].who], -one[1].score, one[1].case, one[1].who))
    return {
        "cases": len(codes),
        "files": files,
        "stays": stays,
        "found": len({(id_, one.who) for id_, one in met}),
        "cut": len(best) > MOST_TOLD,
        "items": [
            {
                "code": codes[one.case],
                "request_id": str(request_id),
                "number": one.who,
                "case": others.get((request_id, one.who)),
                "minutes": one.minutes,
                "nearest_m": round(one.nearest_m, 1),
                "days": one.days,
                "places": one.places,
                "night": one.night,
                "first_at": datetime.fromtimestamp(one.first, UTC),
                "last_at": datetime.fromtimestamp(one.last, UTC),
                "score": round(one.score, 2),
                "cases": several[request_id][one.who],
                "reasons": [
                    {"key": key, "params": params} for key, params in reasons(one, several[request_id][one.who])
                ],
            }
            for request_id, one in best[:MOST_TOLD]
        ],
    }


async def make_contact(tx: Tx, who: Principal, request_id: UUID, code: str, number: int, on: date, purpose: str) -> str:
    """Make somebody that a trace found a contact: whose telephone it is goes to the vault, and nowhere else; the code
    of the contact. Again is the same as once. Raises NotFound, Conflict where the file is destroyed.
    """
    row = await queries.request(tx, request_id)
    if row["status"] != "given":
        raise Conflict("epidemic.request.nothing")
    if code not in await queries.courses(tx, row["disease"], [code]):
        raise NotFound("epidemic.case.unknown")
    line = await audit.record(tx, who, "epidemic.name", "epidemic_request", request_id, purpose=purpose)
    found = movements.named(tx, row, [number])
    if number not in found:
        raise NotFound("epidemic.trace.nobody")
    people = vault.of(tx)
    known = await people.find(tx, "phone", found[number])
    person_id = known[0] if known else (await people.put(tx, Person(phone=found[number])))[0]
    target = f"T-{hashlib.sha256(f'{request_id}/{number}'.encode()).hexdigest()[:8].upper()}"
    await tx.execute(
        _LINK,
        {
            "id": new_id(),
            "disease": row["disease"],
            "source": code,
            "target": target,
            "person": person_id,
            "exposure": "trace",
            "on": on,
            "now": tx.now(),
        },
    )
    assert line is not None
    return target


_LINK = text(
    "insert into epidemic_link (id, disease, source, target, person_id, exposure, exposed_on, created_at, updated_at) "
    "values (:id, :disease, :source, :target, :person, :exposure, :on, :now, :now) "
    "on conflict (disease, source, target) do nothing"
)
