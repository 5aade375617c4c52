"""What every route of this room is given: the transaction, who asks, and how the answer is made."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response

from dure.engine.web import ContextDep, LanguageDep, TxDep, tag
from dure.kernel.messages import Language
from dure.respond.operations import views
from dure.respond.operations.drafting import Writer
from dure.respond.policy import scope_of
from dure.respond.types import TYPES
from dure.trust import vault
from dure.trust.principal import Principal
from dure.trust.web import require

Reads = Annotated[Principal, Depends(require("operation.read"))]
Handles = Annotated[Principal, Depends(require("operation.handle"))]
Directs = Annotated[Principal, Depends(require("operation.direct"))]
Approves = Annotated[Principal, Depends(require("operation.approve"))]


class Desk:
    """The request's surroundings."""

    def __init__(self, tx: TxDep, context: ContextDep, response: Response, language: LanguageDep) -> None:
        self.tx = tx
        self.context = context
        self.response = response
        self.language = language

    async def shown(self, who: Principal, operation_id: UUID) -> dict[str, Any]:
        """The operation, whole, with its ETag. Raises NotFound."""
        held = vault.at(self.context.settings.data)
        value = await views.whole(self.tx, operation_id, scope_of(who, TYPES), held)
        tag(self.response, value["version"])
        return value

    async def report(self, operation_id: UUID, report_id: UUID) -> dict[str, Any]:
        """One report, with its own ETag. Raises NotFound."""
        value = await views.report(self.tx, operation_id, report_id)
        tag(self.response, value["version"])
        return value

    def writer(self, language: Language | None = None) -> Writer:
        """Writes in the reader's language, or another."""
        return Writer(self.context.catalogue, language or self.language, self.context.settings.city_zone)


DeskDep = Annotated[Desk, Depends(Desk)]
