"""Epidemic care: wards and patients, quarantine with its officers, screening stations and their times."""

from alembic import op

revision = "0047_epidemic_care"
down_revision = "0046_fire_learning"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table epidemic_ward (
            id uuid not null,
            facility text not null,
            code text not null,
            kind text not null,
            capacity integer not null,
            sex text,
            isolation boolean default false not null,
            oxygen text default 'none' not null,
            languages text[] default '{}'::text[] not null,
            address text,
            lon double precision,
            lat double precision,
            open boolean default true not null,
            version integer default 1 not null,
            created_at timestamptz default now() not null,
            updated_at timestamptz default now() not null,
            constraint pk_epidemic_ward primary key (id),
            constraint uq_epidemic_ward_facility_code unique (facility, code),
            constraint ck_epidemic_ward_kind check (kind in ('centre', 'hospital', 'intensive')),
            constraint ck_epidemic_ward_capacity check (capacity between 0 and 10000),
            constraint ck_epidemic_ward_sex check (sex in ('m', 'f')),
            constraint ck_epidemic_ward_oxygen check (oxygen in ('none', 'oxygen', 'ventilator'))
        );
        create table epidemic_care (
            case_id uuid not null,
            disease text not null,
            state text not null,
            level text not null,
            placement text not null,
            score integer,
            by_table date not null,
            reasons jsonb default '[]'::jsonb not null,
            found jsonb not null,
            oxygen text default 'none' not null,
            isolation boolean default false not null,
            language text,
            household text,
            waiting_since timestamptz not null,
            seen_at timestamptz not null,
            seen_by text not null,
            tried_at timestamptz,
            calm_since timestamptz,
            worse_at timestamptz,
            worse jsonb default '[]'::jsonb not null,
            ended_at timestamptz,
            version integer default 1 not null,
            created_at timestamptz default now() not null,
            updated_at timestamptz default now() not null,
            constraint pk_epidemic_care primary key (case_id),
            constraint ck_epidemic_care_state check (state in ('waiting', 'placed', 'home', 'released', 'died')),
            constraint ck_epidemic_care_level
                check (level in ('asymptomatic', 'mild', 'moderate', 'severe', 'critical')),
            constraint ck_epidemic_care_placement check (placement in ('home', 'centre', 'hospital', 'intensive')),
            constraint ck_epidemic_care_oxygen check (oxygen in ('none', 'oxygen', 'ventilator')),
            constraint ck_epidemic_care_ended check ((ended_at is null) = (state not in ('released', 'died')))
        );
        create index ix_epidemic_care_state on epidemic_care (disease, state);
        create table epidemic_look (
            id uuid not null,
            case_id uuid not null,
            at timestamptz not null,
            by text not null,
            way text not null,
            reached boolean not null,
            found jsonb,
            level text,
            score integer,
            constraint pk_epidemic_look primary key (id),
            constraint ck_epidemic_look_way check (way in ('call', 'visit', 'ward', 'self')),
            constraint ck_epidemic_look_reached check (reached = (found is not null))
        );
        create index ix_epidemic_look_case_id on epidemic_look (case_id, at);
        create table epidemic_stay (
            id uuid not null,
            case_id uuid not null,
            ward_id uuid not null,
            bed integer not null,
            from_at timestamptz not null,
            until_at timestamptz,
            ended text,
            why jsonb not null,
            by text not null,
            constraint pk_epidemic_stay primary key (id),
            constraint ck_epidemic_stay_bed check (bed >= 1),
            constraint ck_epidemic_stay_ended check (ended in ('moved', 'released', 'died', 'withdrawn')),
            constraint ck_epidemic_stay_whole check ((ended is null) = (until_at is null)),
            constraint fk_epidemic_stay_ward_id foreign key(ward_id) references epidemic_ward (id) on delete restrict
        );
        create index ix_epidemic_stay_case_id on epidemic_stay (case_id, from_at);
        create unique index uq_epidemic_stay_bed on epidemic_stay (ward_id, bed) where until_at is null;
        create unique index uq_epidemic_stay_case on epidemic_stay (case_id) where until_at is null;
        create table epidemic_bed_plan (
            id uuid not null,
            disease text not null,
            made_at timestamptz not null,
            made_by text not null,
            figures jsonb not null,
            rows jsonb not null,
            applied_at timestamptz,
            version integer default 1 not null,
            constraint pk_epidemic_bed_plan primary key (id)
        );
        create index ix_epidemic_bed_plan_disease on epidemic_bed_plan (disease, made_at);
        create table epidemic_test (
            id uuid not null,
            disease text not null,
            code text not null,
            specimen text not null,
            taken_at timestamptz not null,
            result text,
            laboratory text,
            version integer default 1 not null,
            created_at timestamptz default now() not null,
            updated_at timestamptz default now() not null,
            constraint pk_epidemic_test primary key (id),
            constraint uq_epidemic_test_disease_specimen unique (disease, specimen),
            constraint ck_epidemic_test_result check (result in ('negative', 'positive', 'unclear'))
        );
        create index ix_epidemic_test_code on epidemic_test (disease, code);
        create table epidemic_watch (
            rule text not null,
            disease text not null,
            since timestamptz not null,
            unseen integer not null,
            constraint pk_epidemic_watch primary key (rule, disease)
        );
        create table epidemic_officer (
            id uuid not null,
            code text not null,
            person_id uuid,
            languages text[] default '{}'::text[] not null,
            capacity integer default 20 not null,
            district text,
            lon double precision,
            lat double precision,
            on_duty boolean default true not null,
            version integer default 1 not null,
            created_at timestamptz default now() not null,
            updated_at timestamptz default now() not null,
            constraint pk_epidemic_officer primary key (id),
            constraint ck_epidemic_officer_capacity check (capacity between 0 and 1000),
            constraint uq_epidemic_officer_code unique (code)
        );
        create index ix_epidemic_officer_person_id on epidemic_officer (person_id);
        create table epidemic_quarantine (
            id uuid not null,
            disease text not null,
            code text not null,
            person_id uuid,
            source_code text,
            reason text default 'contact' not null,
            language text default 'ko' not null,
            district text,
            lon double precision,
            lat double precision,
            last_contact_on date not null,
            from_at timestamptz not null,
            until_at timestamptz not null,
            state text default 'under' not null,
            officer_id uuid,
            why jsonb,
            missed integer default 0 not null,
            step integer default 0 not null,
            answered_at timestamptz,
            worse_at timestamptz,
            worse jsonb default '[]'::jsonb not null,
            ended_at timestamptz,
            version integer default 1 not null,
            created_at timestamptz default now() not null,
            updated_at timestamptz default now() not null,
            constraint pk_epidemic_quarantine primary key (id),
            constraint uq_epidemic_quarantine_disease_code unique (disease, code),
            constraint ck_epidemic_quarantine_reason check (reason in ('contact', 'arrival')),
            constraint ck_epidemic_quarantine_language check (language in ('ko', 'en', 'zh', 'vi', 'uz')),
            constraint ck_epidemic_quarantine_state check (state in ('under', 'released', 'case', 'withdrawn')),
            constraint ck_epidemic_quarantine_ended check ((ended_at is null) = (state = 'under')),
            constraint fk_epidemic_quarantine_officer_id foreign key(officer_id)
                references epidemic_officer (id) on delete set null
        );
        create index ix_epidemic_quarantine_officer_id on epidemic_quarantine (officer_id) where state = 'under';
        create index ix_epidemic_quarantine_person_id on epidemic_quarantine (person_id);
        create index ix_epidemic_quarantine_until_at on epidemic_quarantine (until_at) where state = 'under';
        create table epidemic_self_check (
            id uuid not null,
            quarantine_id uuid not null,
            due_at timestamptz not null,
            digest bytea not null,
            until_at timestamptz not null,
            reminded_at timestamptz,
            answered_at timestamptz,
            missed_at timestamptz,
            answers jsonb,
            constraint pk_epidemic_self_check primary key (id),
            constraint uq_epidemic_self_check_quarantine_id_due_at unique (quarantine_id, due_at),
            constraint ck_epidemic_self_check_answered check ((answers is null) = (answered_at is null)),
            constraint fk_epidemic_self_check_quarantine_id foreign key(quarantine_id)
                references epidemic_quarantine (id) on delete cascade,
            constraint uq_epidemic_self_check_digest unique (digest)
        );
        create index ix_epidemic_self_check_waiting on epidemic_self_check (due_at)
            where answered_at is null and missed_at is null;
        create table epidemic_station (
            id uuid not null,
            number integer generated always as identity,
            code text not null,
            name text not null,
            kind text not null,
            lanes integer not null,
            slot_minutes integer not null,
            opens time without time zone not null,
            closes time without time zone not null,
            address text,
            lon double precision,
            lat double precision,
            open boolean default true not null,
            version integer default 1 not null,
            created_at timestamptz default now() not null,
            updated_at timestamptz default now() not null,
            constraint pk_epidemic_station primary key (id),
            constraint ck_epidemic_station_kind check (kind in ('walk', 'drive')),
            constraint ck_epidemic_station_lanes check (lanes between 1 and 50),
            constraint ck_epidemic_station_slot_minutes check (slot_minutes between 1 and 120),
            constraint ck_epidemic_station_hours check (opens < closes),
            constraint uq_epidemic_station_number unique (number),
            constraint uq_epidemic_station_code unique (code)
        );
        create table epidemic_booking (
            id uuid not null,
            station_id uuid not null,
            station_number integer not null,
            lane integer not null,
            minute integer not null,
            minutes integer not null,
            code text not null,
            person_id uuid,
            state text default 'booked' not null,
            version integer default 1 not null,
            created_at timestamptz default now() not null,
            updated_at timestamptz default now() not null,
            constraint pk_epidemic_booking primary key (id),
            constraint ck_epidemic_booking_state check (state in ('booked', 'came', 'missed', 'cancelled')),
            constraint ck_epidemic_booking_lane check (lane between 1 and 50),
            constraint ck_epidemic_booking_minutes check (minutes between 1 and 120),
            constraint ex_epidemic_booking_time exclude using gist (int8range(
                station_number::bigint * 100000000000 + lane * 1000000000::bigint + minute,
                station_number::bigint * 100000000000 + lane * 1000000000::bigint + minute + minutes
            ) with &&) where (state <> 'cancelled'),
            constraint fk_epidemic_booking_station_id foreign key(station_id)
                references epidemic_station (id) on delete restrict,
            constraint uq_epidemic_booking_code unique (code)
        );
        create index ix_epidemic_booking_minute on epidemic_booking (station_id, minute);
        create index ix_epidemic_booking_person_id on epidemic_booking (person_id);
        create table epidemic_ticket (
            id uuid not null,
            station_id uuid not null,
            day date not null,
            number integer not null,
            booking_id uuid,
            came_at timestamptz not null,
            called_at timestamptz,
            lane integer,
            done_at timestamptz,
            specimen text,
            constraint pk_epidemic_ticket primary key (id),
            constraint uq_epidemic_ticket_station_id_day_number unique (station_id, day, number),
            constraint ck_epidemic_ticket_called check ((called_at is null) = (lane is null)),
            constraint fk_epidemic_ticket_station_id foreign key(station_id)
                references epidemic_station (id) on delete restrict,
            constraint fk_epidemic_ticket_booking_id foreign key(booking_id)
                references epidemic_booking (id) on delete set null
        );
        """
    )
