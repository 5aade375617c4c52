"""Keys of the audit log that follow one another, and sessions that end with the city's single sign-on."""

from alembic import op

revision = "0016_audit_keys"
down_revision = "0015_trust"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table sso_session (
            id uuid constraint pk_sso_session primary key,
            session_id uuid constraint uq_sso_session_session_id unique
                constraint fk_sso_session_session_id references session (id) on delete cascade,
            step_id uuid constraint uq_sso_session_step_id unique,
            issuer text not null,
            subject text not null,
            sid text,
            id_token bytea not null,
            at timestamptz not null,
            constraint ck_sso_session_holder check ((session_id is null) <> (step_id is null))
        );
        create index ix_sso_session_subject on sso_session (issuer, subject);
        create index ix_sso_session_sid on sso_session (issuer, sid) where sid is not null;
        create table sso_logout (
            digest bytea constraint pk_sso_logout primary key,
            until timestamptz not null
        );
        create table audit_key (
            number bigint constraint pk_audit_key primary key,
            key text not null,
            after bigint not null,
            size bigint not null,
            at timestamptz not null,
            note text not null
        );
        create trigger audit_key_kept before update or delete on audit_key
            for each row execute function audit_refuse();
        create trigger audit_key_not_emptied before truncate on audit_key
            for each statement execute function audit_refuse();
        """
    )
