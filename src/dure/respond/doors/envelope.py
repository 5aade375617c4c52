"""EDXL-DE envelopes (OASIS Emergency Data Exchange Language, Distribution Element; 1.0 of 1 May 2006, 2.0 of 19
September 2013) with a CAP 1.2 alert inside. Written and read without I/O.

A hand-off is two content objects: the alert, which any system of the standard reads, and the letter itself as JSON, so
that nothing is lost on the way. What comes back is an envelope whose JSON is an event as the webhook takes it, or (1.0)
a bare Ack or Error that names our envelope.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from lxml import etree
from lxml.etree import _Element as Element

from dure.engine.settings import city_zone
from dure.engine.texts import catalogue
from dure.engine.web import strict_json
from dure.kernel.errors import BadRequest, Invalid
from dure.kernel.geometry import LonLat, moved
from dure.kernel.messages import LANGUAGES, Language
from dure.kernel.severity import Severity as Crisis
from dure.notices.cap import model as cap
from dure.notices.cap import reading, writing
from dure.respond.doors.letter import Letter
from dure.respond.doors.model import Way, What
from dure.respond.model import HandoffKind, Mode
from dure.respond.types import TYPES

DE1 = "urn:oasis:names:tc:emergency:EDXL:DE:1.0"
DE2 = "urn:oasis:names:tc:emergency:EDXL:DE:2.0"
SENDER = "handoff@dure"
CONFIDENTIAL = "Unclassified"
LASTS = timedelta(days=1)
AREA_M = 100.0
_JSON = "application/json"
_STATUS = {Mode.REAL: "Actual", Mode.DRILL: "Exercise", Mode.TEST: "Test"}
_CATEGORY = {
    "fire": cap.Category.FIRE,
    "medical": cap.Category.HEALTH,
    "crime": cap.Category.SECURITY,
    "missing_person": cap.Category.RESCUE,
    "emergency_bell": cap.Category.SECURITY,
    "traffic": cap.Category.TRANSPORT,
    "flood": cap.Category.MET,
    "gas": cap.Category.CBRNE,
    "crowd": cap.Category.SAFETY,
    "earthquake": cap.Category.GEO,
    "epidemic_cluster": cap.Category.HEALTH,
    "power_cut": cap.Category.INFRA,
    "cyber": cap.Category.SECURITY,
    "facility_fault": cap.Category.INFRA,
}
"""Kinds of incidents in the standard's categories (CAP 1.2, 3.2.2); a convention of ours."""


def written(letter: Letter, way: Way) -> bytes:
    """A letter in its envelope. Raises Invalid for what the standards cannot say."""
    sent = _local(datetime.fromisoformat(letter.value["at"]))
    told = json.dumps(letter.value, ensure_ascii=False, separators=(",", ":")).encode()
    alert = _alert(letter, sent) if letter.what is What.HANDOFF else None
    return writing.serial((_first if way is Way.EDXL1 else _second)(letter, sent, told, alert))


def _kind(letter: Letter) -> str:
    if letter.what is not What.HANDOFF:
        return "Update"
    return "Report" if letter.row["kind"] == HandoffKind.TELL else "Request"


def _first(letter: Letter, sent: datetime, told: bytes, alert: Element | None) -> Element:
    root = _root(DE1, "EDXLDistribution")
    for name, value in (
        ("distributionID", str(letter.reference)),
        ("senderID", SENDER),
        ("dateTimeSent", writing.at(sent)),
        ("distributionStatus", _STATUS[Mode(letter.row["mode"])]),
        ("distributionType", _kind(letter)),
        ("combinedConfidentiality", CONFIDENTIAL),
        ("language", "ko-KR"),
    ):
        _add(root, name, value)
    address = _add(root, "explicitAddress")
    _add(address, "explicitAddressScheme", "urn:dure:agency")
    _add(address, "explicitAddressValue", letter.row["agency_id"])
    if letter.row["lon"] is not None:
        area = _add(root, "targetArea")  # a circle: latitude, longitude, radius in kilometres (DE 1.0, 3.2.3)
        _add(area, "circle", f"{letter.row['lat']:.6f},{letter.row['lon']:.6f} {AREA_M / 1000:g}")
    for description, put in _contents(letter, alert):
        content = _add(root, "contentObject")
        _add(content, "contentDescription", description)
        _add(content, "incidentID", letter.row["receipt_no"])
        if put is not None:
            _add(_add(content, "xmlContent"), "embeddedXMLContent").append(put)
        else:
            _other(content, "nonXMLContent", told)
    return root


