"""The Merkle tree over the audit log: leaves, kept subtrees, checkpoints, witnesses, destruction by law, reviews."""

from alembic import op

revision = "0011_audit"
down_revision = "0010_purposes"
branch_labels = None
depends_on = None

_LINES = """
alter table audit add column case_id text;
drop index ix_audit_person_id;
drop index ix_audit_entity;
drop index ix_audit_actor;
drop index ix_audit_at;
create index ix_audit_person_id on audit (person_id, at) where person_id is not null;
create index ix_audit_case_id on audit (case_id, at) where case_id is not null;
create index ix_audit_entity on audit (entity, entity_id, at);
create index ix_audit_actor on audit (actor, at);
create index ix_audit_action on audit (action, at);
create index ix_audit_at on audit (at, id);

create or replace function audit_canonical(line audit) returns bytea language sql stable as
$$
    select convert_to(
        audit_field(line.id::text)
        || audit_field((extract(epoch from line.at) * 1000000)::bigint::text)
        || audit_field(line.actor) || audit_field(line.actor_name) || audit_field(line.agency_id)
        || audit_field(line.address) || audit_field(line.action) || audit_field(line.entity)
        || audit_field(line.entity_id) || audit_field(line.person_id::text) || audit_field(line.purpose)
        || audit_field(line.case_id) || audit_field(line.outcome), 'UTF8')
$$;
"""

# Lines that stand already get their leaf, and the chain goes over the leaves, which outlive destroyed lines.
_LEAVES = """
alter table audit_seal add column leaf bytea;
alter table audit_seal disable trigger user;
do $$
declare
    one record;
    last bytea := ''::bytea;
begin
    for one in select s.seq, sha256('\\x00'::bytea || audit_canonical(a)) as leaf
        from audit_seal s join audit a on a.id = s.audit_id order by s.seq
    loop
        last := sha256(last || one.leaf);
        update audit_seal set leaf = one.leaf, hash = last where seq = one.seq;
    end loop;
end
$$;
alter table audit_seal enable trigger user;
alter table audit_seal alter column leaf set not null;
alter table audit_seal alter column audit_id drop not null;
alter table audit_seal drop constraint fk_audit_seal_audit_id;
create index ix_audit_seal_destroyed on audit_seal (seq) where audit_id is null;

create or replace function audit_chain() returns trigger language plpgsql as
$$
declare
    last record;
    leaf bytea := sha256('\\x00'::bytea || audit_canonical(new));
begin
    perform pg_advisory_xact_lock(hashtext('dure.audit'));
    select seq, hash into last from audit_seal order by seq desc limit 1;
    insert into audit_seal (seq, audit_id, leaf, hash)
    values (coalesce(last.seq, 0) + 1, new.id, leaf, sha256(coalesce(last.hash, ''::bytea) || leaf));
    return null;
end
$$;
"""

_TREE = """
create table audit_node (
    level smallint not null,
    position bigint not null,
    hash bytea not null,
    constraint pk_audit_node primary key (level, position)
);
create table audit_checkpoint (
    number bigint constraint pk_audit_checkpoint primary key,
    size bigint not null,
    at timestamptz not null,
    note text not null
);
create index ix_audit_checkpoint_size on audit_checkpoint (size);
create table audit_destruction (
    transaction bigint constraint pk_audit_destruction primary key,
    before timestamptz not null,
    at timestamptz not null
);
create table audit_witness (
    name text constraint pk_audit_witness primary key,
    key text not null,
    added_at timestamptz not null,
    size bigint,
    seen_at timestamptz,
    cosignature text
);
"""

# Only the transaction that has just noted a destruction may delete lines, and only such as are older than the shortest
# time that the law keeps them, by the database's own clock.
_KEPT = """
create function audit_may_destroy(line_at timestamptz) returns boolean language sql stable as
$$
    select line_at < now() - interval '365 days' and exists (
        select from audit_destruction d
        where d.transaction = pg_current_xact_id()::text::bigint and line_at < d.before)
$$;

create function audit_line_kept() returns trigger language plpgsql as
$$
begin
    if tg_op = 'DELETE' and audit_may_destroy(old.at) then
        return old;
    end if;
    raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end
$$;
drop trigger audit_kept on audit;
create trigger audit_kept before update or delete on audit for each row execute function audit_line_kept();

create function audit_seal_stays() returns trigger language plpgsql as
$$
begin
    if tg_op = 'UPDATE' and new.audit_id is null and (new.seq, new.leaf, new.hash) = (old.seq, old.leaf, old.hash)
        and audit_may_destroy((select at from audit where id = old.audit_id)) then
        return new;
    end if;
    raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end
$$;
drop trigger audit_seal_kept on audit_seal;
create trigger audit_seal_kept before update or delete on audit_seal for each row execute function audit_seal_stays();

create trigger audit_node_kept before update or delete on audit_node for each row execute function audit_refuse();
create trigger audit_node_not_emptied before truncate on audit_node
    for each statement execute function audit_refuse();
create trigger audit_checkpoint_kept before update or delete on audit_checkpoint
    for each row execute function audit_refuse();
create trigger audit_checkpoint_not_emptied before truncate on audit_checkpoint
    for each statement execute function audit_refuse();
create trigger audit_destruction_kept before update or delete on audit_destruction
    for each row execute function audit_refuse();
create trigger audit_destruction_not_emptied before truncate on audit_destruction
    for each statement execute function audit_refuse();
"""

_REVIEWS = """
create table audit_review (
    id uuid constraint pk_audit_review primary key,
    month date not null constraint uq_audit_review_month unique,
    due_on date not null,
    made_at timestamptz not null,
    rules text not null,
    lines bigint not null,
    actors integer not null,
    closed_at timestamptz,
    closed_by text
);
create table audit_finding (
    id uuid constraint pk_audit_finding primary key,
    review_id uuid not null
        constraint fk_audit_finding_review_id references audit_review (id) on delete cascade,
    rule text not null,
    actor text not null,
    actor_name text not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    count integer not null,
    facts jsonb not null,
    verdict text,
    word text,
    judged_by text,
    judged_at timestamptz,
    constraint ck_audit_finding_verdict check (verdict in ('proper', 'improper', 'unclear')),
    constraint ck_audit_finding_judged
        check ((verdict is null) = (judged_at is null) and (verdict is null) = (word is null))
);
create index ix_audit_finding_review_id on audit_finding (review_id);
create table audit_own (
    account_id uuid constraint pk_audit_own primary key
        constraint fk_audit_own_account_id references account (id) on delete cascade,
    person_id uuid not null
);
"""


def upgrade() -> None:
    """From the schema before."""
    for part in (_LINES, _LEAVES, _TREE, _KEPT, _REVIEWS):
        op.execute(part)
