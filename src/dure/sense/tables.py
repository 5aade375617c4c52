"""Tables of the doors and of history. Times of files are those of the observations in them."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text

from dure.engine.database import metadata

refusal = Table(
    "refusal",
    metadata,
    Column("door", Text, nullable=False),  # mqtt, http, sign_in
    Column("device", Text, nullable=False),  # "" where none was named, or where too many were
    Column("reason", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("first_at", DateTime(timezone=True), nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    Column("sample", Text, nullable=False),  # shape of the newest payload, never its values
    PrimaryKeyConstraint("door", "device", "reason"),
    Index("ix_refusal_last_at", "last_at"),
)

history_file = Table(
    "history_file",
    metadata,
    Column("path", Text, primary_key=True),  # below DIR/history
    Column("sha256", LargeBinary, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("origin", Text, nullable=False),  # when that stream OBS was made
    Column("first_seq", BigInteger, nullable=False),  # in it, both ends included
    Column("last_seq", BigInteger, nullable=False),
    Column("hour", DateTime(timezone=True), nullable=False),  # in which the doors received its rows
    Column("min_at", DateTime(timezone=True), nullable=False),  # earliest and latest observed_at
    Column("max_at", DateTime(timezone=True), nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Index("ix_history_file_hour", "hour"),
    Index("ix_history_file_at", "min_at", "max_at"),
)
"""The manifest: what stands here is the truth of its observations; before, the stream is."""

history_mark = Table(
    "history_mark",
    metadata,
    Column("partition", Integer, primary_key=True),  # -1: the stream as a whole
    Column("seq", BigInteger, nullable=False),  # -1: of stream OBS; else the highest MQTT seq of the partition
    Column("origin", Text, nullable=False),  # which making of the stream the numbers belong to
)

mqtt_origin = Table(
    "mqtt_origin",
    metadata,
    Column("origin", Text, primary_key=True),  # when the MQTT stream was made, and the machine's boot
    Column("epoch", BigInteger, nullable=False),
)
"""MQTT sequences begin anew when the stream is made anew, and may be given twice after a power cut: each such life of
the stream gets a higher epoch, which stands above the sequence in `Pack.seq`."""