def _second(letter: Letter, sent: datetime, told: bytes, alert: Element | None) -> Element:
    root = _root(DE2, "edxlDistribution")
    for name, value in (
        ("distributionID", str(letter.reference)),
        ("senderID", SENDER),
        ("dateTimeSent", writing.at(sent)),
        ("dateTimeExpires", writing.at(sent + LASTS)),
        ("distributionStatus", _STATUS[Mode(letter.row["mode"])]),
        ("distributionKind", _kind(letter)),
    ):
        _add(root, name, value)
    descriptor = _add(root, "descriptor")
    _add(descriptor, "combinedConfidentiality", CONFIDENTIAL)
    _add(descriptor, "language", "ko-KR")
    address = _add(descriptor, "explicitAddress")
    _add(address, "explicitAddressScheme", "urn:dure:agency")
    _add(address, "explicitAddressValue", letter.row["agency_id"])
    _add(descriptor, "severity", cap.OF_CRISIS[Crisis(letter.row["severity"])].value)
    _add(descriptor, "incidentID", letter.row["receipt_no"])
    content = _add(root, "content")
    for description, put in _contents(letter, alert):
        item = _add(content, "contentObject")
        _add(_add(item, "contentDescriptor"), "contentDescription", description)
        if put is not None:
            _add(_add(item, "contentXML"), "embeddedXMLContent").append(put)
        else:
            _other(item, "otherContent", told)
    return root


def _contents(letter: Letter, alert: Element | None) -> list[tuple[str, Element | None]]:
    found: list[tuple[str, Element | None]] = [(f"dure {letter.what.value}", None)]
    return found if alert is None else [("CAP 1.2", alert), *found]


def _other(parent: Element, name: str, told: bytes) -> None:
    content = _add(parent, name)
    _add(content, "mimeType", _JSON)
    _add(content, "size", str(len(told)))
    _add(content, "contentData", base64.b64encode(told).decode())


def _alert(letter: Letter, sent: datetime) -> Element:
    """The incident as a restricted alert: for those it is addressed to (CAP 1.2, 3.2.1 scope and restriction)."""
    row = letter.row
    status = {Mode.REAL: cap.Status.ACTUAL, Mode.DRILL: cap.Status.EXERCISE, Mode.TEST: cap.Status.TEST}
    infos = tuple(_info(letter, language, sent) for language in LANGUAGES)
    alert = cap.Alert(
        str(letter.reference), SENDER, sent, status[Mode(row["mode"])], cap.MsgType.ALERT, infos, scope="Restricted",
    )  # fmt: skip
    root = writing.written(alert)
    scope = root.find(f"{{{cap.NAMESPACE}}}scope")
    assert scope is not None
    restriction: Element = etree.Element(f"{{{cap.NAMESPACE}}}restriction")
    restriction.text = row["agency_id"]
    scope.addnext(restriction)
    incidents: Element = etree.Element(f"{{{cap.NAMESPACE}}}incidents")
    incidents.text = row["receipt_no"]
    first = root.find(f"{{{cap.NAMESPACE}}}info")
    assert first is not None
    first.addprevious(incidents)
    return root


