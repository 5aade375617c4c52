"""Every query of purposes, and the one place that reads the audit log for the person whom its lines are about."""

from sqlalchemy import text

# --- the ledger ---

ADD = text(
    "insert into purpose (id, person_id, code, basis, text, kinds, agency_id, document, from_at, until_at, created_at, "
    "created_by) values (:id, :person_id, :code, :basis, :text, :kinds, :agency_id, :document, :from_at, :until_at, "
    ":now, :by)"
)
ENTRY = text("select * from purpose where id = :id")
ENTRY_LOCKED = text("select * from purpose where id = :id for update")
WITHDRAW = text(
    "update purpose set withdrawn_at = :now, withdrawn_by = :by, withdrawn_why = :why, version = version + 1 "
    "where id = :id and withdrawn_at is null returning version"
)
WITHDRAW_ALL = text(
    "update purpose set withdrawn_at = :now, withdrawn_by = :by, withdrawn_why = :why, version = version + 1 "
    "where person_id = :person_id and basis = any(:bases) and withdrawn_at is null and until_at > :now returning id"
)
ENTRIES = text(
    """
    select * from purpose
    where (cast(:person_id as uuid) is null or person_id = :person_id)
      and (cast(:agency_id as text) is null or agency_id is null or agency_id = :agency_id)
      and (not :standing or (withdrawn_at is null and until_at > :now))
      and (cast(:before_at as timestamptz) is null or (created_at, id) < (:before_at, cast(:before_id as uuid)))
    order by created_at desc, id desc limit :most
    """
)
OFFICES = text(
    "select distinct agency_id from purpose where person_id = :person_id and withdrawn_at is null "
    "and from_at <= :now and until_at > :now"
)
OPENED = text(
    "insert into person_opening (audit_id, person_id, at, code, basis, kinds, purpose_id, case_kind, case_id, "
    "glass_id) "
    "values (:audit_id, :person_id, :now, :code, :basis, :kinds, :purpose_id, :case_kind, :case_id, :glass_id)"
)

# --- broken glass ---

BREAK = text(
    "insert into glass (id, person_id, account_id, actor_name, agency_id, reason, case_kind, case_id, opened_at, "
    "until_at, review_due_at) values (:id, :person_id, :account_id, :actor_name, :agency_id, :reason, :case_kind, "
    ":case_id, :now, :until, :due)"
)
# The account's row is locked first, so that two at once count each other.
LOCK_ACCOUNT = text("select 1 from account where id = :id for update")
OWN_OVERDUE = text(
    "select count(*) from glass where account_id = :account and reviewed_at is null and review_due_at <= :now"
)
GLASS = text("select * from glass where id = :id")
GLASS_LOCKED = text("select * from glass where id = :id for update")
CLOSE_GLASS = text("update glass set closed_at = :now, version = version + 1 where id = :id returning version")
REVIEW = text(
    "update glass set reviewed_at = :now, reviewed_by = :by, verdict = :verdict, review_note = :note, "
    "closed_at = coalesce(closed_at, least(until_at, :now)), version = version + 1 where id = :id returning version"
)
ESCALATE = text(
    "update glass set escalated_at = :now, version = version + 1 where id in (select id from glass "
    "where reviewed_at is null and escalated_at is null and review_due_at <= :now for update skip locked) "
    "returning id, version"
)
GLASSES = text(
    """
    select * from glass
    where (cast(:account as uuid) is null or account_id = :account)
      and (not :unreviewed or reviewed_at is null) and (not :escalated or escalated_at is not null)
      and (cast(:before_at as timestamptz) is null or (opened_at, id) < (:before_at, cast(:before_id as uuid)))
    order by opened_at desc, id desc limit :most
    """
)
GLASSES_OF = text("select * from glass where id = any(cast(:ids as uuid[]))")
GLASS_SAID = text(
    "select purpose from audit where entity = 'glass' and entity_id = :id and action = 'glass.break' "
    "order by at limit 1"
)
GLASS_OPENINGS = text(
    """
    select s.seq, a.at, a.address, a.outcome, o.kinds
    from person_opening o join audit a on a.id = o.audit_id join audit_seal s on s.audit_id = a.id
    where o.person_id = :person_id and o.glass_id = :id
    order by a.at, s.seq limit :most
    """
)
LABEL = text("select label from account where id = :id")
GLASSES_UNREVIEWED = text("select * from glass where reviewed_at is null order by opened_at limit 500")

