"""A roster as a file: a sheet of the month that can be read in again, and a calendar (RFC 5545)."""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

from dure.documents.csvfile import written
from dure.documents.workbook import write_workbook
from dure.kernel.messages import Language
from dure.respond.shifts import roster
from dure.respond.shifts.keeping import Kept
from dure.respond.shifts.model import Crew, Post

_HEAD = {"ko": ("자리", "직책"), "en": ("Desk", "Post")}
_POSTS = {
    "ko": {Post.LEAD: "팀장", Post.DEPUTY: "부팀장", Post.MEMBER: "팀원"},
    "en": {Post.LEAD: "lead", Post.DEPUTY: "deputy", Post.MEMBER: "member"},
}


def crews(kept: Kept, first: date, last: date) -> Iterator[Crew]:
    """Everybody's shifts that begin on these days."""
    begins = roster.moment(first, time(0), kept.zone)
    until = roster.moment(last + timedelta(days=1), time(0), kept.zone)
    for slot in roster.slots(kept.roster, begins, until, kept.zone):
        if first <= slot.day <= last:
            yield roster.crew(kept.roster, slot)


def month_rows(kept: Kept, first: date, last: date, language: Language) -> list[list[str]]:
    """A row for each person, a column for each day, the shift's id where they work."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    works: dict[UUID, dict[date, list[str]]] = {}
    posts: dict[UUID, Post] = {}
    for crew in crews(kept, first, last):
        for one in crew.people:
            works.setdefault(one.account_id, {}).setdefault(crew.slot.day, []).append(crew.slot.shift.id)
            posts.setdefault(one.account_id, one.post)
    rows = [[*_HEAD[language], *(day.isoformat() for day in days)]]
    for account in sorted(works, key=lambda one: (kept.label(one), str(one))):
        cells = ["/".join(works[account].get(day, ())) for day in days]
        rows.append([kept.label(account), _POSTS[language][posts[account]], *cells])
    return rows


def csv_of(rows: Sequence[Sequence[str]]) -> bytes:
    """CSV as spreadsheets in Korea open it."""
    return "".join(written(rows)).encode()


async def xlsx_of(name: str, rows: Sequence[Sequence[str]]) -> bytes:
    """A workbook with one sheet."""

    def make() -> bytes:
        with tempfile.TemporaryDirectory(prefix="dure-sheet-") as folder:
            path = Path(folder) / "out.xlsx"
            write_workbook(path, "".join(" " if sign in r"[]:*?/\\" else sign for sign in name), rows)
            return path.read_bytes()

    return await asyncio.to_thread(make)


def ics_of(
    kept: Kept, title: str, found: Sequence[Crew], account: UUID | None, now: datetime, language: Language
) -> str:
    """A calendar of shifts: of one person, or of all with their names. The same shift keeps its UID, so that a calendar
    that reads it again changes its entry.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//dure//roster//KO", "CALSCALE:GREGORIAN"]
    lines.append(f"X-WR-CALNAME:{_escaped(title)}")
    for crew in found:
        people = [one for one in crew.people if account is None or one.account_id == account]
        if account is not None and not people:
            continue
        slot = crew.slot
        shift = slot.shift.en if language == "en" else slot.shift.ko
        who = ", ".join(kept.label(one.account_id) for one in crew.people)
        lines += [
            "BEGIN:VEVENT",
            f"UID:{kept.id}-{slot.day.isoformat()}-{slot.shift.id}{'' if account is None else f'-{account}'}@dure",
            f"DTSTAMP:{_utc(now)}",
            f"DTSTART:{_utc(slot.begins)}",
            f"DTEND:{_utc(slot.ends)}",
            f"SUMMARY:{_escaped(f'{title} {shift}')}",
            f"DESCRIPTION:{_escaped(who)}",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{one}\r\n" for line in lines for one in [_folded(line)])


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(words: str) -> str:
    """RFC 5545 section 3.3.11."""
    for sign, written_as in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        words = words.replace(sign, written_as)
    return words.replace("\r", "")


def _folded(line: str) -> str:
    """No line over 75 octets (RFC 5545 section 3.1), and no character cut in two."""
    parts, size = [""], 0
    for sign in line:
        octets = len(sign.encode())
        if size + octets > 75:
            parts.append(" ")
            size = 1
        parts[-1] += sign
        size += octets
    return "\r\n".join(parts)
