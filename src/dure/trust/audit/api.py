"""The audit log over HTTP: search, proofs, the city's signed word for all to see, its health, and the export."""

import asyncio
import io
import zipfile
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Response

from dure.engine import paging
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.paging import Limit
from dure.engine.web import OPEN, ContextDep, Router, TxDep
from dure.kernel.errors import FieldError, Invalid, NotFound
from dure.trust.audit import checkpoints, export, health, rotating, search, shapes, tree
from dure.trust.audit.lines import record
from dure.trust.audit.note import Signer
from dure.trust.principal import Principal
from dure.trust.vault import reasons
from dure.trust.web import require

router = Router(prefix="/audit", tags=["audit"])
MOST_EXPORTED = 50_000
"""Lines in one answer; `dure audit export` has no such limit."""

Reads = Annotated[Principal, Depends(require("audit.read"))]
Exports = Annotated[Principal, Depends(require("audit.export"))]
NamesWitnesses = Annotated[Principal, Depends(require("audit.witness"))]
Number = Annotated[int, Query(ge=0, le=2**53)]


async def _signer(tx: Tx, context: Context) -> Signer:
    return await rotating.signer(tx, context.settings.data)


def _check_span(since: datetime | None, until: datetime | None) -> None:
    if since and until and since > until:
        raise Invalid("trust.audit.span_wrong", fields=[FieldError("until", "trust.audit.span_wrong")])


@router.get("")
async def read_audit(tx: TxDep, who: Reads, wanted: Annotated[search.Wanted, Query()]) -> shapes.AuditLines:
    """The audit log, the newest first. Reading it leaves a line, too."""
    _check_span(wanted.since, wanted.until)
    key = paging.decode(wanted.cursor, datetime, UUID)
    rows = await search.read(tx, who, wanted, after=(key[0], key[1]) if key else None)
    return shapes.AuditLines.model_validate(paging.page(rows, wanted.limit, lambda row: (row["at"], str(row["id"]))))


@router.get("/lines/{seq}")
async def read_line(tx: TxDep, who: Reads, seq: Annotated[int, Path(ge=1, le=2**53)]) -> shapes.ProvenLine:
    """One line, with what proves that it stands in the log that the city has signed."""
    found = await search.line(tx, who, seq)
    if found is None:
        raise NotFound("trust.audit.line_unknown", seq=seq)
    return shapes.ProvenLine.model_validate(found, from_attributes=True)


@router.get("/health")
async def read_health(tx: TxDep, _who: Reads, context: ContextDep) -> shapes.Health:
    """The log's size, the age of the last checkpoint, who witnesses it."""
    return shapes.Health.model_validate(await health.health(tx, (await _signer(tx, context)).verifier()))


@router.get("/checkpoints", openapi_extra=OPEN)
async def list_checkpoints(tx: TxDep, after: Number = 0, limit: Limit = 100) -> shapes.Checkpoints:
    """The city's signed word after a number, for every office that wants to witness it. It tells sizes and hashes."""
    rows = await checkpoints.listing(tx, after=after, limit=limit)
    items = [shapes.CheckpointOut.model_validate(dict(row)) for row in rows[:limit]]
    return shapes.Checkpoints(items=items, next=str(items[-1].number) if len(rows) > limit else None)


@router.get("/checkpoints/latest", openapi_extra=OPEN)
async def latest_checkpoint(tx: TxDep) -> shapes.CheckpointOut:
    """The newest checkpoint."""
    row = await checkpoints.latest(tx)
    if row is None:
        raise NotFound("trust.audit.no_checkpoint")
    return shapes.CheckpointOut.model_validate(dict(row))


@router.get("/keys", openapi_extra=OPEN)
async def list_keys(tx: TxDep) -> shapes.KeyChanges:
    """Every change of the key that signs the checkpoints, each signed by the key before and the key after."""
    return shapes.KeyChanges(items=[shapes.KeyChange(**row) for row in await rotating.announced(tx)])


@router.get("/consistency", openapi_extra=OPEN)
async def consistency(tx: TxDep, first: Number, second: Number) -> shapes.ProofOut:
    """That the longer log begins with the shorter one; both within what the city has signed."""
    last = await checkpoints.latest(tx)
    if not 0 < first <= second <= (last["size"] if last else 0):
        raise Invalid("trust.audit.no_proof", fields=[FieldError("second", "trust.audit.no_proof")])
    proof = await tree.consistency(tx, first, second)
    return shapes.ProofOut(first=first, second=second, proof=[one.hex() for one in proof])


@router.post("/cosignatures", status_code=204, openapi_extra=OPEN)
async def cosign(body: shapes.CosignatureIn, tx: TxDep, context: ContextDep) -> None:
    """What a known witness saw; its signature is its credential."""
    await health.cosigned(tx, (await _signer(tx, context)).verifier(), body.note)


@router.get("/witnesses")
async def list_witnesses(tx: TxDep, _who: Reads) -> shapes.Witnesses:
    """Who witnesses the log."""
    return shapes.Witnesses.model_validate({"items": await health.witnesses(tx)})


@router.post("/witnesses", status_code=201)
async def add_witness(body: shapes.WitnessIn, tx: TxDep, who: NamesWitnesses) -> shapes.Witnesses:
    """Know a witness by its public key."""
    await health.add_witness(tx, who, body.key)
    return shapes.Witnesses.model_validate({"items": await health.witnesses(tx)})


@router.delete("/witnesses/{name}", status_code=204)
async def drop_witness(tx: TxDep, who: NamesWitnesses, name: Annotated[str, Path(max_length=100)]) -> None:
    """Know a witness no more."""
    await health.drop_witness(tx, who, name)


@router.post("/exports", response_class=Response, responses={200: {"content": {"application/zip": {}}}})
async def export_log(body: shapes.ExportIn, tx: TxDep, who: Exports, context: ContextDep) -> Response:
    """The lines of a time with checkpoints and hashes: what `verify_audit.py` proves. Its line is committed first."""
    _check_span(body.since, body.until)
    signer = await _signer(tx, context)
    begin, end = await export.span(tx, body.since, body.until)
    if end - begin > MOST_EXPORTED:
        raise Invalid("trust.audit.export_large", fields=[FieldError("since", "trust.audit.export_large")])
    await record(
        tx, who, "audit.export", "audit", f"{begin + 1}-{end}", purpose=await reasons.sealed(tx, who, body.purpose)
    )
    await checkpoints.make(tx, signer)
    files: dict[str, list[str]] = {}
    async for name, piece in export.parts(tx, signer.verifier(), begin, end):
        files.setdefault(name, []).append(piece)
    packed = await asyncio.to_thread(_zipped, files)
    headers = {
        "Content-Disposition": f'attachment; filename="audit-{begin + 1}-{end}.zip"',
        "Cache-Control": "no-store",
    }
    return Response(packed, 200, headers, "application/zip")


def _zipped(files: dict[str, list[str]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, pieces in files.items():
            packed.writestr(name, "".join(pieces))
    return out.getvalue()
