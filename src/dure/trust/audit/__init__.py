"""The audit log: who did what to what, when, from where, why, and how it ended; and the proof that it is whole.

A line is part of the transaction that does the thing: no deed without its line, no line without its deed. What
discloses is recorded and committed before it is shown. The database refuses to change lines and numbers them without
gaps (`audit_seal`); over the numbered lines stands a Merkle tree (RFC 6962) whose root the city signs each minute
(`checkpoints`), and other offices keep those signatures (`witness`), so that nobody, not even who has the database
and the city's key, changes the past unseen.
"""

from dure.trust.audit.lines import FIELDS, Outcome, canonical, record

__all__ = ["FIELDS", "Outcome", "canonical", "record"]
