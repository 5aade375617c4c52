"""Ways to sign in: passkeys, one-time codes, recovery codes, single sign-on, and when a session proved itself."""

from alembic import op

revision = "0007_sign_in"
down_revision = "0006_respond"
branch_labels = None
depends_on = None

_SESSION = """
alter table session
    add column method text not null default 'password',
    add column second boolean not null default false,
    add column proven_at timestamptz,
    add column former_hash bytea,
    add column former_until timestamptz;
create index ix_session_former_hash on session (former_hash) where former_hash is not null;
"""

_FACTORS = """
create table passkey (
    id uuid constraint pk_passkey primary key,
    account_id uuid not null constraint fk_passkey_account_id references account (id) on delete cascade,
    credential_id bytea not null constraint uq_passkey_credential_id unique,
    public_key bytea not null,
    sign_count bigint not null,
    name text not null,
    aaguid text not null,
    backed_up boolean not null,
    transports text[] not null default '{}',
    created_at timestamptz not null,
    used_at timestamptz
);
create index ix_passkey_account_id on passkey (account_id);
create table passkey_challenge (
    id uuid constraint pk_passkey_challenge primary key,
    purpose text not null
        constraint ck_passkey_challenge_purpose check (purpose in ('add', 'sign_in', 'second', 'prove')),
    holder uuid,
    challenge bytea not null,
    expires_at timestamptz not null
);
create index ix_passkey_challenge_expires_at on passkey_challenge (expires_at);
create table totp (
    account_id uuid constraint pk_totp primary key
        constraint fk_totp_account_id references account (id) on delete cascade,
    sealed bytea,
    confirmed_at timestamptz,
    last_step bigint,
    pending bytea,
    pending_at timestamptz
);
create table recovery_code (
    account_id uuid not null constraint fk_recovery_code_account_id references account (id) on delete cascade,
    digest bytea not null,
    made_at timestamptz not null,
    used_at timestamptz,
    constraint pk_recovery_code primary key (account_id, digest)
);
create table second_step (
    id uuid constraint pk_second_step primary key,
    secret_hash bytea not null constraint uq_second_step_secret_hash unique,
    account_id uuid not null constraint fk_second_step_account_id references account (id) on delete cascade,
    method text not null,
    tries integer not null default 0,
    proven_at timestamptz,
    expires_at timestamptz not null
);
create index ix_second_step_expires_at on second_step (expires_at);
create table second_factor_rule (
    role text constraint pk_second_factor_rule primary key,
    demand text not null
        constraint ck_second_factor_rule_demand check (demand in ('offered', 'when_set_up', 'required')),
    updated_at timestamptz not null,
    updated_by text not null
);
insert into second_factor_rule (role, demand, updated_at, updated_by) values
    ('admin', 'when_set_up', now(), 'system:start'),
    ('auditor', 'when_set_up', now(), 'system:start');
create table known_browser (
    id uuid constraint pk_known_browser primary key,
    secret_hash bytea not null constraint uq_known_browser_secret_hash unique,
    account_id uuid not null constraint fk_known_browser_account_id references account (id) on delete cascade,
    used_at timestamptz not null
);
create index ix_known_browser_account_id on known_browser (account_id);
"""

_SINGLE_SIGN_ON = """
create table identity (
    id uuid constraint pk_identity primary key,
    account_id uuid not null constraint fk_identity_account_id references account (id) on delete cascade,
    issuer text not null,
    subject text not null,
    linked_at timestamptz not null,
    used_at timestamptz,
    constraint uq_identity_issuer unique (issuer, subject)
);
create index ix_identity_account_id on identity (account_id);
create table sso_attempt (
    id uuid constraint pk_sso_attempt primary key,
    state_hash bytea not null constraint uq_sso_attempt_state_hash unique,
    browser_hash bytea not null,
    purpose text not null constraint ck_sso_attempt_purpose check (purpose in ('sign_in', 'link', 'prove')),
    session_id uuid,
    nonce text not null,
    verifier text not null,
    expires_at timestamptz not null
);
create index ix_sso_attempt_expires_at on sso_attempt (expires_at);
"""


def upgrade() -> None:
    """From the schema before."""
    op.execute(_SESSION)
    op.execute(_FACTORS)
    op.execute(_SINGLE_SIGN_ON)
