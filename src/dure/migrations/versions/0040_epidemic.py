"""Epidemic: cases with all their versions, and who was exposed to whom."""

from alembic import op

revision = "0040_epidemic"
down_revision = "0036_camera_health"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table epidemic_case (
            id uuid not null,
            disease text not null,
            code text not null,
            status text default 'confirmed' not null,
            person_id uuid,
            sex text,
            age integer,
            age_band text,
            district text,
            lon double precision,
            lat double precision,
            infected_on date,
            onset_on date,
            specimen_on date,
            confirmed_on date,
            reported_at timestamptz not null,
            admitted_on date,
            released_on date,
            died_on date,
            outcome text,
            hospital text,
            source text,
            cluster text,
            imported boolean default false not null,
            version integer default 1 not null,
            created_at timestamptz default now() not null,
            updated_at timestamptz default now() not null,
            constraint pk_epidemic_case primary key (id),
            constraint uq_epidemic_case_disease_code unique (disease, code),
            constraint ck_epidemic_case_status check (status in ('confirmed', 'probable', 'suspected', 'ruled_out')),
            constraint ck_epidemic_case_sex check (sex in ('m', 'f')),
            constraint ck_epidemic_case_age check (age between 0 and 130),
            constraint ck_epidemic_case_outcome check (outcome in ('died', 'recovered'))
        );
        create index ix_epidemic_case_person_id on epidemic_case (person_id);
        create table epidemic_case_version (
            case_id uuid not null,
            number integer not null,
            known_at timestamptz not null,
            disease text not null,
            facts jsonb,
            constraint uq_epidemic_case_version_case_id_number unique (case_id, number)
        );
        create index ix_epidemic_case_version_known_at on epidemic_case_version (disease, known_at);
        create table epidemic_link (
            id uuid not null,
            disease text not null,
            source text not null,
            target text not null,
            person_id uuid,
            exposure text,
            exposed_on date,
            version integer default 1 not null,
            created_at timestamptz default now() not null,
            updated_at timestamptz default now() not null,
            constraint pk_epidemic_link primary key (id),
            constraint uq_epidemic_link_disease_source_target unique (disease, source, target)
        );
        create index ix_epidemic_link_person_id on epidemic_link (person_id);

        -- A case that is made is known from its report on; what is changed or taken back later is known from then on.
        create function epidemic_case_made() returns trigger language plpgsql as $$
        begin
            insert into epidemic_case_version (case_id, number, known_at, disease, facts)
            select id, version, reported_at, disease, to_jsonb(made) - '{id,person_id,created_at,updated_at}'::text[]
            from made;
            return null;
        end $$;
        create function epidemic_case_changed() returns trigger language plpgsql as $$
        begin
            insert into epidemic_case_version (case_id, number, known_at, disease, facts)
            select id, version, updated_at, disease, to_jsonb(made) - '{id,person_id,created_at,updated_at}'::text[]
            from made
            on conflict (case_id, number) do nothing;
            return null;
        end $$;
        create function epidemic_case_gone() returns trigger language plpgsql as $$
        begin
            insert into epidemic_case_version (case_id, number, known_at, disease, facts)
            select id, version + 1, now(), disease, null from gone;
            return null;
        end $$;
        create trigger epidemic_case_made after insert on epidemic_case referencing new table as made
            for each statement execute function epidemic_case_made();
        create trigger epidemic_case_changed after update on epidemic_case referencing new table as made
            for each statement execute function epidemic_case_changed();
        create trigger epidemic_case_gone after delete on epidemic_case referencing old table as gone
            for each statement execute function epidemic_case_gone();
        """
    )
