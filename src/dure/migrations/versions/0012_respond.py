"""Incidents: an alarm that was taken out of one, why an alarm was judged so, and what stood at a past time."""

from alembic import op

revision = "0012_respond"
down_revision = "0011_audit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table alarm_apart (
            alarm_id uuid not null,
            incident_id uuid not null
                constraint fk_alarm_apart_incident_id references incident (id) on delete cascade,
            into_id uuid constraint fk_alarm_apart_into_id references incident (id) on delete cascade,
            stage text not null,
            severity text not null,
            at timestamptz not null,
            by text not null,
            constraint pk_alarm_apart primary key (alarm_id, incident_id)
        );
        alter table alarm
            add column judged_reason text,
            add column judged_words text;
        create index ix_alarm_closed_at on alarm (closed_at);
        """
    )
