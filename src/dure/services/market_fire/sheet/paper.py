"""The fire station's sheet on paper: one A4 page in Korean, the plan in its middle, a second page where much is said.

What can hurt comes first: the stall, whose it is, gas and electricity beside it, the way in. Times are the city's.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from dure.documents.paper import Faces, faces
from dure.services.market_fire.sheet.drawing import PlanDrawing

Say = Callable[[str], str]
_RED: Final = colors.HexColor("#BE1D1D")
_PALE: Final = colors.HexColor("#FCE9E7")
_LINE: Final = colors.HexColor("#A9B1BB")
_FAULTS: Final = frozenset({"silent", "battery", "clock"})
_WIDE: Final = A4[0] - 28 * mm - 12  # a frame keeps 6 points free on each side


class _Writer:
    """What every part of the sheet needs: letters, words, the city's hour."""

    def __init__(self, say: Say, faces_: Faces, zone: ZoneInfo) -> None:
        self.say, self.faces, self._zone = say, faces_, zone
        plain, bold = faces_
        grey = colors.HexColor("#434B55")
        self.body = ParagraphStyle("body", fontName=plain, fontSize=9.5, leading=13, wordWrap="CJK")
        self.small = ParagraphStyle("small", parent=self.body, fontSize=8, leading=11, textColor=grey)
        self.strong = ParagraphStyle("strong", parent=self.body, fontName=bold)
        self.part = ParagraphStyle("part", parent=self.body, fontName=bold, fontSize=11, leading=15)
        self.title = ParagraphStyle("title", parent=self.body, fontName=bold, fontSize=19, leading=24)

    def words(self, key: str) -> str:
        return self.say(f"market_fire.paper.{key}")

    def time(self, at: datetime | None) -> str:
        return "" if at is None else at.astimezone(self._zone).strftime("%H:%M:%S")

    def day(self, at: datetime) -> str:
        return at.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")

    def text(self, told: str, style: ParagraphStyle | None = None) -> Paragraph:
        return Paragraph(escape(told), style or self.body)

    def lasted(self, seconds: float) -> str:
        minutes, rest = divmod(round(seconds), 60)
        return (
            f"{minutes}{self.words('minutes')} {rest}{self.words('seconds')}"
            if minutes
            else f"{rest}{self.words('seconds')}"
        )

    def far(self, one: Mapping[str, Any]) -> str:
        return f"{self.words('towards.' + one['towards'])} {one['distance_m']:.0f} m"

    def fault(self, fault: str | None) -> str:
        return "" if fault is None else f" · {self.words('fault.' + fault if fault in _FAULTS else 'fault.other')}"


def printed(sheet: Mapping[str, Any], say: Say, *, zone: str, console: Path | None, printed_by: str) -> bytes:
    """The sheet as a PDF. `say` gives Korean words by key; about 0.1 s."""
    writer = _Writer(say, faces(console), ZoneInfo(zone))
    out = io.BytesIO()
    foot = " · ".join(
        (
            sheet["receipt_no"],
            f"{writer.words('printed')} {writer.day(sheet['as_of'])} {printed_by}",
            writer.words("private"),
        )
    )
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=14 * mm, rightMargin=14 * mm, topMargin=11 * mm, bottomMargin=14 * mm,
        title=f"{sheet['receipt_no']} {sheet['market']['name']} {sheet['stalls'][0]['name']}", author="dure",
        subject=writer.words("title"), lang="ko-KR",
    )  # fmt: skip

    def ground(canvas: Canvas, page: Any) -> None:
        canvas.setFont(writer.faces.plain, 7.5)
        canvas.setFillColor(colors.HexColor("#434B55"))
        canvas.drawString(14 * mm, 8 * mm, foot)
        canvas.drawRightString(A4[0] - 14 * mm, 8 * mm, str(page.page))

    document.build(_story(writer, sheet), onFirstPage=ground, onLaterPages=ground)
    return out.getvalue()


def _story(w: _Writer, sheet: Mapping[str, Any]) -> list[Flowable]:
    drill = [] if sheet["mode"] == "real" else [w.text(w.words(f"mode.{sheet['mode']}"), w.part)]
    return [
        *drill,
        _head(w, sheet),
        Spacer(1, 2 * mm),
        *_stalls(w, sheet),
        Spacer(1, 2 * mm),
        _two(_hazards(w, sheet), _ways(w, sheet)),
        Spacer(1, 2 * mm),
        PlanDrawing(sheet["plan"], _WIDE, 88 * mm, w.faces, w.words),
        Spacer(1, 2 * mm),
        w.text(w.words("says"), w.part),
        _says(w, sheet),
        Spacer(1, 2 * mm),
        w.text(w.words("cameras"), w.part),
        w.text(_cameras(w, sheet)),
        Spacer(1, 1 * mm),
        w.text(w.words("not_dispatch"), w.small),
    ]


def _head(w: _Writer, sheet: Mapping[str, Any]) -> Flowable:
    market, first = sheet["market"], sheet["stalls"][0]
    more = len(sheet["stalls"]) - 1
    where = f"{market['name']} {first['name']}" + (f" {w.words('and')} {more}{w.words('more')}" if more else "")
    told = [
        f"{w.words('title')}  {sheet['receipt_no']}",
        " · ".join(filter(None, (market["address"], market["phone"]))),
    ]
    right = [
        f"{w.words('signal')} {w.time(sheet['signal_at'])}",
        f"{w.words('reported')} {w.time(sheet['reported_at'])}" if sheet["reported_at"] else "",
        f"{w.words('as_of')} {w.time(sheet['as_of'])}",
    ]
    cells = [
        [
            [w.text(told[0], w.small), w.text(where, w.title), w.text(told[1])],
            [w.text(one, w.strong) for one in right if one],
        ]
    ]
    table = Table(cells, colWidths=[_WIDE * 0.72, _WIDE * 0.28])
    table.setStyle(
        TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 1.4, _RED), *_TIGHT])
    )
    return table