# --- citizens ---

PERSON_OF = text("select person_id from citizen_account where account_id = :account")
ACCOUNT_OF = text("select account_id from citizen_account where person_id = :person_id")
PERSON_LOCKED = text("select 1 from person where id = :id for update")
BIND = text("insert into citizen_account (account_id, person_id, created_at) values (:account, :person_id, :now)")
END_LINKS = text("update citizen_link set expires_at = :now where account_id = :account and expires_at > :now")
LINK = text(
    "insert into citizen_link (id, secret_hash, account_id, checked, issued_by, created_at, expires_at) "
    "values (:id, :digest, :account, :checked, :by, :now, :until)"
)
USE_LINK = text(
    "update citizen_link l set used_at = :now from account c where c.id = l.account_id and c.state = 'active' "
    "and l.secret_hash = :digest and l.used_at is null and l.expires_at > :now returning l.id, l.account_id, c.label"
)

# --- what a person asks for ---

ASK = text(
    "insert into rights_request (id, person_id, kind, words, received_at, due_at, rule, state) "
    "values (:id, :person_id, :kind, :words, :now, :due, :rule, 'open')"
)
OPEN_OF_KIND = text(
    "select count(*) from rights_request where person_id = :person_id and kind = :kind and state = 'open'"
)
REQUEST = text("select * from rights_request where id = :id")
REQUEST_LOCKED = text("select * from rights_request where id = :id for update")
DECIDE = text(
    "update rights_request set state = :state, ground = :ground, answer = :answer, decided_at = :now, "
    "decided_by = :by, open_until = :open_until, version = version + 1 where id = :id"
)
TAKE_BACK = text(
    "update rights_request set state = 'withdrawn', decided_at = :now, version = version + 1 "
    "where id = :id and person_id = :person_id and state = 'open' returning id"
)
GIVE = text(
    "update rights_request set given_at = :now, version = version + 1 where id = :id and given_at is null returning id"
)
STANDING_ACCESS = text(
    "select id from rights_request where person_id = :person_id and kind = 'access' and state = 'accepted' "
    "and open_until > :now order by open_until desc limit 1"
)
REQUESTS_OF = text(
    """
    select * from rights_request where person_id = :person_id
      and (cast(:before_at as timestamptz) is null or (received_at, id) < (:before_at, cast(:before_id as uuid)))
    order by received_at desc, id desc limit :most
    """
)
QUEUE = text(
    """
    select * from rights_request
    where (cast(:state as text) is null or state = :state)
      and (cast(:after_at as timestamptz) is null or (due_at, id) > (:after_at, cast(:after_id as uuid)))
    order by due_at, id limit :most
    """
)

# --- who read what: the audit log, for the person ---

READS = text(
    """
    select a.id, a.at, a.action, a.agency_id, g.name as agency_name, g.name_en as agency_name_en, a.outcome,
        starts_with(a.actor, 'system:') as by_system, a.actor = :own as own,
        o.code, o.basis, o.kinds, o.purpose_id, o.case_kind, p.text as purpose_text, o.glass_id, b.verdict
    from audit a
    left join person_opening o on o.audit_id = a.id
    left join purpose p on p.id = o.purpose_id
    left join glass b on b.id = o.glass_id
    left join agency g on g.id = a.agency_id
    where a.person_id = :person_id and (:with_own or a.actor <> :own)
      and (cast(:before_at as timestamptz) is null or (a.at, a.id) < (:before_at, cast(:before_id as uuid)))
    order by a.at desc, a.id desc limit :most
    """
)
