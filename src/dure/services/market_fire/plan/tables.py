"""Whose a market is, plans of stalls, how each stall stands, and detectors put into use. No person stands in them."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from dure.engine.columns import at, kept, version
from dure.engine.database import metadata


def _asset(name: str, *, key: bool = False) -> Column[object]:
    return Column(name, Uuid, ForeignKey("asset.id", ondelete="CASCADE"), primary_key=key, nullable=False)


market_association = Table(
    "market_association",
    metadata,
    _asset("market_id", key=True),
    Column("agency_id", Text, ForeignKey("agency.id", ondelete="CASCADE"), nullable=False),
    at("set_at"),
    Column("set_by", Text, nullable=False),
)
"""Which merchants' association a market has, where it is not the one that its file names (`reach`)."""

market_shape = Table(
    "market_shape",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False),  # the stall's, in asset: `<market>/<zone>/<floor>/<stall no.>`
    Column("geometry", JSONB, nullable=False),  # GeoJSON Polygon or MultiPolygon, WGS84
    *kept(),
    UniqueConstraint("code"),
)
"""Outlines of stalls that a file gave. A stall without one has that of the base map, else a box in its row."""

market_stall_state = Table(
    "market_stall_state",
    metadata,
    _asset("stall_id", key=True),
    Column("state", Text, nullable=False),
    at("since"),
    version(),
    CheckConstraint("state in ('alarm', 'pre_alarm', 'works', 'silent', 'fault', 'normal', 'unwatched')", name="state"),
)
"""How a stall stood when it was last looked at: what screens follow (`live`)."""

market_commissioning = Table(
    "market_commissioning",
    metadata,
    Column("id", Uuid, primary_key=True),
    _asset("market_id"),
    _asset("stall_id"),
    Column("device_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("before", JSONB, nullable=False),  # asset_id and attrs of the device, for the undoing
    Column("firmware", Text),
    at("began_at"),
    Column("began_by", Text, nullable=False),
    at("press_asked_at", needed=False),
    at("heard_at", needed=False),
    Column("heard", JSONB),  # what arrived: {property: value}
    at("ended_at", needed=False),
    Column("ended_by", Text),
    at("undone_at", needed=False),
    version(),
    CheckConstraint("state in ('placed', 'done', 'undone')", name="state"),
    Index("ix_market_commissioning_market_id", "market_id", "began_at"),
    Index("uq_market_commissioning_device_id", "device_id", unique=True, postgresql_where=text("state = 'placed'")),
)
