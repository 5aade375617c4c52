"""What this part contributes to the service."""

from dure.services.epidemic.screening import files

PEOPLE = (("epidemic_booking", "person_id"),)


def register() -> None:
    """Tell the city of its files."""
    files.register()
