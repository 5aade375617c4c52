"""Every query of retention."""

from sqlalchemy import text

LOCK = text("select pg_advisory_xact_lock(hashtext('dure.retention'))")
"""One batch at a time, and no hold comes in while a batch decides."""

LAST_NIGHT = text("select max(day) from retention_run where finished_at is not null")
BEGIN_NIGHT = text("insert into retention_run (day, started_at) values (:day, :now) on conflict (day) do nothing")
END_NIGHT = text("update retention_run set finished_at = :now where day = :day and finished_at is null")
BEGIN_STEP = text("insert into retention_step (day, kind) values (:day, :kind) on conflict do nothing")
STEP = text("select * from retention_step where day = :day and kind = :kind for update")
MOVE_STEP = text(
    "update retention_step set after_at = :after_at, after_id = :after_id, destroyed = destroyed + :destroyed, "
    "held = held + :held, done_at = :done_at, problem = null where day = :day and kind = :kind"
)
FAIL_STEP = text("update retention_step set problem = :problem where day = :day and kind = :kind")
STEPS = text("select * from retention_step where day = :day")
RUNS = text("select * from retention_run order by day desc limit :most")

RECORD = text(
    "insert into retention_record (id, day, kind, at, things, digest, first_at, last_at, rule_since, rule_days, "
    "source, actor) values (:id, :day, :kind, :now, :things, :digest, :first_at, :last_at, :rule_since, :rule_days, "
    ":source, :actor)"
)
RECORDS = text(
    """
    select * from retention_record
    where (cast(:kind as text) is null or kind = :kind)
      and (cast(:before_at as timestamptz) is null or (at, id) < (:before_at, cast(:before_id as uuid)))
    order by at desc, id desc limit :most
    """
)

HOLDS_STANDING = text("select * from retention_hold where released_at is null and until_at > :now order by created_at")
HOLDS = text(
    """
    select * from retention_hold
    where (not :standing or (released_at is null and until_at > :now))
      and (cast(:before_at as timestamptz) is null or (created_at, id) < (:before_at, cast(:before_id as uuid)))
    order by created_at desc, id desc limit :most
    """
)
HOLD = text("select * from retention_hold where id = :id")
HOLD_LOCKED = text("select * from retention_hold where id = :id for update")
ADD_HOLD = text(
    "insert into retention_hold (id, scope, target, from_at, to_at, reason, document, created_at, created_by, "
    "until_at) values (:id, :scope, :target, :from_at, :to_at, :reason, :document, :now, :by, :until_at)"
)
RELEASE = text(
    "update retention_hold set released_at = :now, released_by = :by, released_why = :why, version = version + 1 "
    "where id = :id"
)
