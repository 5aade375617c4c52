"""A report on paper: its figures as paragraphs and tables, the same for HWPX and PDF."""

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dure.documents import hwpx
from dure.documents.hwpx import Grid, Text
from dure.kernel.messages import Catalogue, Language

Blocks = list[Text | Grid]
_SPECIAL = {
    "*outside": "epidemic.report.outside",
    "*untold": "epidemic.report.untold",
    "*others": "epidemic.report.others",
}


def blocks(report: Mapping[str, Any], catalogue: Catalogue, language: Language, zone: ZoneInfo) -> Blocks:
    """The paper's words. `report` as it is made, or as it was kept (times as text)."""

    def say(key: str, **params: Any) -> str:
        return catalogue.text(language, f"epidemic.report.{key}", params)

    def moment(value: datetime | str) -> str:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
        return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")

    named: Blocks = [
        Text(say("title", disease=report["disease"] or say("unnamed")), 1),
        Text(say("times", as_of=moment(report["as_of"]), cut_off=moment(report["cut_off"]))),
        Text(say("compared")),
        Text(say("totals"), 2),
        _totals(report["totals"], report["before"], say),
    ]
    for name in ("districts", "ages", "clusters", "sources"):
        named += [Text(say(name), 2), _counts(report[name], say(f"{name}.name"), say, name == "ages")]
    named += [Text(say("tests"), 2), _tests(report["tests"], say)]
    named += [Text(say("curve"), 2), _curve(report, say), Text(say("serial", **report["serial"]))]
    if report["forecast"]:
        head = [say("day"), say("expected"), say("low"), say("high")]
        rows = [
            [str(one["day"]), *(_whole(one[key]) for key in ("median", "low", "high"))] for one in report["forecast"]
        ]
        named += [Text(say("forecast"), 2), Grid(head, rows), Text(say("forecast.how"))]
    return named


Say = Callable[..., str]


def _whole(value: float) -> str:
    return f"{round(value):,}"


def _change(now: int, before: int) -> str:
    return f"{now - before:+,}" if now != before else "0"


def _totals(now: Mapping[str, int], before: Mapping[str, int], say: Say) -> Grid:
    names = ("fresh", "cases", "imported", "under_care", "recovered", "died")
    rows = [[say(name), f"{now[name]:,}", f"{before[name]:,}", _change(now[name], before[name])] for name in names]
    return Grid([say("figure"), say("now"), say("yesterday"), say("change")], rows)


def _counts(lines: Sequence[Mapping[str, Any]], name: str, say: Say, ages: bool) -> Grid:
    def shown(key: str) -> str:
        if key in _SPECIAL:
            return say(_SPECIAL[key].removeprefix("epidemic.report."))
        if ages:
            return say("age.above" if key == "80" else "age", n=int(key), to=int(key) + 9)
        return key

    rows = [
        [
            shown(one["name"]),
            *(f"{one[key]:,}" for key in ("fresh", "cases")),
            f"{one['change']:+,}",
            f"{one['died']:,}",
        ]
        for one in lines
    ]
    return Grid([name, say("fresh"), say("cases"), say("change"), say("died")], rows)


def _tests(tests: Mapping[str, Any], say: Say) -> Grid:
    def row(name: str, one: Mapping[str, Any]) -> list[str]:
        share = "-" if one["positivity"] is None else f"{one['positivity'] * 100:.1f} %"
        return [name, f"{one['tested']:,}", f"{one['positive']:,}", share]

    return Grid(
        [say("tests"), say("tested"), say("positive"), say("positivity")],
        [row(say("tests.day"), tests["day"]), row(say("tests.all"), tests["all"])],
    )


def _curve(report: Mapping[str, Any], say: Say) -> Grid:
    rt = {str(one["day"]): one for one in report["reproduction"]}
    whole = {str(one["day"]): one for one in report["nowcast"]}
    rows = []
    for day in report["curve"]:
        key = str(day["day"])
        told, now = rt.get(key), whole.get(key)
        rows.append(
            [
                key,
                f"{day['reported']:,}",
                f"{day['begun']:,}",
                "-" if now is None else f"{_whole(now['expected'])} ({_whole(now['low'])}–{_whole(now['high'])})",
                "-" if told is None else f"{told['mean']:.2f} ({told['low']:.2f}–{told['high']:.2f})",
            ]
        )
    return Grid([say("day"), say("reported"), say("begun"), say("nowcast"), say("rt")], rows)


def as_hwpx(named: Blocks) -> bytes:
    """The paper as HWPX."""
    return hwpx.written(next(one.words for one in named if isinstance(one, Text)), named)


def as_pdf(named: Blocks, console: Path | None) -> bytes:
    """The paper as PDF: the same figures give the same bytes."""
    from xml.sax.saxutils import escape

    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Flowable, LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

    from dure.documents.paper import faces

    face = faces(console)
    sizes = {0: (9, face.plain), 1: (16, face.bold), 2: (11, face.bold)}
    styles = {
        weight: ParagraphStyle(str(weight), fontName=font, fontSize=size, leading=size * 1.5, spaceBefore=size * 0.5)
        for weight, (size, font) in sizes.items()
    }
    ruled = TableStyle(
        [
            ("FONT", (0, 0), (-1, 0), face.bold, 8),
            ("FONT", (0, 1), (-1, -1), face.plain, 8),
            ("GRID", (0, 0), (-1, -1), 0.4, colors.grey),
            ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
            ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
        ]
    )
    story: list[Flowable] = []
    for one in named:
        if isinstance(one, Text):
            story.append(Paragraph(escape(one.words), styles[one.weight]))
        else:
            story += [
                LongTable([list(one.head), *map(list, one.rows)], style=ruled, repeatRows=1, hAlign="LEFT"),
                Spacer(1, 6),
            ]
    buffer = io.BytesIO()
    title = next(one.words for one in named if isinstance(one, Text))
    page = SimpleDocTemplate(
        buffer, pagesize=A4, title=title, invariant=1, leftMargin=48, rightMargin=48, topMargin=48, bottomMargin=48
    )
    page.build(story)
    return buffer.getvalue()
