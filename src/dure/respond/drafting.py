"""A public warning's draft by a manual: its words, how urgent, and where, for somebody to read and have approved."""

from uuid import UUID

from sqlalchemy import RowMapping

from dure.city import districts
from dure.engine.database import Tx
from dure.kernel.errors import Invalid
from dure.kernel.geometry import LonLat
from dure.kernel.severity import Severity
from dure.notices import templates, warnings
from dure.notices.warnings import Draft
from dure.trust.principal import Principal


async def begin(tx: Tx, by: Principal, incident: RowMapping, template: str, words: str) -> UUID:
    """Begin it; its id. Where the text that the manual names is gone by now, its own words stand."""
    place = incident["name"] or incident["address"] or ""
    values = {"text": words, "subject": place, "place": place, "receipt_no": "", "city": "", "stall": ""}
    try:
        said = (await templates.said(tx, template, "ko", values)).text
    except Invalid:
        said = words
    areas = await districts.codes_at(tx, LonLat(incident["lon"], incident["lat"])) if incident["located"] else ()
    kind = "urgent" if Severity(incident["severity"]) is Severity.CRITICAL else "safety"
    return await warnings.draft(tx, by, Draft(kind, areas, said, incident["id"]))
