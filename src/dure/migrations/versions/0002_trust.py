"""Agencies, accounts, sessions, tokens, the audit log and the person vault."""

from alembic import op

revision = "0002_trust"
down_revision = "0001_engine"
branch_labels = None
depends_on = None

_PEOPLE = """
create table agency (
    id text constraint pk_agency primary key,
    kind text not null,
    name text not null,
    name_en text not null,
    networks text[] not null default '{}',
    phone text,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
insert into agency (id, kind, name, name_en, phone) values
    ('control', 'control', '통합관제센터', 'City control centre', null),
    ('police', 'police', '경찰 112상황실', 'Police 112 room', '112'),
    ('fire', 'fire', '소방 119상황실', 'Fire 119 room', '119'),
    ('disaster', 'disaster', '재난안전상황실', 'Disaster room', null),
    ('health', 'health', '보건소', 'Health centre', null),
    ('welfare', 'welfare', '복지정책과', 'Welfare office', null),
    ('school', 'school', '교육지원청', 'Office of education', null),
    ('hospital', 'hospital', '지역응급의료센터', 'Emergency hospital', null),
    ('company', 'company', '시설 위탁업체', 'Facility contractor', null);
create table account (
    id uuid constraint pk_account primary key,
    username text not null constraint uq_account_username unique,
    password_hash text,
    label text not null,
    state text not null default 'active' constraint ck_account_state check (state in ('active', 'suspended')),
    agency_id text constraint fk_account_agency_id references agency (id) on delete restrict,
    language text not null default 'ko' constraint ck_account_language check (language in ('ko', 'en')),
    signed_in_at timestamptz,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create table grant_role (
    account_id uuid not null constraint fk_grant_role_account_id references account (id) on delete cascade,
    role text not null,
    granted_at timestamptz not null default now(),
    granted_by text not null,
    constraint pk_grant_role primary key (account_id, role)
);
create table session (
    id uuid constraint pk_session primary key,
    secret_hash bytea not null constraint uq_session_secret_hash unique,
    account_id uuid not null constraint fk_session_account_id references account (id) on delete cascade,
    address text,
    browser text,
    created_at timestamptz not null,
    seen_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create index ix_session_account_id on session (account_id);
create table token (
    id uuid constraint pk_token primary key,
    secret_hash bytea not null constraint uq_token_secret_hash unique,
    name text not null,
    role text not null,
    agency_id text constraint fk_token_agency_id references agency (id) on delete restrict,
    device_id text,
    networks text[] not null default '{}',
    created_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    revoked_at timestamptz
);
create table one_time_link (
    id uuid constraint pk_one_time_link primary key,
    kind text not null,
    secret_hash bytea not null constraint uq_one_time_link_secret_hash unique,
    account_id uuid constraint fk_one_time_link_account_id references account (id) on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    constraint ck_one_time_link_kind
        check (kind in ('admin', 'reset') and (kind = 'reset') = (account_id is not null))
);
create table sign_in_guard (
    address text not null,
    username_hash bytea not null,
    failures integer not null,
    failed_at timestamptz not null,
    wait_until timestamptz not null,
    constraint pk_sign_in_guard primary key (address, username_hash)
);
create index ix_sign_in_guard_failed_at on sign_in_guard (failed_at);
create table person (
    id uuid constraint pk_person primary key,
    sealed bytea not null,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create table person_index (
    person_id uuid not null constraint fk_person_index_person_id references person (id) on delete cascade,
    field text not null,
    digest bytea not null,
    constraint pk_person_index primary key (person_id, field)
);
create index ix_person_index_digest on person_index (field, digest);
"""

_AUDIT = """
create table audit (
    id uuid constraint pk_audit primary key,
    at timestamptz not null,
    actor text not null,
    actor_name text not null,
    agency_id text,
    address text,
    action text not null,
    entity text not null,
    entity_id text not null,
    person_id uuid,
    purpose text,
    outcome text not null
);
create index ix_audit_person_id on audit (person_id) where person_id is not null;
create index ix_audit_entity on audit (entity, entity_id);
create index ix_audit_actor on audit (actor);
create index ix_audit_at on audit (at);
create table audit_seal (
    seq bigint constraint pk_audit_seal primary key,
    audit_id uuid not null constraint uq_audit_seal_audit_id unique
        constraint fk_audit_seal_audit_id references audit (id),
    hash bytea not null
);
"""

# Each field is its length in bytes, a colon and its text; null is "-": no two different lines have the same
# canonical form.
_CHAIN = """
create function audit_field(value text) returns text language sql immutable as
$$ select case when value is null then '-' else octet_length(value) || ':' || value end $$;

create function audit_canonical(line audit) returns bytea language sql stable as
$$
    select convert_to(
        audit_field(line.id::text)
        || audit_field((extract(epoch from line.at) * 1000000)::bigint::text)
        || audit_field(line.actor) || audit_field(line.actor_name) || audit_field(line.agency_id)
        || audit_field(line.address) || audit_field(line.action) || audit_field(line.entity)
        || audit_field(line.entity_id) || audit_field(line.person_id::text) || audit_field(line.purpose)
        || audit_field(line.outcome), 'UTF8')
$$;

create function audit_chain() returns trigger language plpgsql as
$$
declare
    last audit_seal;
begin
    perform pg_advisory_xact_lock(hashtext('dure.audit'));
    select * into last from audit_seal order by seq desc limit 1;
    insert into audit_seal (seq, audit_id, hash)
    values (coalesce(last.seq, 0) + 1, new.id, sha256(coalesce(last.hash, ''::bytea) || audit_canonical(new)));
    return null;
end
$$;
create constraint trigger audit_chained after insert on audit
    deferrable initially deferred for each row execute function audit_chain();

create function audit_refuse() returns trigger language plpgsql as
$$ begin raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege'; end $$;
create trigger audit_kept before update or delete on audit for each row execute function audit_refuse();
create trigger audit_not_emptied before truncate on audit for each statement execute function audit_refuse();
create trigger audit_seal_kept before update or delete on audit_seal for each row execute function audit_refuse();
create trigger audit_seal_not_emptied before truncate on audit_seal for each statement execute function audit_refuse();
"""


def upgrade() -> None:
    op.execute(_PEOPLE)
    op.execute(_AUDIT)
    op.execute(_CHAIN)
