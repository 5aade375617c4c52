"""What can keep a city from starting, each with what mends it (texts in locale/)."""

from dure.kernel.errors import DureError


class CannotStart(DureError):
    """The city cannot start as things are; the message says what to do."""

    status = 503


def port_taken(port: int, option: str, holder: str) -> CannotStart:
    """Another program has the port. `holder` names it, or is empty."""
    key = "servers.port_taken" if holder else "servers.port_taken_unknown"
    return CannotStart(key, port=str(port), option=option, holder=holder)
