"""Machines that manuals set going, and what was asked of them."""

from alembic import op

revision = "0041_automations"
down_revision = "0040_epidemic"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table automation (
            id text not null,
            automation text not null,
            name text not null,
            way text not null,
            url text not null,
            lon double precision,
            lat double precision,
            reach_m double precision not null default 300,
            coil integer,
            put boolean,
            input integer,
            expected boolean,
            within_s double precision,
            sealed bytea,
            is_on boolean not null,
            last_ok_at timestamptz,
            last_fault text,
            last_fault_at timestamptz,
            changed_by text not null,
            changed_at timestamptz not null,
            version integer not null default 1,
            constraint pk_automation primary key (id),
            constraint ck_automation_way check (way in ('modbus', 'http')),
            constraint ck_automation_coil check ((way = 'modbus') = (coil is not null)),
            constraint ck_automation_sealed check ((way = 'http') = (sealed is not null)),
            constraint ck_automation_place check ((lon is null) = (lat is null))
        );
        create index ix_automation_automation on automation (automation);

        create table automation_call (
            id uuid not null,
            automation_id text not null,
            incident_id uuid not null,
            run_id uuid not null,
            act_id text not null,
            attempt integer not null,
            title text not null,
            due_at timestamptz,
            status text not null,
            reason text,
            tries integer not null default 0,
            doubled integer not null default 0,
            next_at timestamptz,
            created_at timestamptz not null,
            ended_at timestamptz,
            constraint pk_automation_call primary key (id),
            constraint fk_automation_call_incident_id_incident foreign key (incident_id) references incident (id)
                on delete cascade,
            constraint ck_automation_call_status
                check (status in ('queued', 'running', 'done', 'failed', 'withdrawn'))
        );
        create index ix_automation_call_due on automation_call (next_at) where next_at is not null;
        create index ix_automation_call_incident_id on automation_call (incident_id);
        """
    )
