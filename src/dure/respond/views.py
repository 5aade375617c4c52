"""Rows as what the API shows. The list form says nothing in words, so that it is the same for every reader."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from dure.kernel.messages import Catalogue, Language
from dure.respond.model import ClockTimes, Status, clock_state, is_overdue, joined_clocks
from dure.respond.timeline import Entry
from dure.respond.types import TYPES, IncidentType
from dure.trust.vault import Person

Value = dict[str, Any]
Row = Mapping[Any, Any]
"""A row as it was read, or with its words opened (`vault.texts`)."""


def list_form(row: Row) -> Value:
    """An incident without its nested arrays: for lists and for the live flow. It depends on the rows alone, not on
    the time.
    """
    return {
        "id": str(row["id"]),
        "receipt_no": row["receipt_no"],
        "external_ref": row["external_ref"],
        "type": row["type"],
        "title": TYPES.kept(row["type"]).title,
        "severity": row["severity"],
        "status": row["status"],
        "mode": row["mode"],
        "version": row["version"],
        "opened_at": row["opened_at"],
        "updated_at": row["updated_at"],
        "place": {name: row[name] for name in ("lon", "lat", "name", "address", "located")},
        "source": row["source"],
        "acknowledge_by": row["acknowledge_by"],
        "acknowledged_at": row["acknowledged_at"],
        "acknowledged_by": row["acknowledged_by"],
        "cleared_at": row["cleared_at"],
        "closed_at": row["closed_at"],
        "outcome": row["outcome"],
        "merged_into": None if row["merged_into"] is None else str(row["merged_into"]),
        "merged_count": row["merged_count"],
        "alarm_count": int(row["alarms_in_all"]),
        "standing_alarms": int(row["standing_in_all"]),
        "report_count": int(row["reports_in_all"]),
        "handed_to": list(row["handed_to"]),
        "handoffs_sent": row["handoffs_sent"],
        "handoffs_acknowledged": row["handoffs_acknowledged"],
        "reported_by_agency": row["reported_by_agency"],
        "drill_for": row.get("drill_for"),
        "tasks_open": row["tasks_open"],
        "task_due_at": row["task_due_at"],
        "video_waiting": row.get("video_waiting", 0),
        "clock": None
        if row["clock_name"] is None
        else {
            "name": row["clock_name"],
            "started_at": row["clock_started_at"],
            "stopped_at": None,
            "target_s": row["clock_target_s"],
        },
    }


def with_time(row: Row, now: datetime) -> Value:
    """The list form with what depends on the time: `overdue`."""
    return {**list_form(row), "overdue": is_overdue(Status(row["status"]), row["acknowledge_by"], now)}


class Reader:
    """Who reads: their language and the texts."""

    def __init__(self, catalogue: Catalogue, language: Language, now: datetime) -> None:
        self._catalogue = catalogue
        self._language = language
        self._now = now

    @property
    def language(self) -> Language:
        """The reader's."""
        return self._language

    def say(self, key: str, params: Mapping[str, Any] | None = None) -> str:
        """A text in the reader's language."""
        return self._catalogue.text(self._language, key, params)

    def named(self, agency: Row) -> str:
        """An agency's name in the reader's language."""
        return str((agency["name"] if self._language == "ko" else agency["name_en"]) or agency["id"])

    def detail(self, row: Row, parts: Mapping[str, Sequence[Row]], people: Mapping[UUID, Person]) -> Value:
        """The whole incident, but for its alarms, duplicates and what only the edge knows."""
        kind = TYPES.kept(row["type"])
        return {
            **with_time(row, self._now),
            "title_text": self.say(kind.title),
            "live_opens": kind.live_opens and row["mode"] == "real",  # nobody is looked at for a drill unasked
            "description": row["description"],
            "outcome_reason": row["outcome_reason"],
            "closed_by": row["closed_by"],
            "place_candidates": row["candidates"],
            "cameras": [self._camera(each) for each in parts["cameras"]],
            "clocks": self._clocks(kind, parts["clocks"]),
            "handoffs": [self._handoff(each) for each in parts["handoffs"]],
            "notices": [],
            "reports": [_report(each, people) for each in parts["reports"]],
            "merged": [{**each, "id": str(each["id"]), "into_id": str(each["into_id"])} for each in parts["merged"]],
            "timeline": [self._entry(each) for each in reversed(parts["timeline"])],
        }

    def _camera(self, row: Row) -> Value:
        params = {"metres": round(row["distance_m"]), "instead_of": row["instead_of"]}
        return {
            "id": row["camera_id"],
            "site_id": row["site_id"],
            "distance_m": row["distance_m"],
            "reason": row["reason"],
            "reason_text": self.say(f"city.nearest.{row['reason']}", params),
            "instead_of": row["instead_of"],
            "state": row["state"],
            "chosen_at": row["chosen_at"],
        }

    def _clocks(self, kind: IncidentType, rows: Iterable[Row]) -> list[Value]:
        joined = joined_clocks(
            ClockTimes(each["name"], each["own_started_at"], each["own_stopped_at"], each["target_s"]) for each in rows
        )
        return [
            {
                "name": clock.name,
                "title": self.say(kind.clock_title(clock.name)),
                "started_at": clock.started_at,
                "stopped_at": clock.stopped_at,
                "target_s": clock.target_s,
                "state": clock_state(clock.started_at, clock.stopped_at, clock.target_s, self._now).value,
            }
            for clock in joined.values()
        ]

    def _handoff(self, row: Row) -> Value:
        return {
            "id": str(row["id"]),
            "incident_id": str(row["incident_id"]),
            "agency": row["agency_id"],
            "agency_name": (row["name"] if self._language == "ko" else row["name_en"]) or row["agency_id"],
            "kind": row["kind"],
            "status": row["status"],
            "note": row["note"],
            "sent_at": row["sent_at"],
            "sent_by": row["sent_by"],
            "acknowledged_at": row["answered_at"] if row["status"] == "acknowledged" else None,
            "answered_at": row["answered_at"],
            "answered_by": row["answered_by"],
            "answer": row["answer"],
        }

    def _entry(self, row: Row) -> Value:
        params = {**row["params"], "count": row["count"], "words": row["text"]}
        told = self.say(row["key"], params)
        return {
            "id": str(row["seq"]),
            "at": row["at"],
            "kind": row["kind"],
            "actor": row["actor"] or self.say("respond.actor.auto"),
            "auto": row["actor"] is None,
            "text": f"{told}: {row['text']}" if row["text"] and row["kind"] != Entry.NOTE else told,
            "key": row["key"],
            "params": params,
            "receipt_no": row["receipt_no"],
        }


def _report(row: Row, people: Mapping[UUID, Person]) -> Value:
    caller = people.get(row["caller_id"]) if row["caller_id"] else None
    return {
        "id": str(row["id"]),
        "incident_id": str(row["incident_id"]),
        "source": row["source"],
        "external_ref": row["external_ref"],
        "type": row["type"],
        "description": row["description"],
        "lon": row["lon"],
        "lat": row["lat"],
        "address": row["address"],
        "times": row["times"],
        "received_at": row["received_at"],
        "received_by": row["received_by"],
        "caller_id": None if row["caller_id"] is None else str(row["caller_id"]),
        "caller": None if caller is None else {"name": caller.name, "phone": caller.phone},
    }
