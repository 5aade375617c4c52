"""People of the agencies: invitations, roles with an end, duties, delegations, service accounts, devices' keys."""

from alembic import op

revision = "0008_who"
down_revision = "0007_sign_in"
branch_labels = None
depends_on = None

_PEOPLE = """
alter table account drop constraint ck_account_state;
alter table account add constraint ck_account_state check (state in ('active', 'suspended', 'left'));
alter table account add column left_at timestamptz, add column shared_suspected_at timestamptz;
alter table session add column seen_address text;
alter table grant_role add column until timestamptz, add column on_duty boolean not null default false;
create table invitation (
    id uuid constraint pk_invitation primary key,
    secret_hash bytea not null constraint uq_invitation_secret_hash unique,
    label text not null,
    agency_id text not null constraint fk_invitation_agency_id references agency (id) on delete restrict,
    language text not null default 'ko' constraint ck_invitation_language check (language in ('ko', 'en')),
    grants jsonb not null,
    created_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    account_id uuid constraint fk_invitation_account_id references account (id) on delete cascade,
    used_at timestamptz,
    revoked_at timestamptz
);
create index ix_invitation_created_at on invitation (created_at, id);
create table duty (
    id uuid constraint pk_duty primary key,
    account_id uuid not null constraint fk_duty_account_id references account (id) on delete cascade,
    agency_id text constraint fk_duty_agency_id references agency (id) on delete restrict,
    kind text not null constraint ck_duty_kind check (kind in ('shift', 'on_call')),
    post text not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    created_by text not null,
    cancelled_at timestamptz,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint ck_duty_span check (ends_at > starts_at)
);
create index ix_duty_account_id on duty (account_id, ends_at);
create index ix_duty_starts_at on duty (starts_at, id);
create table delegation (
    id uuid constraint pk_delegation primary key,
    from_account uuid not null constraint fk_delegation_from_account references account (id) on delete cascade,
    to_account uuid not null constraint fk_delegation_to_account references account (id) on delete cascade,
    agency_id text not null constraint fk_delegation_agency_id references agency (id) on delete restrict,
    roles text[] not null,
    reason text not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    revoked_at timestamptz,
    revoked_by text,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint ck_delegation_span check (ends_at > starts_at),
    constraint ck_delegation_other check (from_account <> to_account)
);
create index ix_delegation_to_account on delegation (to_account, ends_at);
create index ix_delegation_from_account on delegation (from_account, ends_at);
create index ix_delegation_created_at on delegation (created_at, id);
"""

_MACHINES = """
create table service_account (
    id uuid constraint pk_service_account primary key,
    name text not null constraint uq_service_account_name unique,
    agency_id text not null constraint fk_service_account_agency_id references agency (id) on delete restrict,
    owner_id uuid not null constraint fk_service_account_owner_id references account (id) on delete restrict,
    purposes text[] not null,
    networks text[] not null default '{}',
    state text not null default 'active' constraint ck_service_account_state check (state in ('active', 'ended')),
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
alter table token add column service_account_id uuid
    constraint fk_token_service_account_id references service_account (id) on delete restrict;
create index ix_token_service_account_id on token (service_account_id) where service_account_id is not null;
alter table device add column old_key_hash bytea, add column old_key_until timestamptz;
alter table device add constraint ck_device_old_key check ((old_key_hash is null) = (old_key_until is null));
"""

# The one place that says which roles an account holds at a moment: its own as long as they last (and, where asked, only
# while on duty), and what colleagues of the same agency gave it for a time out of their own. What was given is never
# given further, because only `grant_role` is looked at.
_HELD = """
create function held_roles(who uuid, moment timestamptz)
returns table (role text, until timestamptz, delegator uuid, delegator_label text)
language sql stable as
$$
    select g.role, g.until, null::uuid, null::text
    from grant_role g
    where g.account_id = who and (g.until is null or g.until > moment)
        and (not g.on_duty or exists (
            select from duty d where d.account_id = who and d.cancelled_at is null
                and d.starts_at <= moment and d.ends_at > moment))
    union all
    select given.role, least(d.ends_at, own.until), f.id, f.label
    from delegation d
    join account f on f.id = d.from_account
    join account t on t.id = d.to_account
    cross join lateral unnest(d.roles) as given (role)
    join grant_role own on own.account_id = f.id and own.role = given.role
    where d.to_account = who and d.revoked_at is null and d.starts_at <= moment and d.ends_at > moment
        and f.state = 'active' and f.agency_id = d.agency_id and t.agency_id = d.agency_id
        and not own.on_duty and (own.until is null or own.until > moment)
$$;
"""

# Whatever takes a right away is told to all processes at once, whoever wrote the statement that did it.
_TOLD = """
create function tell_revoked() returns trigger language plpgsql as
$$ begin notify dure_revoked; return null; end $$;
create trigger account_told after update of state, agency_id, shared_suspected_at on account
    for each statement execute function tell_revoked();
create trigger agency_told after update of networks on agency for each statement execute function tell_revoked();
create trigger session_told after update of revoked_at on session for each statement execute function tell_revoked();
create trigger session_gone after delete on session for each statement execute function tell_revoked();
create trigger token_told after update of revoked_at, expires_at on token
    for each statement execute function tell_revoked();
create trigger service_account_told after update of state, agency_id, networks on service_account
    for each statement execute function tell_revoked();
create trigger grant_role_told after insert or update or delete on grant_role
    for each statement execute function tell_revoked();
create trigger duty_told after insert or update on duty for each statement execute function tell_revoked();
create trigger delegation_told after insert or update on delegation
    for each statement execute function tell_revoked();
"""


def upgrade() -> None:
    """From the schema before."""
    op.execute(_PEOPLE)
    op.execute(_MACHINES)
    op.execute(_HELD)
    op.execute(_TOLD)
