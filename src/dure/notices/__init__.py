"""Messages out: SMS, voice, e-mail and push, with templates, delivery and receipts. Nothing is sent yet: it comes
with playbooks."""
