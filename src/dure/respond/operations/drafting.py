"""The first words of a report or of minutes, from the facts. Pure but for the catalogue.

The sections are the items that a report of a disaster holds by 재난 및 안전관리 기본법 시행령 제24조제1항: when, where
and why; damage; emergency measures; response and recovery; plans; what else the ministry in charge asks for.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from dure.kernel.messages import Catalogue, Language
from dure.respond.operations.handling import TOLL

SECTIONS = ("occurrence", "cause", "damage", "emergency", "response", "plan", "other")
PERSONS = frozenset({"cause", "plan", "other"})
"""Sections that only a person can write."""


class Writer:
    """Writes in one language, in the city's time."""

    def __init__(self, catalogue: Catalogue, language: Language, zone: str) -> None:
        self.say = partial(catalogue.text, language)
        self._catalogue = catalogue
        self.language: Language = language
        self._zone = ZoneInfo(zone)

    def when(self, at: datetime | str | None) -> str:
        """A time to the minute; empty for None."""
        if at is None:
            return ""
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
        try:
            return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M}"
        except OverflowError:  # the calendar's last day, elsewhere
            return f"{moment:%Y-%m-%d %H:%M} UTC"

    def text(self, name: str, /, **params: Any) -> str:
        """A sentence of this room's catalogue."""
        return self.say(f"respond.operations.draft.{name}", params)

    def counted(self, figures: Mapping[str, int], prefix: str) -> str:
        """`화재 3, 정전 1`, the most first."""
        ordered = sorted(figures.items(), key=lambda one: (-one[1], one[0]))
        return ", ".join(f"{self.say(f'{prefix}.{name}')} {count:,}" for name, count in ordered)


def toll_line(writer: Writer, toll: Mapping[str, Any] | None) -> str:
    """Casualties in one line; what is not known is said to be so."""
    if toll is None:
        return writer.text("toll_none")
    unknown = writer.text("unknown")
    figures = {name: f"{toll[name]:,}" if toll[name] is not None else unknown for name in TOLL}
    return writer.text("toll", as_of=writer.when(toll["as_of"]), source=toll["source"], **figures)


def sections(
    writer: Writer, facts: Mapping[str, Any], signal_at: datetime | None, measures: Sequence[Mapping[str, Any]],
    requests: Sequence[Mapping[str, Any]],
) -> dict[str, str]:  # fmt: skip
    """The report's sections as far as the facts go; those that a person writes are empty."""
    found = dict.fromkeys(SECTIONS, "")
    found["occurrence"] = _occurrence(writer, facts, signal_at)
    found["damage"] = toll_line(writer, facts["toll"])
    found["emergency"] = "\n".join(
        writer.text("measure", at=writer.when(one["at"]), words=one["words"]) for one in measures
    )
    found["response"] = _response(writer, facts, requests)
    return found


def _occurrence(writer: Writer, facts: Mapping[str, Any], signal_at: datetime | None) -> str:
    operation, counted = facts["operation"], facts["incidents"]
    lines = [
        writer.text("began", at=writer.when(signal_at or operation["opened_at"]), place=operation["place"] or "-"),
        writer.text(
            "counts", as_of=writer.when(facts["as_of"]), **{k: counted[k] for k in ("total", "open", "closed")}
        ),
    ]
    if counted["by_type"]:
        titles = {one["type"]: writer.say(one["title"]) for one in facts["items"]}
        kinds = sorted(counted["by_type"].items(), key=lambda one: (-one[1], one[0]))
        lines.append(
            writer.text("kinds", kinds=", ".join(f"{titles.get(kind, kind)} {count:,}" for kind, count in kinds))
        )
    if operation["level"] is not None:
        level = writer.say(f"respond.operations.level.{operation['level']}")
        lines.append(writer.text("level", level=level, since=writer.when(operation["level_since"])))
    return "\n".join(lines)


def _response(writer: Writer, facts: Mapping[str, Any], requests: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        writer.text(
            "agency", name=agency_name(one, writer.language), sent=one["sent"], acknowledged=one["acknowledged"]
        )
        for one in facts["agencies"]
    ]
    said, members, decisions = facts["said"], facts["members"], facts["decisions"]
    if any(said.values()):
        lines.append(writer.text("said", **said))
    if members["public"] or members["private"]:
        lines.append(writer.text("headquarters", **members))
    if decisions["total"]:
        lines.append(writer.text("decisions", **decisions))
    for one in requests:
        state = writer.say(f"respond.operations.request.{one['state']}")
        lines.append(writer.text("request", at=writer.when(one["at"]), words=one["words"], state=state))
    return "\n".join(lines)


def agency_name(row: Mapping[str, Any], language: Language) -> str:
    """An agency by the reader's language."""
    return str((row["name"] if language == "ko" else row["name_en"]) or row["name"] or row["agency_id"])


def minutes(writer: Writer, meeting: Mapping[str, Any]) -> str:
    """Minutes from the agenda, who was there by seat (nobody's name), and the decisions."""
    lines = [writer.text("minutes_head", at=writer.when(meeting["starts_at"]), place=meeting["place"] or "-")]
    present = [one for one in meeting["attendance"] if one["state"] != "absent"]
    absent = [one for one in meeting["attendance"] if one["state"] == "absent"]
    for name, who in (("present", present), ("absent", absent)):
        seats = ", ".join(_seat(writer, one) for one in who)
        if seats:
            lines.append(writer.text(name, count=len(who), seats=seats))
    lines += [writer.text("agenda", at=at, item=item) for at, item in enumerate(meeting["agenda"], 1)]
    for one in meeting["decisions"]:
        lines.append(
            writer.text(
                "decision", ordinal=one["ordinal"], words=one["words"], holder=one["holder"] or writer.text("nobody"),
                due=writer.when(one["due_at"]) or "-",
            )
        )  # fmt: skip
    return "\n".join(lines)


def _seat(writer: Writer, one: Mapping[str, Any]) -> str:
    how = (
        "" if one["state"] in {"present", "absent"} else f" ({writer.say('respond.operations.attend.' + one['state'])})"
    )
    return f"{one['organisation']} {one['seat']}{how}"
