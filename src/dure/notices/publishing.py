"""Publishing CAP alerts: signed, kept as rows, and laid out as files that anybody may read at any rate."""

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.paging import Key
from dure.engine.settings import city_zone
from dure.kernel.errors import Conflict, NotFound, Unavailable
from dure.kernel.ids import new_id
from dure.notices.cap import chain, feed, reading, signing, writing
from dure.notices.cap.model import Alert, Info, MsgType, Status
from dure.trust import audit
from dure.trust.principal import Principal

FEED_MOST = 100
_KEY, _CERTIFICATE = "cap.key", "cap.pem"
_INSERT = text(
    "insert into cap_alert (id, identifier, sender, sent, msg_type, status, root_id, incident_id, xml, expires_at, "
    "made_by) values (:id, :identifier, :sender, :sent, :msg_type, :status, :root_id, :incident_id, :xml, "
    ":expires_at, :by)"
)
_COLUMNS = "id, identifier, sender, sent, msg_type, status, root_id, incident_id, expires_at, made_by"
_ONE = text(f"select {_COLUMNS}, xml from cap_alert where id = :id")
_CHAIN = text(f"select {_COLUMNS}, xml from cap_alert where root_id = :root order by sent, id for update")
_LISTED = text(
    f"select {_COLUMNS} from cap_alert where (cast(:at as timestamptz) is null or (sent, id) < (:at, :id)) "
    "order by sent desc, id desc limit :limit"
)
_IN_FORCE = text(
    "select xml from (select distinct on (root_id) xml, status, msg_type, expires_at, sent from cap_alert "
    "order by root_id, sent desc, id desc) newest "
    "where status = 'Actual' and msg_type <> 'Cancel' and expires_at > :now order by sent desc limit :most"
)
_NEWEST = text("select identifier, xml from cap_alert order by sent desc, id desc limit :most")


def folder(data: Path) -> Path:
    """Where the files lie that anybody may read."""
    return data / "public" / "cap"


