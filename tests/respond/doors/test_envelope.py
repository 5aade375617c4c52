"""EDXL-DE 1.0 and 2.0 with CAP 1.2 inside: what is written has the standards' order, and reads back as what it was."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from dure.kernel.errors import Invalid
from dure.notices.cap import reading
from dure.notices.cap.model import NAMESPACE
from dure.respond.doors import envelope
from dure.respond.doors.letter import Letter
from dure.respond.doors.model import Way, What

CAP = etree.XMLSchema(etree.parse(Path(__file__).parents[2] / "notices" / "oasis" / "CAP-v1.2.xsd"))
REFERENCE = UUID("01939c1e-0000-7000-8000-000000000001")
AT = datetime(2026, 12, 5, 3, 0, 0, 123000, tzinfo=UTC)
FIRST = [
    "distributionID",
    "senderID",
    "dateTimeSent",
    "distributionStatus",
    "distributionType",
    "combinedConfidentiality",
    "language",
    "senderRole",
    "recipientRole",
    "keyword",
    "distributionReference",
    "explicitAddress",
    "targetArea",
    "contentObject",
]
SECOND = [
    "distributionID",
    "senderID",
    "dateTimeSent",
    "dateTimeExpires",
    "distributionStatus",
    "distributionKind",
    "descriptor",
    "content",
]
DESCRIPTOR = [
    "combinedConfidentiality",
    "language",
    "senderRole",
    "recipientRole",
    "keyword",
    "explicitAddress",
    "targetAreas",
    "urgency",
    "severity",
    "certainty",
    "incidentID",
]
"""The order of elements in the standards' tables (DE 1.0, 3.2; DE 2.0, 3.2)."""
KINDS = {"Report", "Update", "Cancel", "Request", "Response", "Dispatch", "Ack", "Error"}


def letter(what: What = What.HANDOFF, **row: Any) -> Letter:
    about = {
        "agency_id": "fire", "kind": "transfer", "mode": "real", "type": "fire", "severity": "critical",
        "receipt_no": "HB20261205-0001", "lon": 127.38, "lat": 36.35, "name": "한빛중앙시장", "address": "시장3길 24",
        "standing_alarms": 1, **row,
    }  # fmt: skip
    value = {
        "reference": str(REFERENCE),
        "type": what.value,
        "at": AT.isoformat(),
        "handoff": {"note": row.get("note", "<나동> & 17호")},
        "incident": {"description": row.get("description", "연기가 난다")},
    }
    return Letter(REFERENCE, what, value, (), about)  # type: ignore[arg-type]


def names(element: Any) -> list[str]:
    return [etree.QName(child).localname for child in element]


def in_order(found: list[str], order: list[str]) -> bool:
    return [order.index(one) for one in found] == sorted(order.index(one) for one in found)


@pytest.mark.parametrize("way", [Way.EDXL1, Way.EDXL2])
@pytest.mark.parametrize("what", list(What))
def test_an_envelope_has_what_its_standard_asks(way: Way, what: What) -> None:
    document = envelope.written(letter(what), way)
    root = reading.parsed(document)
    if way is Way.EDXL1:
        assert in_order(names(root), FIRST)
        assert set(FIRST[:6]) <= set(names(root)), "all that is required"
        assert root.findtext(f"{{{envelope.DE1}}}distributionType") in KINDS
    else:
        assert names(root) == SECOND
        assert in_order(names(root.find(f"{{{envelope.DE2}}}descriptor")), DESCRIPTOR)
        assert root.findtext(f"{{{envelope.DE2}}}distributionKind") in KINDS
    assert root[0].text == str(REFERENCE)
    alerts = list(root.iter(f"{{{NAMESPACE}}}alert"))
    assert len(alerts) == (1 if what is What.HANDOFF else 0)
    for alert in alerts:
        CAP.assertValid(etree.fromstring(etree.tostring(alert)))
    answer = envelope.read(document)
    assert answer.event == letter(what).value, "nothing is lost on the way"


TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


@settings(max_examples=60, deadline=None)
@given(TEXT.filter(lambda told: told.isprintable()), TEXT, st.sampled_from(["real", "drill", "test"]), st.booleans(),
       st.sampled_from([Way.EDXL1, Way.EDXL2]))  # fmt: skip
def test_whatever_people_write_it_is_valid(name: str, words: str, mode: str, placed: bool, way: Way) -> None:
    words = words.encode("utf-8", "replace").decode().replace("\0", "")  # the edge lets neither in
    where: dict[str, Any] = {} if placed else {"lon": None, "lat": None}
    told = letter(name=name, address=None, description=words, mode=mode, **where)
    root = reading.parsed(envelope.written(told, way))
    (alert,) = root.iter(f"{{{NAMESPACE}}}alert")
    CAP.assertValid(etree.fromstring(etree.tostring(alert)))
    assert envelope.read(envelope.written(told, way)).event == told.value


def test_a_bare_acknowledgement_names_our_envelope() -> None:
    def ack(kind: str, reference: str) -> bytes:
        return (
            f'<EDXLDistribution xmlns="{envelope.DE1}"><distributionID>119-1</distributionID><senderID>119@fire'
            f"</senderID><dateTimeSent>2026-12-05T12:00:10+09:00</dateTimeSent><distributionStatus>Actual"
            f"</distributionStatus><distributionType>{kind}</distributionType><combinedConfidentiality>Unclassified"
            f"</combinedConfidentiality><distributionReference>{reference}</distributionReference></EDXLDistribution>"
        ).encode()

    answer = envelope.read(ack("Ack", f"{REFERENCE},handoff@dure,2026-12-05T12:00:00+09:00"))
    assert (answer.about, answer.kind, answer.number) == (REFERENCE, "acknowledged", "119-1")
    assert envelope.read(ack("Error", str(REFERENCE))).kind == "declined"
    for kind, reference in (("Report", str(REFERENCE)), ("Ack", "?")):
        with pytest.raises(Invalid):
            envelope.read(ack(kind, reference))


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><EDXLDistribution xmlns="%s">&a;</EDXLDistribution>'
        % envelope.DE1.encode(),
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
        b"<EDXLDistribution",
        b"<x/>",
        b"",
        b'<edxlDistribution xmlns="%s"><content/></edxlDistribution>' % envelope.DE2.encode(),
    ],
)
def test_what_is_no_envelope_is_refused(document: bytes) -> None:
    with pytest.raises(Invalid):
        envelope.read(document)


@pytest.mark.parametrize("inside", [b"not base64!", base64.b64encode(b"{"), base64.b64encode(b'{"a":1,"a":2}')])
def test_what_is_no_event_inside_is_refused(inside: bytes) -> None:
    document = envelope.written(letter(What.MESSAGE), Way.EDXL2)
    told = base64.b64encode(json.dumps(letter(What.MESSAGE).value, ensure_ascii=False, separators=(",", ":")).encode())
    assert told in document
    with pytest.raises(Invalid):
        envelope.read(document.replace(told, inside))
