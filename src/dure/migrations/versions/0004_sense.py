"""Refusals at the doors, the manifest of history, the lives of the MQTT stream."""

from alembic import op

revision = "0004_sense"
down_revision = "0003_city"
branch_labels = None
depends_on = None

_TABLES = """
        CREATE TABLE refusal (
            door TEXT NOT NULL,
            device TEXT NOT NULL,
            reason TEXT NOT NULL,
            count BIGINT NOT NULL,
            first_at TIMESTAMPTZ NOT NULL,
            last_at TIMESTAMPTZ NOT NULL,
            sample TEXT NOT NULL,
            CONSTRAINT pk_refusal PRIMARY KEY (door, device, reason)
        );
        CREATE INDEX ix_refusal_last_at ON refusal (last_at);
        CREATE TABLE history_file (
            path TEXT NOT NULL,
            sha256 BYTEA NOT NULL,
            bytes BIGINT NOT NULL,
            rows BIGINT NOT NULL,
            origin TEXT NOT NULL,
            first_seq BIGINT NOT NULL,
            last_seq BIGINT NOT NULL,
            hour TIMESTAMPTZ NOT NULL,
            min_at TIMESTAMPTZ NOT NULL,
            max_at TIMESTAMPTZ NOT NULL,
            made_at TIMESTAMPTZ NOT NULL,
            CONSTRAINT pk_history_file PRIMARY KEY (path)
        );
        CREATE INDEX ix_history_file_hour ON history_file (hour);
        CREATE INDEX ix_history_file_at ON history_file (min_at, max_at);
        CREATE TABLE history_mark (
            partition INTEGER NOT NULL,
            seq BIGINT NOT NULL,
            origin TEXT NOT NULL,
            CONSTRAINT pk_history_mark PRIMARY KEY (partition)
        );
        CREATE TABLE mqtt_origin (
            origin TEXT NOT NULL,
            epoch BIGINT NOT NULL,
            CONSTRAINT pk_mqtt_origin PRIMARY KEY (origin)
        );
"""


def upgrade() -> None:
    op.execute(_TABLES)
