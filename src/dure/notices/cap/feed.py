"""The Atom feed (RFC 4287) of a city's alerts, as a file."""

from collections.abc import Iterable
from datetime import datetime

from lxml import etree
from lxml.etree import _Element as Element

from dure.notices.cap.model import Alert

_ATOM = "http://www.w3.org/2005/Atom"


def feed(base: str, title: str, author: str, updated: datetime, alerts: Iterable[Alert], language: str) -> bytes:
    """Alerts, newest first; `base` is the address of the folder in which each lies as `<identifier>.xml`."""
    root = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})
    _add(root, "id", f"{base}/alerts.{language}.atom")
    _add(root, "title", title)
    _add(root, "updated", updated.isoformat())
    _link(root, "self", f"{base}/alerts.{language}.atom", "application/atom+xml")
    _add(etree.SubElement(root, f"{{{_ATOM}}}author"), "name", author)
    for alert in alerts:
        info = next((one for one in alert.infos if one.language.startswith(language)), None)
        info = info or next(iter(alert.infos), None)
        entry = etree.SubElement(root, f"{{{_ATOM}}}entry")
        _add(entry, "id", f"urn:cap:{alert.identifier}")
        _add(entry, "title", info.headline if info else alert.identifier)
        _add(entry, "updated", alert.sent.isoformat())
        _link(entry, "alternate", f"{base}/{alert.identifier}.xml", "application/cap+xml")
        if info is not None:
            _add(entry, "summary", info.description or info.headline)
            category = etree.SubElement(entry, f"{{{_ATOM}}}category")
            category.set("term", info.category.value)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _add(parent: Element, name: str, value: str) -> None:
    etree.SubElement(parent, f"{{{_ATOM}}}{name}").text = value


def _link(parent: Element, rel: str, href: str, kind: str) -> None:
    link = etree.SubElement(parent, f"{{{_ATOM}}}link")
    for name, value in (("rel", rel), ("href", href), ("type", kind)):
        link.set(name, value)
