"""Reports and minutes on paper: a page to print, a table for a spreadsheet."""

import io
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from openpyxl import Workbook

from dure.kernel.sheet import csv_bytes, guarded
from dure.respond.operations.drafting import SECTIONS, Writer, agency_name
from dure.respond.operations.handling import TOLL

_STYLE = "/status/print.css"
_ITEMS = ("receipt_no", "title", "severity", "status", "place", "opened_at", "closed_at")


def title_of(writer: Writer, report: Mapping[str, Any]) -> str:
    """최초보고, 중간보고(제2보), 최종보고."""
    kind = writer.say(f"respond.operations.report.{report['kind']}")
    ordinal = report["ordinal"]
    if ordinal is None or (report["kind"] == "first" or (report["kind"] == "final" and ordinal == 1)):
        return kind
    return writer.text("ordinal", kind=kind, ordinal=ordinal)


def report_page(writer: Writer, report: Mapping[str, Any]) -> str:
    """A report as a page that prints on A4. A draft says that it is one."""
    operation = report["facts"]["operation"]
    title = f"{writer.text('title')} · {title_of(writer, report)}"
    rows = [(name, value) for name, value in _head(writer, report, operation) if value]
    parts = [
        _begun(writer, title),
        "" if report["state"] == "approved" else f'<p class="draft">{escape(writer.text("not_approved"))}</p>',
        f"<h1>{escape(title)}</h1><table>",
        *(f"<tr><th scope=row>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in rows),
        "</table>",
    ]
    for name in SECTIONS:
        words = report["sections"][name].strip() or writer.text("nothing")
        parts.append(f"<h2>{escape(writer.text('section.' + name))}</h2><p>{escape(words)}</p>")
    parts += [_items(writer, report["facts"]["items"]), _foot(writer, report), "</body></html>"]
    return "".join(parts)


def _head(writer: Writer, report: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield writer.text("number"), report["number"]
    yield writer.text("operation"), f"{operation['name']} ({operation['number']})"
    if operation["mode"] != "real":
        yield writer.text("mode"), writer.say(f"respond.mode.{operation['mode']}")
    yield writer.text("as_of"), writer.when(report["as_of"])
    if operation["level"]:
        yield writer.text("level_head"), writer.say(f"respond.operations.level.{operation['level']}")
    yield writer.text("written_by"), report["written_by"]
    approved = report["approved_by"] and f"{report['approved_by']} {writer.when(report['approved_at'])}"
    yield writer.text("approved_by"), approved


def _begun(writer: Writer, title: str) -> str:
    return (
        f'<!doctype html><html lang="{writer.language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="{_STYLE}"></head><body>'
    )


def _items(writer: Writer, items: Sequence[Mapping[str, Any]]) -> str:
    if not items:
        return ""
    head = "".join(f"<th scope=col>{escape(writer.text('item.' + name))}</th>" for name in _ITEMS)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(writer, one, name))}</td>" for name in _ITEMS) + "</tr>" for one in items
    )
    return (
        f"<h2>{escape(writer.text('items', count=len(items)))}</h2>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _cell(writer: Writer, one: Mapping[str, Any], name: str) -> str:
    if name == "title":
        return writer.say(one["title"])
    if name == "severity":
        return writer.say(f"respond.operations.level.{one['severity']}")
    if name == "status":
        return writer.say(f"respond.status.{one['status']}")
    return writer.when(one[name]) if name.endswith("_at") else str(one[name] or "")


def _foot(writer: Writer, kept: Mapping[str, Any]) -> str:
    hashed = f"<p>SHA-256 {kept['digest']}</p>" if kept["digest"] else ""
    return f"<footer>{hashed}<p>{escape(writer.text('source'))}</p></footer>"


def minutes_page(writer: Writer, operation: Mapping[Any, Any], meeting: Mapping[str, Any]) -> str:
    """Minutes as a page that prints."""
    title = writer.text("minutes_title", ordinal=meeting["ordinal"])
    signed = meeting["signed_by"] and f"{meeting['signed_by']} {writer.when(meeting['signed_at'])}"
    note = "" if signed else f'<p class="draft">{escape(writer.text("not_signed"))}</p>'
    named = f"{operation['name']} ({operation['number']})"
    row = f"<tr><th scope=row>{escape(writer.text('operation'))}</th><td>{escape(named)}</td></tr>"
    if signed:
        row += f"<tr><th scope=row>{escape(writer.text('signed_by'))}</th><td>{escape(signed)}</td></tr>"
    words = escape(meeting["minutes"] or writer.text("nothing"))
    hashed = f"<footer><p>SHA-256 {meeting['digest']}</p></footer>" if meeting["digest"] else ""
    return (
        f"{_begun(writer, title)}{note}<h1>{escape(title)}</h1><table>{row}</table><p>{words}</p>{hashed}</body></html>"
    )


def rows(writer: Writer, report: Mapping[str, Any]) -> Iterator[list[str]]:
    """A report as rows of a table: name and value, then the incidents."""
    operation = report["facts"]["operation"]
    yield [writer.text("title"), title_of(writer, report)]
    for name, value in _head(writer, report, operation):
        yield [name, str(value or "")]
    counted = report["facts"]["incidents"]
    for name in ("total", "open", "closed"):
        yield [writer.text(f"count.{name}"), str(counted[name])]
    toll = report["facts"]["toll"]
    for name in TOLL:
        known = toll is not None and toll[name] is not None
        yield [writer.text(f"toll.{name}"), str(toll[name]) if known else writer.text("unknown")]
    for one in report["facts"]["agencies"]:
        yield [agency_name(one, writer.language), f"{one['acknowledged']}/{one['sent']}"]
    for name in SECTIONS:
        yield [writer.text(f"section.{name}"), report["sections"][name]]
    yield []
    yield [writer.text(f"item.{name}") for name in _ITEMS]
    for item in report["facts"]["items"]:
        yield [_cell(writer, item, name) for name in _ITEMS]


def as_csv(writer: Writer, report: Mapping[str, Any]) -> bytes:
    """For a spreadsheet: UTF-8 with its mark."""
    return csv_bytes(rows(writer, report))


def as_xlsx(writer: Writer, report: Mapping[str, Any]) -> bytes:
    """As a workbook of one sheet; no cell is a formula. Blocking."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title_of(writer, report)[:31])
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 24, 60
    for row in rows(writer, report):
        sheet.append([guarded(cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
