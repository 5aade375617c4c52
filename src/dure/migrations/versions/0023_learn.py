"""Learning: clocks that were measured, after-action reviews, findings, drills, and whom a drill may reach."""

from alembic import op

revision = "0023_learn"
down_revision = "0022_shifts"
branch_labels = None
depends_on = None

_FIRST = """[
    {"name": "test", "modes": ["test"], "review": false, "days": 0},
    {"name": "drill", "modes": ["drill"], "review": false, "days": 0},
    {"name": "false_crewed", "outcomes": ["false", "drill"], "handed_off": true,
     "severities": ["critical", "serious"], "review": true, "days": 7},
    {"name": "false", "outcomes": ["false", "drill"], "review": false, "days": 0},
    {"name": "grave", "severities": ["critical", "serious"], "review": true, "days": 14},
    {"name": "late", "clock_over": true, "review": true, "days": 14},
    {"name": "rest", "review": false, "days": 0}
]"""


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table incident_practice (
            incident_id uuid constraint pk_incident_practice primary key
                constraint fk_incident_practice_incident_id references incident (id) on delete cascade,
            accounts uuid[] not null default '{}',
            agencies text[] not null default '{}'
        );

        create table review_policy (
            from_day date constraint pk_review_policy primary key,
            rules jsonb not null,
            pass_score integer not null
                constraint ck_review_policy_pass_score check (pass_score between 0 and 100),
            source text not null,
            set_by text not null,
            set_at timestamptz not null
        );

        create table measured_clock (
            incident_id uuid not null
                constraint fk_measured_clock_incident_id references incident (id) on delete cascade,
            name text not null,
            title_ko text,
            title_en text,
            type text not null,
            severity text not null,
            mode text not null,
            outcome text not null,
            place_key text,
            place text,
            district text,
            shift text not null constraint ck_measured_clock_shift check (shift in ('day', 'evening', 'night')),
            started_at timestamptz not null,
            stopped_at timestamptz,
            seconds double precision,
            target_s double precision not null,
            constraint pk_measured_clock primary key (incident_id, name)
        );
        create index ix_measured_clock_started_at on measured_clock (mode, started_at);

        create table review (
            id uuid constraint pk_review primary key,
            incident_id uuid not null constraint uq_review_incident_id unique
                constraint fk_review_incident_id references incident (id) on delete cascade,
            state text not null constraint ck_review_state check (state in ('open', 'written', 'closed')),
            rule text not null,
            opened_at timestamptz not null,
            due_on date not null,
            owner_id uuid constraint fk_review_owner_id references account (id) on delete set null,
            happened bytea,
            expected bytea,
            why bytea,
            changes bytea,
            written_at timestamptz,
            written_by text,
            closed_at timestamptz,
            closed_by text,
            version integer not null default 1,
            created_at timestamptz not null,
            updated_at timestamptz not null
        );
        create index ix_review_standing on review (due_on, id) where state <> 'closed';
        create index ix_review_opened_at on review (opened_at, id);

        create table finding (
            id uuid constraint pk_finding primary key,
            incident_id uuid not null
                constraint fk_finding_incident_id references incident (id) on delete cascade,
            kind text not null,
            title text not null,
            why bytea,
            state text not null constraint ck_finding_state
                check (state in ('open', 'proposed', 'declined', 'published', 'rehearsed', 'closed')),
            base_number integer,
            ko text,
            en text,
            raised_at timestamptz not null,
            raised_by text not null,
            proposed_at timestamptz,
            proposed_by text,
            proposed_by_id text,
            decided_at timestamptz,
            decided_by text,
            decision text,
            published_number integer,
            closed_at timestamptz,
            closed_by text,
            version integer not null default 1,
            created_at timestamptz not null,
            updated_at timestamptz not null
        );
        create index ix_finding_incident_id on finding (incident_id);
        create index ix_finding_standing on finding (raised_at, id) where state <> 'closed';

        create table drill (
            id uuid constraint pk_drill primary key,
            incident_id uuid not null constraint uq_drill_incident_id unique
                constraint fk_drill_incident_id references incident (id) on delete cascade,
            kind text not null,
            number integer not null,
            finding_id uuid constraint fk_drill_finding_id references finding (id) on delete set null,
            title text not null,
            started_at timestamptz not null,
            started_by text not null,
            ended_at timestamptz,
            score jsonb,
            version integer not null default 1
        );
        create index ix_drill_started_at on drill (started_at, id);
        create index ix_drill_finding_id on drill (finding_id) where finding_id is not null;
        create table drill_inject (
            drill_id uuid not null constraint fk_drill_inject_drill_id references drill (id) on delete cascade,
            number integer not null,
            due_at timestamptz not null,
            act text not null constraint ck_drill_inject_act
                check (act in ('say', 'moment', 'severity', 'answer')),
            value text,
            words text,
            done_at timestamptz,
            outcome text,
            constraint pk_drill_inject primary key (drill_id, number)
        );
        """
    )
    op.get_bind().exec_driver_sql(
        "insert into review_policy (from_day, rules, pass_score, source, set_by, set_at) values "
        "('2026-01-01', %s::jsonb, 70, %s, 'dure', now())",
        (_FIRST, "도시 자체 기준의 첫 안: 시가 확인하거나 고친다"),
    )
