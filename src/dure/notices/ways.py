"""By what a city sends, from its environment and secrets."""

import os
from collections.abc import Mapping

from dure.engine.secrets import secret
from dure.notices.model import Channel
from dure.notices.sender import Way
from dure.notices.solapi import Solapi

USUAL_URL = "https://api.solapi.com"


def of_environment(environment: Mapping[str, str] = os.environ) -> list[Way]:
    """The ways that are set up. `DURE_SMS_KEY`, the secret `DURE_SMS_SECRET` and the registered `DURE_SMS_SENDER` make
    the gateway of texts and calls (`DURE_SMS_URL`: another that speaks the same).
    """
    ways: list[Way] = []
    key, sender = environment.get("DURE_SMS_KEY"), environment.get("DURE_SMS_SENDER")
    hidden = secret("DURE_SMS_SECRET", environment)
    if key and sender and hidden:
        gateway = Solapi(environment.get("DURE_SMS_URL") or USUAL_URL, key, hidden, sender)
        ways.append(Way((Channel.SMS, Channel.LMS, Channel.VOICE), gateway))
    return ways