def signer(data: Path, now: datetime) -> signing.Signer:
    """The city's key of alerts, DIR/secrets/cap.key, with its certificate beside it; made at first use. Blocking."""
    secrets = data / "secrets"
    try:
        return signing.Signer((secrets / _KEY).read_bytes(), (secrets / _CERTIFICATE).read_bytes())
    except FileNotFoundError:
        secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = signing.new_signer("dure", now)
    lock = secrets / f"{_KEY}.{os.getpid()}.new"
    with os.fdopen(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(made.key)
        file.flush()
        os.fsync(file.fileno())
    try:
        _laid(secrets / _CERTIFICATE, made.certificate, fresh=True)
        os.link(lock, secrets / _KEY)
    except FileExistsError:
        pass  # another process made it at this moment
    finally:
        lock.unlink()
    try:
        return signing.Signer((secrets / _KEY).read_bytes(), (secrets / _CERTIFICATE).read_bytes())
    except FileNotFoundError as error:
        raise Unavailable("notices.cap.key") from error


async def publish(
    tx: Tx, data: Path, principal: Principal, sender: str, status: Status, infos: tuple[Info, ...],
    incident_id: UUID | None,
) -> UUID:  # fmt: skip
    """A first alert. Raises Invalid, naming what the standard does not allow."""
    id_ = new_id()
    alert = Alert(f"dure-{id_}", sender, _now(tx), status, MsgType.ALERT, infos)
    return await _kept(tx, data, principal, alert, id_, id_, incident_id)


async def follow(
    tx: Tx, data: Path, principal: Principal, alert_id: UUID, infos: tuple[Info, ...] | None, note: str
) -> UUID:
    """An update (with `infos`) or the cancellation (without) of the chain that an alert belongs to. Raises NotFound,
    Conflict where it was cancelled, Invalid.
    """
    row = await one(tx, alert_id)
    rows = await tx.rows(_CHAIN, {"root": row["root_id"]})
    told = [reading.read(reading.parsed(each["xml"].encode())) for each in rows]
    id_ = new_id()
    sent = max(_now(tx), told[-1].sent + timedelta(seconds=1))  # the standard tells times to the second
    alert = chain.follow(told, f"dure-{id_}", sent, infos, note)
    return await _kept(tx, data, principal, alert, id_, row["root_id"], row["incident_id"])


async def one(tx: Tx, alert_id: UUID) -> RowMapping:
    """One alert with its XML. Raises NotFound."""
    row = await tx.row(_ONE, {"id": alert_id})
    if row is None:
        raise NotFound("notices.cap.unknown")
    return row


async def listed(tx: Tx, after: Key | None, limit: int) -> Sequence[RowMapping]:
    """Alerts, newest first."""
    at, id_ = after or (None, None)
    return await tx.rows(_LISTED, {"at": at, "id": id_, "limit": limit})


async def in_force(tx: Tx) -> list[Alert]:
    """What citizens are warned of now: the newest alert of each chain that is meant, not cancelled and not over."""
    rows = await tx.rows(_IN_FORCE, {"now": tx.now(), "most": FEED_MOST})
    return [reading.read(reading.parsed(row["xml"].encode())) for row in rows]


def shown(row: RowMapping) -> dict[str, Any]:
    """An alert as the API shows it, without its XML."""
    return {
        **{name: row[name] for name in ("identifier", "sender", "sent", "msg_type", "status", "expires_at", "made_by")},
        **{name: None if row[name] is None else str(row[name]) for name in ("id", "root_id", "incident_id")},
    }


async def lay_out(context: Context) -> None:
    """Bring the files up to date: each alert as `<identifier>.xml`, feeds in both languages, the certificate."""
    async with context.database.transaction() as tx:
        rows = await tx.rows(_NEWEST, {"most": FEED_MOST})
        now = tx.now()
    if rows:
        await asyncio.to_thread(_lay_out, context, [(row["identifier"], row["xml"]) for row in rows], now)


def _lay_out(context: Context, alerts: Sequence[tuple[str, str]], now: datetime) -> None:
    place = folder(context.settings.data)
    place.mkdir(parents=True, exist_ok=True)
    told = [reading.read(reading.parsed(xml.encode())) for _, xml in alerts]
    for identifier, xml in alerts:
        _laid(place / f"{identifier}.xml", xml.encode(), fresh=True)
    base = f"{context.settings.public_url}/cap"
    for language, title in (("ko", "재난 경보"), ("en", "Alerts")):
        made = feed.feed(base, title, told[0].sender, told[0].sent, told, language)
        _laid(place / f"alerts.{language}.atom", made, fresh=False)
    _laid(place / "certificate.pem", signer(context.settings.data, now).certificate, fresh=True)


def _laid(path: Path, content: bytes, *, fresh: bool) -> None:
    """A file that readers find whole or not at all. `fresh`: what is there already stays."""
    if path.exists() and (fresh or _digest(path.read_bytes()) == _digest(content)):
        return
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        part.unlink()
    part.write_bytes(content)
    part.replace(path)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _now(tx: Tx) -> datetime:
    return tx.now().astimezone(ZoneInfo(city_zone())).replace(microsecond=0)


async def _kept(
    tx: Tx, data: Path, principal: Principal, alert: Alert, id_: UUID, root_id: UUID, incident_id: UUID | None
) -> UUID:
    if alert.msg_type is not MsgType.CANCEL and max(one.expires for one in alert.infos) <= tx.now():
        raise Conflict("notices.cap.expires")
    element = writing.written(alert)
    key = await asyncio.to_thread(signer, data, tx.now())
    xml = writing.serial(await asyncio.to_thread(signing.signed, element, key)).decode()
    await audit.record(tx, principal, f"cap.{alert.msg_type.value.lower()}", "cap_alert", id_, case=incident_id)
    await tx.execute(
        _INSERT,
        {
            "id": id_,
            "identifier": alert.identifier,
            "sender": alert.sender,
            "sent": alert.sent,
            "msg_type": alert.msg_type.value,
            "status": alert.status.value,
            "root_id": root_id,
            "incident_id": incident_id,
            "xml": xml,
            "expires_at": max((one.expires for one in alert.infos), default=alert.sent),
            "by": principal.actor,
        },
    )
    return id_