_TIGHT: Final = [
    ("LEFTPADDING", (0, 0), (-1, -1), 3), ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ("TOPPADDING", (0, 0), (-1, -1), 2), ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
]  # fmt: skip


def _stalls(w: _Writer, sheet: Mapping[str, Any]) -> list[Flowable]:
    head = [w.text(w.words(name), w.small) for name in ("stall", "shop", "fire", "owner", "phone", "hours")]
    rows = [head]
    for one in sheet["stalls"]:
        owner = one["owner"] or {}
        cells = (
            one["name"], " · ".join(filter(None, (one["shop"], one["business"]))), one["fire"] or "-",
            owner.get("name") or "-", owner.get("phone") or "-", one["hours"] or "-",
        )  # fmt: skip
        rows.append([w.text(str(cell), w.strong) for cell in cells])
    table = Table(rows, colWidths=[_WIDE * part for part in (0.16, 0.24, 0.1, 0.14, 0.2, 0.16)], repeatRows=1)
    table.setStyle(
        TableStyle([("BACKGROUND", (0, 1), (-1, -1), _PALE), ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE), *_TIGHT])
    )
    return [table]


def _two(left: Sequence[Flowable], right: Sequence[Flowable]) -> Flowable:
    table = Table([[list(left), list(right)]], colWidths=[_WIDE / 2, _WIDE / 2])
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *_TIGHT]))
    return table


def _hazards(w: _Writer, sheet: Mapping[str, Any]) -> list[Flowable]:
    lines: list[Flowable] = [w.text(w.words("hazards"), w.part)]
    for one in sheet["shutoffs"][:4]:
        what = w.words(f"shuts.{one['shuts']}") if one["shuts"] in {"gas", "electricity"} else one["name"]
        lines.append(w.text(f"■ {what} {w.far(one)} ({one['zone'] or one['name']})", w.strong))
    dangerous = [one for one in sheet["neighbours"] if one["hazard"]]
    for one in dangerous[:6]:
        shop = " · ".join(filter(None, (one["shop"], one["business"])))
        lines.append(w.text(f"▲ {one['name']} {shop}: {one['hazard']}, {w.far(one)}"))
    others = [one["name"] for one in sheet["neighbours"] if not one["hazard"]]
    if others:
        lines.append(w.text(f"{w.words('beside')} {', '.join(others[:10])}", w.small))
    return lines if len(lines) > 1 else [*lines, w.text(w.words("none"))]


def _ways(w: _Writer, sheet: Mapping[str, Any]) -> list[Flowable]:
    lines: list[Flowable] = [w.text(w.words("ways"), w.part)]
    lines += [w.text(f"▶ {one['name']}, {w.far(one)}") for one in sheet["gates"]]
    for one in sheet["hydrants"]:
        lines.append(w.text(f"● {one['name']}, {w.far(one)}" + ("" if one["works"] else f" ({w.words('broken')})")))
    return lines if len(lines) > 1 else [*lines, w.text(w.words("none"))]


def _says(w: _Writer, sheet: Mapping[str, Any]) -> Flowable:
    rows = [[w.text(w.words(name), w.small) for name in ("sensor", "what", "since", "lasted", "last")]]
    for one in sheet["says"][:24]:
        newest = ", ".join(_reading(w, told) for told in one["readings"]) or "-"
        rows.append(
            [
                w.text(f"{one['stall'] or ''} {one['device']}".strip()),
                w.text(one["rule"]["ko"] + (f" ({w.words('ended')})" if one["ended_at"] else "")),
                w.text(w.time(one["onset_at"])),
                w.text(w.lasted(one["seconds"]), w.strong),
                w.text(newest + w.fault(one["fault"])),
            ]
        )
    table = Table(rows, colWidths=[_WIDE * part for part in (0.22, 0.24, 0.11, 0.13, 0.3)], repeatRows=1)
    table.setStyle(
        TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE), ("VALIGN", (0, 0), (-1, -1), "TOP"), *_TIGHT])
    )
    return table


def _reading(w: _Writer, told: Mapping[str, Any]) -> str:
    name, value = w.words(f"property.{told['property']}"), told["value"]
    at = datetime.fromisoformat(told["at"]) if isinstance(told["at"], str) else told["at"]
    if isinstance(value, bool):
        shown = w.words("yes" if value else "no")
    else:
        unit = {"Cel": "°C", "%EL": "%"}.get(told["unit"] or "", told["unit"] or "")
        shown = f"{value:.0f} {unit}".strip()
    return f"{name} {shown} {w.time(at)}"


def _cameras(w: _Writer, sheet: Mapping[str, Any]) -> str:
    told = [
        f"{one['name'] or one['id']} {one['distance_m']:.0f} m"
        + ("" if one["state"] in {"ok", "unknown"} else f" ({w.words('broken')})")
        for one in sheet["cameras"]
    ]
    return ", ".join(told) or w.words("none")
