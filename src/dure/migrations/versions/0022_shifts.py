"""Duty rosters with their plans and changes, shift logs with remarks and handovers, and what goes up a ladder. The
control centre's own roster is there from the start, without people: its shifts are known, so its log writes itself.
"""

import json

from alembic import op

revision = "0022_shifts"
down_revision = "0021_room"
branch_labels = None
depends_on = None

_PATTERN = {
    "id": "4x3",
    "ko": "4조3교대 (2일씩)",
    "en": "Four teams, three shifts (two days each)",
    "teams": 4,
    "cycle": ["D", "D", "E", "E", "N", "N", "", ""],
    "step": 2,
    "shifts": [
        {"id": "D", "ko": "오전", "en": "Morning", "begins": "06:00", "ends": "14:00", "days": "every"},
        {"id": "E", "ko": "오후", "en": "Afternoon", "begins": "14:00", "ends": "22:00", "days": "every"},
        {"id": "N", "ko": "야간", "en": "Night", "begins": "22:00", "ends": "06:00", "days": "every"},
    ],
}
_TEAMS = [{"name": f"{number}조", "members": []} for number in range(1, 5)]
_LADDER = [
    {"ko": "근무조", "en": "Shift on duty", "kind": "crew", "wait_s": 120, "accounts": [], "roster_id": None},
    {"ko": "관제팀장", "en": "Shift lead", "kind": "lead", "wait_s": 180, "accounts": [], "roster_id": None},
]


def _text(value: object) -> str:
    """JSON inside of a statement, where a colon would be a parameter and a quote would end the text."""
    return json.dumps(value, ensure_ascii=False).replace("'", "''").replace(":", "\\:")


def upgrade() -> None:
    """From the schema before."""
    _rosters()
    _logs()
    _rises()
    _first()


def _rosters() -> None:
    op.execute(
        """
        create table roster (
            id uuid constraint pk_roster primary key,
            agency_id text,
            name text not null,
            name_en text not null,
            answers_to text constraint uq_roster_answers_to unique,
            keeps_log boolean not null,
            ladder jsonb not null,
            version integer not null default 1,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now()
        );
        create table roster_plan (
            id uuid constraint pk_roster_plan primary key,
            roster_id uuid not null
                constraint fk_roster_plan_roster_id references roster (id) on delete cascade,
            since date not null,
            pattern jsonb not null,
            anchor date not null,
            teams jsonb not null,
            made_by text not null,
            made_at timestamptz not null,
            constraint uq_roster_plan_roster_id unique (roster_id, since)
        );
        create table roster_assignment (
            roster_id uuid not null
                constraint fk_roster_assignment_roster_id references roster (id) on delete cascade,
            day date not null,
            shift text not null,
            account_id uuid not null,
            post text not null
                constraint ck_roster_assignment_post check (post in ('lead', 'deputy', 'member')),
            rank integer not null,
            constraint pk_roster_assignment primary key (roster_id, day, shift, account_id)
        );
        create table roster_change (
            id uuid constraint pk_roster_change primary key,
            roster_id uuid not null
                constraint fk_roster_change_roster_id references roster (id) on delete cascade,
            kind text not null constraint ck_roster_change_kind check (kind in ('substitute', 'swap', 'absence')),
            status text not null constraint ck_roster_change_status
                check (status in ('asked', 'agreed', 'approved', 'refused', 'withdrawn')),
            why text not null
                constraint ck_roster_change_why check (why in ('leave', 'training', 'duty', 'other')),
            out_account uuid,
            in_account uuid,
            day date not null,
            shift text,
            other_day date,
            other_shift text,
            last_day date,
            asked_by text not null,
            asked_by_id uuid,
            agreed_at timestamptz,
            decided_by text,
            decided_at timestamptz,
            version integer not null default 1,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now()
        );
        create index ix_roster_change_roster_id on roster_change (roster_id, day);
        """
    )


