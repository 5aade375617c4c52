"""What goes with a film: which pictures it was made of, under which right, through whose hands, and the city's
signature over all of it. `docs/verify_video.py` reads it without dure.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from dure.trust.audit.note import Signer
from dure.video.export.model import FORMAT, Made, moment

NOTE = "dure video export v1"


def body(
    row: Mapping[str, Any],
    made: Sequence[Made],
    masks: Mapping[str, Sequence[Mapping[str, Any]]],
    custody: Sequence[Mapping[str, Any]],
    *,
    purpose: str,
    expires_at: datetime,
) -> bytes:
    """The manifest: canonical JSON (sorted keys, no spaces, UTF-8)."""
    value = {
        "format": FORMAT,
        "export": {"id": str(row["id"]), "number": row["number"], "ticket": str(row["ticket_id"])},
        "case": {"incident": str(row["incident_id"]), "receipt_no": row["receipt_no"]},
        "right": {
            "purpose": purpose,
            "ground": row["ground"],
            "document": row["document"],
            "requester": {"name": row["asked_name"], "agency": row["agency_id"]},
            "approver": row["approved_by"],
        },
        "span": {"begin": row["begin_at"].isoformat(), "end": row["end_at"].isoformat()},
        "expires_at": expires_at.isoformat(),
        "custody": [{"at": one["at"].isoformat(), "what": one["what"], "who": one["who_name"]} for one in custody],
        "films": [_film(one, masks.get(one.camera_id, ())) for one in made],
        "missing": sorted(set(row["camera_ids"]) - {one.camera_id for one in made}),
    }
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _film(made: Made, masks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.to_builtins(made)
    value["gaps"] = [[moment(begin).isoformat(), moment(end).isoformat()] for begin, end in made.gaps]
    value["masks"] = [
        {"version": str(one["id"]), "from": one["holds_from"].isoformat(), "polygons": one["polygons"]} for one in masks
    ]
    return value


def note(signer: Signer, manifest: bytes) -> str:
    """The city's signed word on a manifest (C2SP signed-note)."""
    text = f"{NOTE}\n{hashlib.sha256(manifest).hexdigest()}\n"
    return f"{text}\n{signer.line(text)}"
