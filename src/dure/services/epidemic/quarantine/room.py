"""What this part contributes to the service."""

from dure.engine.room import Every
from dure.notices import templates
from dure.services.epidemic.quarantine import asking, files

EVERY = (Every("epidemic.quarantine", 60, asking.run),)
PEOPLE = (("epidemic_officer", "person_id"), ("epidemic_quarantine", "person_id"))


def register() -> None:
    """Tell the lower rooms of its files and the texts of its notices."""
    files.register()
    for name in (asking.ASKED, asking.REMINDED, asking.OVER):
        templates.bring(name, f"epidemic.template.{name.removeprefix('epidemic_')}")
