"""An alert as XML, in the order of the schema."""

from datetime import datetime

from lxml import etree
from lxml.etree import _Element as Element

from dure.kernel.errors import Invalid
from dure.notices.cap.model import NAMESPACE, Alert, Area, Info, wrong


def written(alert: Alert) -> Element:
    """The `alert` element. Raises Invalid, naming what the standard does not allow."""
    faults = wrong(alert)
    if faults:
        raise Invalid("notices.cap.wrong", fields=faults)
    root: Element = etree.Element(f"{{{NAMESPACE}}}alert", nsmap={None: NAMESPACE})
    for name, value in (
        ("identifier", alert.identifier),
        ("sender", alert.sender),
        ("sent", at(alert.sent)),
        ("status", alert.status.value),
        ("msgType", alert.msg_type.value),
        ("scope", alert.scope),
        ("note", alert.note),
        ("references", " ".join(f"{one.sender},{one.identifier},{at(one.sent)}" for one in alert.references)),
    ):
        _add(root, name, value)
    for info in alert.infos:
        _info(root, info)
    return root


def at(moment: datetime) -> str:
    """A time as the standard wants it: with its offset, and never Z (3.3.2)."""
    told = moment.replace(microsecond=0).isoformat()
    return told if moment.utcoffset() else told[:-6] + "-00:00"


def serial(root: Element) -> bytes:
    """The document as it is kept, signed or not; nothing is indented, so that signatures stay right."""
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _info(root: Element, info: Info) -> None:
    element = etree.SubElement(root, f"{{{NAMESPACE}}}info")
    for name, value in (
        ("language", info.language),
        ("category", info.category.value),
        ("event", info.event),
        ("urgency", info.urgency.value),
        ("severity", info.severity.value),
        ("certainty", info.certainty.value),
        ("expires", at(info.expires)),
        ("senderName", info.sender_name),
        ("headline", info.headline),
        ("description", info.description),
        ("instruction", info.instruction),
        ("web", info.web),
    ):
        _add(element, name, value)
    for area in info.areas:
        _area(element, area)


def _area(info: Element, area: Area) -> None:
    element = etree.SubElement(info, f"{{{NAMESPACE}}}area")
    _add(element, "areaDesc", area.name)
    if area.polygon:
        # The standard writes latitude first (3.2.4); everywhere else in dure longitude is.
        _add(element, "polygon", " ".join(f"{lat:.6f},{lon:.6f}" for lon, lat in area.polygon))
    if area.code is not None:
        code = etree.SubElement(element, f"{{{NAMESPACE}}}geocode")
        _add(code, "valueName", area.scheme)
        _add(code, "value", area.code)


def _add(parent: Element, name: str, value: str) -> None:
    if value:
        etree.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = value
