"""Whose an import is: the agency that gave the file, and who exactly."""

from alembic import op

revision = "0014_policy"
down_revision = "0013_video"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute("alter table import_run add column agency_id text, add column made_by text")
    op.execute(
        "update import_run r set made_by = 'account:' || a.id, agency_id = a.agency_id from account a "
        "where a.id = r.by_account"
    )
    op.execute("alter table import_run drop column by_account")
    op.execute("create index import_run_agency on import_run (agency_id, created_at)")
