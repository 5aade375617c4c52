"""CAP 1.2: every alert that is built is valid by the OASIS schema; what is broken, forged or wrapped is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from dure.kernel.errors import Conflict, Invalid
from dure.notices.cap import chain, feed, reading, signing, writing
from dure.notices.cap.model import (
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
)

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "oasis" / "CAP-v1.2.xsd"))
NOW = datetime(2026, 12, 5, 12, 0, tzinfo=ZoneInfo("Asia/Seoul"))
SIGNER = signing.new_signer("한빛시", NOW)
RING = ((127.38, 36.35), (127.39, 36.35), (127.39, 36.36), (127.38, 36.35))


def info(language: str = "ko-KR", **more: object) -> Info:
    made = Info(
        language, Category.FIRE, "시장 화재", Urgency.IMMEDIATE, Severity.EXTREME, Certainty.OBSERVED,
        NOW + timedelta(hours=2), "한빛중앙시장 화재, 대피하십시오", "연기가 많습니다 <1층 & 2층>", "낮은 자세로",
        "한빛시",
        areas=(Area("한빛동", RING, "3020011000"),),
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def alert(**more: object) -> Alert:
    made = Alert("HB-1", "dure@hanbit.go.kr", NOW, Status.ACTUAL, MsgType.ALERT, (info(), info("en-US")))
    return replace(made, **more)  # type: ignore[arg-type]


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=60)
SAID = TEXT.filter(lambda told: bool(told.strip()))
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda one: one.replace(tzinfo=UTC))  # noqa: DTZ001
POINTS = st.tuples(st.floats(-180, 180), st.floats(-90, 90)).map(lambda one: (round(one[0], 6), round(one[1], 6)))
RINGS = st.lists(POINTS, min_size=3, max_size=12, unique=True).map(lambda ring: (*ring, ring[0]))
AREAS = st.builds(Area, SAID, RINGS, st.none() | st.from_regex(r"[0-9]{10}", fullmatch=True))
WORDS = st.from_regex(r"[A-Za-z0-9@._-]{1,40}", fullmatch=True)


@st.composite
def alerts(draw: st.DrawFn) -> Alert:
    sent = draw(MOMENTS)
    kind = draw(st.sampled_from(MsgType))
    infos = st.builds(
        Info, st.sampled_from(["ko-KR", "en-US"]), st.sampled_from(Category), SAID, st.sampled_from(Urgency),
        st.sampled_from(Severity), st.sampled_from(Certainty), st.just(sent + timedelta(hours=1)), SAID, TEXT, TEXT,
        TEXT, st.just(""), st.lists(AREAS, min_size=1, max_size=3).map(tuple),
    )  # fmt: skip
    earlier = st.lists(st.builds(Reference, WORDS, WORDS, MOMENTS), min_size=1, max_size=3).map(tuple)
    return Alert(
        draw(WORDS), draw(WORDS), sent, draw(st.sampled_from(Status)), kind,
        tuple(draw(st.lists(infos, min_size=1, max_size=2, unique_by=lambda one: one.language))),
        () if kind is MsgType.ALERT else draw(earlier), draw(TEXT),
    )  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(alerts())
def test_every_alert_is_valid_by_the_oasis_schema_and_reads_back(made: Alert) -> None:
    root = writing.written(made)
    SCHEMA.assertValid(root)
    again = reading.read(reading.parsed(writing.serial(root)))
    assert again.identifier == made.identifier
    assert again.references == tuple(replace(one, sent=one.sent.replace(microsecond=0)) for one in made.references)
    assert [one.areas[0].code for one in again.infos] == [one.areas[0].code for one in made.infos]


def test_a_signed_alert_is_valid_and_verified() -> None:
    document = writing.serial(signing.signed(writing.written(alert()), SIGNER))
    root = reading.parsed(document)
    SCHEMA.assertValid(root)
    assert reading.read(signing.verified(root, SIGNER.certificate)) == alert()
    assert "36.350000,127.380000" in document.decode()


def test_a_changed_or_foreign_or_missing_signature_is_refused() -> None:
    document = writing.serial(signing.signed(writing.written(alert()), SIGNER))
    other = signing.new_signer("다른 시", NOW)
    changed = document.replace("낮은 자세로".encode(), "높은 자세로".encode())
    for told, certificate in ((changed, SIGNER.certificate), (document, other.certificate)):
        with pytest.raises(Invalid, match=r"notices\.cap\.signature"):
            signing.verified(reading.parsed(told), certificate)
    with pytest.raises(Invalid, match=r"notices\.cap\.unsigned"):
        signing.verified(writing.written(alert()), SIGNER.certificate)


def test_what_is_wrapped_around_a_signed_alert_is_not_read() -> None:
    inner = signing.signed(writing.written(alert()), SIGNER)
    outer = writing.written(alert(identifier="FORGED"))
    outer.append(inner)
    with pytest.raises(Invalid):
        signing.verified(reading.parsed(writing.serial(outer)), SIGNER.certificate)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b"<alert", "broken"),
        (b"", "broken"),
        (b"\xff\xfe\x00", "broken"),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "doctype"),
        (b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><a>&b;</a>', "doctype"),
        (b"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.1'/>", "other"),
        (b"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'/>", "wrong"),
        (b"<a>" + b"x" * (1 << 20) + b"</a>", "large"),
    ],
)
def test_broken_xml_and_entities_are_refused_with_the_reason(document: bytes, why: str) -> None:
    with pytest.raises(Invalid) as caught:
        reading.read(reading.parsed(document))
    assert caught.value.key == f"notices.cap.{why}"


@pytest.mark.parametrize(
    ("made", "field"),
    [
        (alert(identifier="a b"), "identifier"),
        (alert(sender="a,b"), "sender"),
        (alert(msg_type=MsgType.UPDATE), "references"),
        (alert(infos=()), "infos"),
        (alert(infos=(info(), info())), "infos"),
        (alert(infos=(info(expires=NOW),)), "infos.0.expires"),
        (alert(infos=(info(areas=()),)), "infos.0.areas"),
        (alert(infos=(info(areas=(Area("동"),)),)), "infos.0.areas.0"),
        (alert(infos=(info(areas=(Area("동", RING[:3]),)),)), "infos.0.areas.0.polygon"),
        (alert(infos=(info(headline="\x07"),)), "infos.0.headline"),
    ],
)
def test_what_the_standard_does_not_allow_is_named(made: Alert, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        writing.written(made)
    assert field in {one.field for one in caught.value.fields}


def test_updates_and_the_cancellation_name_all_that_went_before() -> None:
    told = [alert()]
    told.append(chain.follow(told, "HB-2", NOW + timedelta(minutes=5), (info(headline="불이 번집니다"),), ""))
    told.append(chain.follow(told, "HB-3", NOW + timedelta(minutes=9), None, "꺼졌습니다"))
    assert [one.identifier for one in told[2].references] == ["HB-1", "HB-2"]
    assert told[2].msg_type is MsgType.CANCEL
    for one in told:
        SCHEMA.assertValid(writing.written(one))
    with pytest.raises(Conflict):
        chain.follow(told, "HB-4", NOW + timedelta(minutes=10), None, "")
    with pytest.raises(Conflict):
        chain.follow(told[:1], "HB-4", NOW, None, "")


def test_the_feed_names_each_alert_in_the_reader_s_language() -> None:
    made = alert(infos=(info(), info("en-US", headline="Fire at the market")))
    root = etree.fromstring(feed.feed("https://city/cap", "경보", "한빛시", NOW, [made], "en"))
    entry = root.find("{*}entry")
    assert entry is not None
    assert entry.findtext("{*}title") == "Fire at the market"
    link = entry.find("{*}link")
    assert link is not None
    assert link.get("href") == "https://city/cap/HB-1.xml"
