"""Opening an incident: receipt number, clocks, cameras, the first lines of its timeline."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.events import Event
from dure.kernel.geometry import LonLat
from dure.kernel.ids import new_id
from dure.kernel.severity import Severity
from dure.respond import cameras, clocks, queries, timeline
from dure.respond.changes import OPENED
from dure.respond.joining import Spot, address_words
from dure.respond.model import Mode, Source, Status, city_day, receipt_no
from dure.respond.tasks import made
from dure.respond.timeline import Entry
from dure.respond.types import IncidentType, Moment
from dure.trust.vault import texts

VERIFY = "verify"
"""The task of checking a pre-alarm."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that an address may mean."""

    name: str
    address: str | None
    lon: float
    lat: float
    asset_id: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an incident is, as far as it is known. `candidates` are what an unclear address may mean."""

    at: LonLat | None = None
    name: str | None = None
    address: str | None = None
    place_key: str | None = None
    candidates: tuple[Candidate, ...] = ()

    @property
    def spot(self) -> Spot:
        """As joining needs it."""
        return Spot(self.at, self.place_key, address_words(self.address or "") or None)

    def columns(self) -> dict[str, Any]:
        """As the table keeps it."""
        return {
            "lon": self.at.lon if self.at else None,
            "lat": self.at.lat if self.at else None,
            "name": self.name,
            "address": self.address,
            "address_words": self.spot.address,
            "located": self.at is not None,
            "candidates": msgspec.json.encode(self.candidates).decode(),
            "place_key": self.place_key,
        }


@dataclass(frozen=True, slots=True)
class Opening:
    """All that is known when an incident opens."""

    kind: IncidentType
    severity: Severity
    mode: Mode
    source: Source
    place: Place
    signal_at: datetime
    confirmed: bool = False
    description: str = ""
    external_ref: str | None = None
    caller_id: UUID | None = None
    reported_by_agency: str | None = None
    opened_by: str | None = None
    counts: dict[str, int] = field(default_factory=dict)


async def open_incident(tx: Tx, opening: Opening) -> UUID:
    """Open it and tell everybody; its id. Whoever opens writes the line that says by what."""
    now = tx.now()
    kind, place, incident_id = opening.kind, opening.place, new_id()
    code, number = await queries.next_number(tx, city_day(now, city_zone()))
    await queries.insert(
        tx,
        "incident",
        [
            {
                "id": incident_id,
                "receipt_no": receipt_no(code, city_day(now, city_zone()), number),
                "external_ref": opening.external_ref,
                "type": kind.id,
                "merge_group": kind.merge_group,
                "severity": opening.severity.value,
                "severity_by_signals": opening.severity.value,
                "status": Status.OPEN.value,
                "mode": opening.mode.value,
                "source": opening.source.value,
                "description": await texts.sealed(tx, incident_id, "incident.description", opening.description),
                **place.columns(),
                "caller_id": opening.caller_id,
                "reported_by_agency": opening.reported_by_agency,
                "opened_at": now,
                "signal_at": opening.signal_at,
                "last_signal_at": opening.signal_at,
                "acknowledge_by": now + timedelta(seconds=kind.acknowledge_within_s),
                "confirmed_at": now if opening.confirmed else None,
                "created_at": now,
                "updated_at": now,
                **opening.counts,
            }
        ],
    )
    await clocks.moment(tx, incident_id, kind, Moment.SIGNAL, opening.signal_at)
    if opening.confirmed:
        await clocks.moment(tx, incident_id, kind, Moment.CONFIRMED, now)
    await tx.emit(Event(OPENED, "incident", str(incident_id), 1, {"type": kind.id}))
    return incident_id


async def begin_work(tx: Tx, incident_id: UUID, opening: Opening) -> None:
    """What a new incident sets going once its first line is written: a pre-alarm's check, the cameras around its
    place.
    """
    if not opening.confirmed and opening.kind.verify_within_s is not None and opening.source is Source.SENSOR:
        await _ask_to_verify(tx, incident_id, tx.now(), opening.kind.verify_within_s)
    if opening.place.at is not None:
        await clocks.moment(tx, incident_id, opening.kind, Moment.LOCATED, tx.now())
        await cameras.choose(tx, incident_id, opening.kind, opening.place.at)


async def _ask_to_verify(tx: Tx, incident_id: UUID, now: datetime, within_s: float) -> None:
    due_at = now + timedelta(seconds=within_s)
    await made.ask(tx, incident_id, VERIFY, due_at, role="operator")
    await timeline.add(tx, incident_id, Entry.TASK, "verify_asked", {"seconds": round(within_s)})