def _logs() -> None:
    op.execute(
        """
        create table shift_log (
            id uuid constraint pk_shift_log primary key,
            roster_id uuid not null
                constraint fk_shift_log_roster_id references roster (id) on delete cascade,
            day date not null,
            shift text not null,
            shift_ko text not null,
            shift_en text not null,
            begins_at timestamptz not null,
            ends_at timestamptz not null,
            status text not null constraint ck_shift_log_status check (status in ('open', 'signed')),
            content jsonb,
            digest text,
            signed_by text,
            signed_by_id text,
            signed_as text,
            signed_at timestamptz,
            version integer not null default 1,
            constraint uq_shift_log_roster_id unique (roster_id, begins_at),
            constraint ck_shift_log_signed
                check ((status = 'signed') = (digest is not null and content is not null))
        );
        create index ix_shift_log_begins_at on shift_log (begins_at, id);
        create table shift_remark (
            id uuid constraint pk_shift_remark primary key,
            log_id uuid not null
                constraint fk_shift_remark_log_id references shift_log (id) on delete cascade,
            kind text not null constraint ck_shift_remark_kind check (kind in ('remark', 'correction')),
            at timestamptz not null,
            by text not null,
            by_id text not null,
            text bytea not null
        );
        create index ix_shift_remark_log_id on shift_remark (log_id, at);
        create table shift_handover (
            log_id uuid constraint pk_shift_handover primary key
                constraint fk_shift_handover_log_id references shift_log (id) on delete cascade,
            summary jsonb not null,
            digest text not null,
            note bytea not null,
            given_by text not null,
            given_by_id text not null,
            given_at timestamptz not null,
            taken_by text,
            taken_by_id text,
            taken_as text,
            taken_at timestamptz,
            taken_note bytea,
            version integer not null default 1
        );
        """
    )
    op.execute(
        """
        create function shift_log_stays() returns trigger language plpgsql as $$
        begin
            if old.status = 'signed' then
                raise exception 'a signed shift log does not change' using errcode = 'insufficient_privilege';
            end if;
            return new;
        end $$;
        create trigger shift_log_kept before update on shift_log for each row execute function shift_log_stays();
        create function shift_remark_stays() returns trigger language plpgsql as $$
        declare stands text;
        begin
            if tg_op = 'UPDATE' then
                raise exception 'remarks are added, not changed' using errcode = 'insufficient_privilege';
            end if;
            select status into stands from shift_log where id = new.log_id for share;
            if (stands = 'signed') <> (new.kind = 'correction') then
                raise exception 'remarks before the signature, corrections after'
                    using errcode = 'insufficient_privilege';
            end if;
            return new;
        end $$;
        create trigger shift_remark_kept before insert or update on shift_remark
            for each row execute function shift_remark_stays();
        create function shift_handover_stays() returns trigger language plpgsql as $$
        begin
            if old.taken_at is not null or (new.summary, new.digest, new.note, new.given_by, new.given_at)
                is distinct from (old.summary, old.digest, old.note, old.given_by, old.given_at) then
                raise exception 'a handover that was given does not change' using errcode = 'insufficient_privilege';
            end if;
            return new;
        end $$;
        create trigger shift_handover_kept before update on shift_handover
            for each row execute function shift_handover_stays();
        """
    )


def _rises() -> None:
    op.execute(
        """
        create table rise (
            id uuid constraint pk_rise primary key,
            incident_id uuid not null constraint fk_rise_incident_id references incident (id) on delete cascade,
            run_id uuid not null,
            roster_id uuid,
            status text not null constraint ck_rise_status check (status in ('open', 'spent', 'taken', 'done')),
            items jsonb not null,
            rung integer not null,
            rounds integer not null default 0,
            begun_at timestamptz not null,
            next_at timestamptz,
            ended_at timestamptz,
            ended_by text,
            version integer not null default 1
        );
        create unique index uq_rise_open on rise (incident_id) where status in ('open', 'spent');
        create table rise_call (
            rise_id uuid not null constraint fk_rise_call_rise_id references rise (id) on delete cascade,
            number integer not null,
            rung integer not null,
            ko text not null,
            en text not null,
            at timestamptz not null,
            told jsonb not null,
            lack text constraint ck_rise_call_lack check (lack in ('nobody', 'unreachable')),
            constraint pk_rise_call primary key (rise_id, number)
        );
        """
    )


def _first() -> None:
    op.execute(
        f"""
        insert into roster (id, name, name_en, keeps_log, ladder)
            values (gen_random_uuid(), '관제실', 'Control room', true, '{_text(_LADDER)}');
        insert into roster_plan (id, roster_id, since, pattern, anchor, teams, made_by, made_at)
            select gen_random_uuid(), id, '2020-01-01', '{_text(_PATTERN)}', '2026-01-01', '{_text(_TEAMS)}',
                'system\\:migration', now() from roster;
        """
    )
