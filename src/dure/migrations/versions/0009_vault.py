"""Keys of the person vault: records that were found to be one person's, destructions, sealed words of incidents."""

from alembic import op

revision = "0009_vault"
down_revision = "0008_who"
branch_labels = None
depends_on = None

_PEOPLE = """
alter table person add merged_into uuid constraint fk_person_merged_into references person (id) on delete set null
    constraint ck_person_merged_into check (merged_into <> id);
create index ix_person_merged_into on person (merged_into) where merged_into is not null;
alter table person_index drop constraint pk_person_index;
alter table person_index add constraint pk_person_index primary key (person_id, field, digest);
create table person_pair (
    first_id uuid not null constraint fk_person_pair_first_id references person (id) on delete cascade,
    second_id uuid not null constraint fk_person_pair_second_id references person (id) on delete cascade,
    score double precision not null,
    why text[] not null,
    state text not null default 'open' constraint ck_person_pair_state check (state in ('open', 'merged', 'different')),
    kept_id uuid,
    learned text[] not null default '{}',
    found_at timestamptz not null,
    decided_at timestamptz,
    decided_by text,
    constraint pk_person_pair primary key (first_id, second_id),
    constraint ck_person_pair_order check (first_id < second_id)
);
create index ix_person_pair_second_id on person_pair (second_id);
create index ix_person_pair_open on person_pair (score desc) where state = 'open';
create table destruction (
    id uuid constraint pk_destruction primary key,
    kind text not null,
    subject_id uuid not null,
    reason text not null,
    by text not null,
    ordered_at timestamptz not null,
    done_at timestamptz,
    constraint uq_destruction_subject unique (kind, subject_id)
);
create index ix_destruction_waiting on destruction (ordered_at) where done_at is null;
create table vault_state (
    one boolean constraint pk_vault_state primary key default true constraint ck_vault_state_one check (one),
    form integer not null,
    rotated_at timestamptz
);
insert into vault_state (form) values (1);
create table vault_link_waiting (
    person_id uuid constraint pk_vault_link_waiting primary key,
    devices text[] not null
);
insert into vault_link_waiting (person_id, devices)
    select person_id, array_agg(distinct device order by device)
    from care_person, unnest(device_ids) device group by person_id;
alter table care_person drop column device_ids;
update kept_answer set body = null, request_hash = '' where body is not null;
"""

_WORDS = (
    ("incident", "description"),
    ("incident", "outcome_reason"),
    ("report", "description"),
    ("handoff", "note"),
    ("handoff", "answer"),
    ("timeline", "text"),
)


def upgrade() -> None:
    """Words that people wrote become bytes; a first byte 0 says that they wait to be sealed, which needs the keys."""
    op.execute(_PEOPLE)
    for table, column in _WORDS:
        op.execute(f"alter table {table} alter column {column} drop default")
        op.execute(
            f"alter table {table} alter column {column} type bytea using "
            f"case when {column} = '' then ''::bytea else decode('00', 'hex') || convert_to({column}, 'UTF8') end"
        )
    for table, column in (("incident", "description"), ("handoff", "note")):
        op.execute(f"alter table {table} alter column {column} set default ''::bytea")
