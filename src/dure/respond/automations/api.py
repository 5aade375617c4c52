"""Machines over HTTP: what the city has, and entering them. Thin."""

from typing import Annotated, Any

from fastapi import Depends, Path, Response
from pydantic import Field, StringConstraints, model_validator

from dure.engine.web import ExpectedVersion, Flag, Model, Number, Router, TxDep
from dure.kernel.geometry import LonLat
from dure.respond.automations import setup
from dure.respond.automations.model import MOST_ADDRESS, MOST_WITHIN_S, NAME, Machine, Plc, Way
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(prefix="/automations", tags=["playbooks"])
Reads = Annotated[Principal, Depends(require("automation.read"))]
Configures = Annotated[Principal, Depends(require("automation.configure"))]
Name = Annotated[str, Path(pattern=NAME, max_length=64)]
Address = Annotated[int, Field(ge=0, le=MOST_ADDRESS, strict=True)]


class PlcForm(Model):
    """The coil that sets it going, and the discrete input that tells that it is done within so many seconds."""

    coil: Address
    put: Flag = True
    input: Address | None = None
    expected: Flag = True
    within_s: Annotated[Number, Field(gt=0, le=MOST_WITHIN_S)] = 20.0


class MachineForm(Model):
    """A machine, what it does and where: `modbus://NUMBER[:PORT][/UNIT]` with its `plc`, or an https address that takes
    signed requests.
    """

    automation: Annotated[str, Field(pattern=NAME, max_length=64)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    way: Way
    url: Annotated[str, StringConstraints(min_length=8, max_length=500)]
    is_on: Flag = True
    plc: PlcForm | None = None
    lon: Annotated[Number, Field(ge=-180, le=180)] | None = None
    lat: Annotated[Number, Field(ge=-90, le=90)] | None = None
    reach_m: Annotated[Number, Field(ge=1, le=20_000)] = 300.0

    @model_validator(mode="after")
    def _whole(self) -> "MachineForm":
        if (self.way is Way.MODBUS) != (self.plc is not None):
            raise ValueError("plc")
        if (self.lon is None) != (self.lat is None):
            raise ValueError("lon, lat")
        return self

    def machine(self) -> Machine:
        """The plain values."""
        plc = None if self.plc is None else Plc(**self.plc.model_dump())
        place = None if self.lon is None or self.lat is None else LonLat(self.lon, self.lat)
        return Machine(self.automation, self.name, self.way, self.url, self.is_on, plc, place, self.reach_m)


@router.get("")
async def list_automations(tx: TxDep, _who: Reads) -> dict[str, Any]:
    """Machines that manuals may set going, and how each did last. Secrets are never shown again."""
    return {"items": await setup.listing(tx), "next": None}


@router.put("/{automation_id}")
async def put_automation(
    tx: TxDep, who: Configures, automation_id: Name, form: MachineForm, response: Response, expected: ExpectedVersion
) -> dict[str, Any]:
    """Enter or change a machine. Where one that is asked over HTTP is new, `secret` is shown this once."""
    made = await setup.put(tx, who, automation_id, form.machine(), expected)
    if made is not None:
        response.headers["Cache-Control"] = "no-store"
    return {"secret": made}


@router.post("/{automation_id}/rotate")
async def rotate(tx: TxDep, who: Configures, automation_id: Name, response: Response) -> dict[str, Any]:
    """Make a new secret, shown this once; the earlier one counts no more. 409 for a machine that has none."""
    response.headers["Cache-Control"] = "no-store"
    return {"secret": await setup.rotate(tx, who, automation_id)}


@router.delete("/{automation_id}", status_code=204)
async def drop_automation(tx: TxDep, who: Configures, automation_id: Name) -> None:
    """Take a machine away; manuals that name it ask a person."""
    await setup.drop(tx, who, automation_id)
