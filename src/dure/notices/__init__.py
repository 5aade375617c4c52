"""Messages out: SMS, LMS, voice, e-mail and push, with templates, delivery and receipts; CAP alerts, and drafts of
public warnings, which dure never sends itself.

A room that has a reason calls `send` in its own transaction: the notice is a row of it, and goes out once that commits.
The work process writes and commits each attempt before it hands anything over (`sender`), so that after a crash
nothing is lost, and what may have gone out is asked for at the gateway by our own reference.
"""

from dure.notices.model import Channel, Status, To, Wanted
from dure.notices.sending import CHANGED, send

__all__ = ["CHANGED", "Channel", "Status", "To", "Wanted", "send"]