def _info(letter: Letter, language: Language, sent: datetime) -> cap.Info:
    row, kind = letter.row, TYPES.kept(letter.row["type"])
    event = catalogue().text(language, kind.title)
    name = row["name"] or row["address"] or row["receipt_no"]
    described = letter.value["incident"].get("description") or ""
    note = letter.value["handoff"].get("note") or ""
    return cap.Info(
        {"ko": "ko-KR", "en": "en-US"}[language],
        _CATEGORY.get(row["type"]) or _CATEGORY.get(kind.merge_group, cap.Category.OTHER),
        event,
        cap.Urgency.IMMEDIATE,
        cap.OF_CRISIS[Crisis(row["severity"])],
        cap.Certainty.OBSERVED if row["standing_alarms"] else cap.Certainty.LIKELY,
        sent + LASTS,
        _sayable(f"{event} · {name}"),
        _sayable("\n".join(filter(None, (described, note)))),
        areas=(_area(row, name),),
    )


def _area(row: Mapping[Any, Any], name: str) -> cap.Area:
    if row["lon"] is None:  # an address that nobody has found yet: the receipt number stands for it
        return cap.Area(_sayable(name), code=row["receipt_no"], scheme="urn:dure:receipt")
    middle = LonLat(row["lon"], row["lat"])
    corners = [moved(middle, degrees, AREA_M) for degrees in range(360, 0, -45)]
    ring = tuple((corner.lon, corner.lat) for corner in corners)
    return cap.Area(_sayable(name), (*ring, ring[0]))


def _sayable(told: str) -> str:
    """What XML can say of it: control characters and half characters are left out."""
    return "".join(one for one in told if one in "\n\t" or (one >= " " and not "\ud800" <= one <= "\udfff"
                                                            and one not in "\ufffe\uffff"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What an envelope of an agency says: an event as the webhook takes it, or a bare Ack or Error of our envelope."""

    event: Mapping[str, Any] | None
    about: UUID | None = None
    kind: str = ""
    number: str = ""
    at: datetime | None = None


def read(document: bytes) -> Answer:
    """An agency's envelope, without entities, network or DTD. Raises Invalid."""
    root = reading.parsed(document)
    if root.tag == f"{{{DE1}}}EDXLDistribution":
        event = _event(root, DE1, "nonXMLContent")
        return Answer(event) if event is not None else _bare(root)
    if root.tag == f"{{{DE2}}}edxlDistribution":
        event = _event(root, DE2, "otherContent")
        if event is not None:
            return Answer(event)
    raise Invalid("respond.door.envelope")


def _event(root: Element, space: str, name: str) -> Mapping[str, Any] | None:
    for content in root.iter(f"{{{space}}}{name}"):
        if _text(content, space, "mimeType") != _JSON:
            continue
        try:
            value = strict_json(base64.b64decode(_text(content, space, "contentData"), validate=True))
        except (binascii.Error, ValueError, BadRequest) as error:
            raise Invalid("respond.door.envelope") from error
        if isinstance(value, dict):
            return value
    return None


def _bare(root: Element) -> Answer:
    """DE 1.0, 3.2.1: a reference is the other envelope's distributionID, senderID and dateTimeSent, with commas."""
    kind = {"Ack": "acknowledged", "Error": "declined"}.get(_text(root, DE1, "distributionType"))
    try:
        about = UUID(_text(root, DE1, "distributionReference").split(",")[0])
        at = datetime.fromisoformat(_text(root, DE1, "dateTimeSent"))
    except ValueError as error:
        raise Invalid("respond.door.envelope") from error
    if kind is None or at.tzinfo is None:
        raise Invalid("respond.door.envelope")
    return Answer(None, about, kind, _text(root, DE1, "distributionID"), at)


def _text(element: Element, space: str, name: str) -> str:
    found = element.find(f"{{{space}}}{name}")
    return "" if found is None else "".join(str(one) for one in found.itertext()).strip()


def _root(space: str, name: str) -> Element:
    made: Element = etree.Element(f"{{{space}}}{name}", nsmap={None: space})
    return made


def _add(parent: Element, name: str, value: str | None = None) -> Element:
    space = etree.QName(parent).namespace
    made: Element = etree.SubElement(parent, f"{{{space}}}{name}")
    if value is not None:
        made.text = value
    return made


def _local(at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(city_zone())).replace(microsecond=0)
