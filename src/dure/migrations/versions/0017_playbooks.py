"""Playbooks: which version is in force for a kind of incident, and every version that there ever was."""

from alembic import op

revision = "0017_playbooks"
down_revision = "0016_audit_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table playbook (
            kind text constraint pk_playbook primary key,
            in_force integer not null,
            version integer not null default 1,
            updated_at timestamptz not null,
            updated_by text not null
        );
        create table playbook_version (
            kind text not null,
            number integer not null,
            ko text,
            en text,
            source text not null,
            note text not null default '',
            digest text not null,
            published_at timestamptz not null,
            published_by text not null,
            constraint pk_playbook_version primary key (kind, number),
            constraint ck_playbook_version_language check (ko is not null or en is not null)
        );
        alter table playbook add constraint fk_playbook_kind_in_force
            foreign key (kind, in_force) references playbook_version (kind, number) deferrable initially deferred;
        """
    )
