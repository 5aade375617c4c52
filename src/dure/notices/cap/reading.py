"""Alerts of others: read without entities, network or DTD, and refused with the reason."""

from datetime import datetime
from typing import Any

from lxml import etree
from lxml.etree import _Element as Element

from dure.kernel.errors import Invalid
from dure.notices.cap.model import (
    NAMESPACE,
    Alert,
    Area,
    Category,
    Certainty,
    Info,
    MsgType,
    Reference,
    Severity,
    Status,
    Urgency,
    wrong,
)

LARGEST = 1 << 20


def parsed(document: bytes) -> Element:
    """The root of a document. Raises Invalid: `notices.cap.large`, `.doctype` (entities, XXE), `.broken`."""
    if len(document) > LARGEST:
        raise Invalid("notices.cap.large", most=LARGEST)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=False, remove_pis=False,
    )  # fmt: skip
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Invalid("notices.cap.broken") from error
    if root.getroottree().docinfo.doctype or root.getroottree().docinfo.internalDTD is not None:
        raise Invalid("notices.cap.doctype")
    return root


def read(root: Element) -> Alert:
    """The alert of an `alert` element. Raises Invalid where it is none, or breaks the standard's rules."""
    if root.tag != f"{{{NAMESPACE}}}alert":
        raise Invalid("notices.cap.other")
    try:
        alert = Alert(
            _text(root, "identifier"),
            _text(root, "sender"),
            _time(_text(root, "sent")),
            Status(_text(root, "status")),
            MsgType(_text(root, "msgType")),
            tuple(_info(one) for one in root.findall(f"{{{NAMESPACE}}}info")),
            tuple(_reference(one) for one in _text(root, "references").split()),
            _text(root, "note"),
            _text(root, "scope"),
        )
    except ValueError as error:
        raise Invalid("notices.cap.wrong") from error
    faults = wrong(alert)
    if faults:
        raise Invalid("notices.cap.wrong", fields=faults)
    return alert


def _text(element: Element, name: str) -> str:
    found = element.find(f"{{{NAMESPACE}}}{name}")
    return "" if found is None else "".join(str(one) for one in found.itertext()).strip()


def _time(told: str) -> datetime:
    moment = datetime.fromisoformat(told)
    if moment.tzinfo is None:
        raise ValueError("no zone")
    return moment


def _reference(told: str) -> Reference:
    sender, identifier, sent = told.split(",")
    return Reference(sender, identifier, _time(sent))


def _info(element: Element) -> Info:
    return Info(
        _text(element, "language") or "en-US",
        Category(_text(element, "category")),
        _text(element, "event"),
        Urgency(_text(element, "urgency")),
        Severity(_text(element, "severity")),
        Certainty(_text(element, "certainty")),
        _time(_text(element, "expires")),
        _text(element, "headline"),
        _text(element, "description"),
        _text(element, "instruction"),
        _text(element, "senderName"),
        _text(element, "web"),
        tuple(_area(one) for one in element.findall(f"{{{NAMESPACE}}}area")),
    )


def _area(element: Element) -> Area:
    polygon = tuple(_point(one) for one in _text(element, "polygon").split())
    code = element.find(f"{{{NAMESPACE}}}geocode")
    more: dict[str, Any] = {} if code is None else {"code": _text(code, "value"), "scheme": _text(code, "valueName")}
    return Area(_text(element, "areaDesc"), polygon, **more)


def _point(told: str) -> tuple[float, float]:
    lat, lon = told.split(",")
    return float(lon), float(lat)
