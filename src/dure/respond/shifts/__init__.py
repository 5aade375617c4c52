"""Duty rosters, escalation up the ladder of who is on duty, the log of each shift, and its handover to the next."""
