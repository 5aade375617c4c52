"""Which sessions came in by the city's single sign-on, so that they end with it."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, LargeBinary, Table, Text, Uuid, text

from dure.engine.database import metadata

sso_session = Table(
    "sso_session",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("session_id", Uuid, ForeignKey("session.id", ondelete="CASCADE"), unique=True),
    Column("step_id", Uuid, unique=True),  # the second factor is awaited; there is no session yet
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sid", Text),  # the provider's own session, where it names one
    Column("id_token", LargeBinary, nullable=False),  # sealed; the hint by which the provider knows whom to sign out
    Column("at", DateTime(timezone=True), nullable=False),
    CheckConstraint("(session_id is null) <> (step_id is null)", name="holder"),
    Index("ix_sso_session_subject", "issuer", "subject"),
    Index("ix_sso_session_sid", "issuer", "sid", postgresql_where=text("sid is not null")),
)

sso_logout = Table(
    "sso_logout",
    metadata,
    Column("digest", LargeBinary, primary_key=True),  # sha-256 of issuer and jti: a logout token is taken once
    Column("until", DateTime(timezone=True), nullable=False),
)
