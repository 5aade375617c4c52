"""A shift's log as rows of a sheet, in the reader's language. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dure.kernel.messages import Language

Say = Callable[[str], str]
_HEAD = "respond.shifts.print."
_COUNTS: Mapping[str, Sequence[str]] = {
    "incidents": ("opened", "closed", "left_open"),
    "alarms": ("raised", "critical", "serious", "watch", "notice", "false", "late"),
    "pictures": ("openings", "cameras", "incidents", "desks", "records"),
    "notices": ("wanted", "sent", "failed", "unknown"),
}


def rows(log: Mapping[str, Any], say: Say, zone: ZoneInfo, language: Language) -> list[list[str]]:
    """Title, crew, counts, then each kind of line under its own heading."""
    return [list(row) for row in _Sheet(log, say, zone, language).rows()]


class _Sheet:
    def __init__(self, log: Mapping[str, Any], say: Say, zone: ZoneInfo, language: Language) -> None:
        self._log = log
        self._content = log["content"]
        self._say = say
        self._zone = zone
        self._en = language == "en"

    def rows(self) -> Iterator[Sequence[str]]:
        log, content = self._log, self._content
        yield [self._say(_HEAD + "title"), log["name_en"] if self._en else log["name"]]
        shift = log["shift_en"] if self._en else log["shift_ko"]
        yield [
            self._say(_HEAD + "shift"),
            f"{log['day']} {shift}",
            self._at(log["begins_at"]),
            self._at(log["ends_at"]),
        ]
        yield [self._say(_HEAD + "crew"), *(one["label"] for one in content["crew"])]
        yield [self._say(_HEAD + "signed"), log["signed_by"] or "", self._at(log["signed_at"]), log["digest"] or ""]
        yield [self._say(_HEAD + "taken"), log["taken_by"] or "", self._at(log["taken_at"])]
        for kind, names in _COUNTS.items():
            said = [f"{self._say(f'{_HEAD}{kind}.{name}')} {content[kind].get(name, 0)}" for name in names]
            yield [self._say(_HEAD + kind), *said]
        columns = ("receipt_no", "title", "severity", "status", "opened_at", "closed_at", "name")
        yield from self._part("incidents", content["incidents"]["lines"], columns)
        yield from self._part("handoffs", content["handoffs"],
                              ("receipt_no", "agency_en" if self._en else "agency", "kind", "status", "sent_at",
                               "answered_at"))  # fmt: skip
        yield from self._part("faults", content["alarms"]["faults"],
                              ("subject", "rule_en" if self._en else "rule_ko", "raised_at", "cleared_at"))  # fmt: skip
        yield from self._part("shelves", content["shelves"],
                              ("rule", "subject", "reason", "shelved_at", "shelved_by", "until"))  # fmt: skip
        yield from self._part("failed", content["notices"]["lines"], ("receipt_no", "channel", "reason", "created_at"))
        yield from self._part(
            "rises", content["rises"], ("receipt_no", "en" if self._en else "ko", "at", "told", "lack")
        )
        yield from self._part("remarks", self._log["remarks"], ("at", "by", "kind", "text"))
        yield []
        yield [self._say(_HEAD + "note"), self._log["handover"]["note"]]

    def _part(self, name: str, lines: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[Sequence[str]]:
        yield []
        yield [f"{self._say(f'{_HEAD}{name}')} ({len(lines)})"]
        for line in lines:
            yield [self._cell(column, line.get(column)) for column in columns]

    def _cell(self, column: str, value: object) -> str:
        if value is None:
            return ""
        if column == "title":
            return self._say(str(value))
        if isinstance(value, list):
            return ", ".join(map(str, value))
        if column == "at" or column.endswith("_at") or column == "until":
            return self._at(value)
        for prefix in {"status": ("respond.status.", "respond.shifts.print.status."),
                       "severity": ("respond.severity.",), "kind": ("respond.handoff.",)}.get(column, ()):  # fmt: skip
            said = self._say(prefix + str(value))
            if said != prefix + str(value):
                return said
        return str(value)

    def _at(self, value: object) -> str:
        if value is None:
            return ""
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return moment.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")
