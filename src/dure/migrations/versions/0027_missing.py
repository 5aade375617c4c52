"""Missing people: who is looked for, the trail of places, with whom the photo is shared."""

from alembic import op

revision = "0027_missing"
down_revision = "0025_push"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table missing_person (
            incident_id uuid not null,
            mark_id uuid not null,
            person_id uuid,
            guardian_id uuid,
            age integer not null,
            condition text not null,
            basis text not null,
            document text,
            device_id text,
            photo bytea,
            photo_media text,
            photo_at timestamptz,
            told_at timestamptz not null,
            told_by text not null,
            outcome text,
            ended_at timestamptz,
            ended_by text,
            version integer default 1 not null,
            constraint pk_missing_person primary key (incident_id),
            constraint uq_missing_person_mark_id unique (mark_id),
            constraint ck_missing_person_condition check (
                condition in ('none', 'intellectual', 'autistic', 'mental', 'dementia')
            ),
            constraint ck_missing_person_ended check (
                (ended_at is null) = (outcome is null)
                and (ended_at is null or (photo is null and person_id is null))
            )
        );
        create table missing_sighting (
            id uuid not null,
            incident_id uuid not null,
            at timestamptz not null,
            source text not null,
            place bytea not null,
            told_at timestamptz not null,
            told_by text not null,
            constraint pk_missing_sighting primary key (id),
            constraint fk_missing_sighting_incident_id foreign key(incident_id)
                references missing_person (incident_id) on delete cascade,
            constraint ck_missing_sighting_source check (
                source in ('police', 'camera', 'guardian', 'citizen', 'device')
            )
        );
        create index ix_missing_sighting_incident_id on missing_sighting (incident_id, at);
        create table missing_share (
            id uuid not null,
            incident_id uuid not null,
            agency_id text not null,
            basis text not null,
            from_at timestamptz not null,
            until_at timestamptz not null,
            shared_by text not null,
            ended_at timestamptz,
            views integer default 0 not null,
            constraint pk_missing_share primary key (id),
            constraint fk_missing_share_incident_id foreign key(incident_id)
                references missing_person (incident_id) on delete cascade
        );
        create index ix_missing_share_incident_id on missing_share (incident_id, agency_id);
        """
    )
