"""How a city sends: quiet hours and rates, and where staff and desks are reached. Thin."""

from datetime import date, time
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query
from pydantic import Field

from dure.engine.web import Model, Router, TxDep
from dure.kernel.errors import FieldError, Invalid
from dure.kernel.ids import new_id
from dure.notices import contacts, rules
from dure.notices.model import Channel, Medium, To, Wanted
from dure.notices.sending import send, today
from dure.notices.timing import rule_of
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(tags=["notices"])
Configures = Annotated[Principal, Depends(require("notice.configure"))]
Contacts = Annotated[Principal, Depends(require("notice.contact"))]
Owner = Annotated[str, Query(max_length=100, description="account:<id> or agency:<slug>")]


class RuleForm(Model):
    """Quiet hours (city time) and rates from a day on, and by whose word."""

    quiet_from: time
    quiet_until: time
    per_number_hour: int = Field(ge=1, le=1000)
    per_city_minute: int = Field(ge=1, le=100_000)
    source: str = Field(min_length=1, max_length=300)


class ContactForm(Model):
    """Where somebody of the staff, or a desk, is reached."""

    owner: str = Field(max_length=100)
    medium: Literal["text", "email"]
    address: str = Field(min_length=3, max_length=254)


class TestForm(Model):
    """To whom, and how."""

    owner: str = Field(max_length=100)
    channel: Literal["sms", "voice", "email"]


def to_of(owner: str) -> To:
    """The receiver of `account:<id>` or `agency:<slug>`. Raises Invalid."""
    kind, _, id_ = owner.partition(":")
    if kind == "agency" and id_:
        return To(agency_id=id_)
    try:
        if kind == "account":
            return To(account_id=UUID(id_))
    except ValueError:
        pass  # said below, as everything else that names nobody
    raise Invalid("engine.fields.wrong", fields=[FieldError("owner", "notices.contact.owner")])


@router.get("/notices-rules")
async def list_rules(tx: TxDep, _who: Configures) -> dict[str, Any]:
    """Quiet hours and rates by the day from which each holds, and which holds today."""
    known = await rules.kept(tx)
    return {"items": [rules.shown(one) for one in known], "today": rules.shown(rule_of(known, today(tx)))}


@router.put("/notices-rules/{begins}")
async def put_rule(tx: TxDep, who: Configures, begins: date, form: RuleForm) -> dict[str, Any]:
    """Set what holds from a day on. What has begun before today is past, and stays."""
    if begins < today(tx):
        raise Invalid("engine.fields.wrong", fields=[FieldError("begins", "notices.rule.past")])
    quiet = (form.quiet_from.replace(tzinfo=None), form.quiet_until.replace(tzinfo=None))
    await rules.put(tx, who, begins, quiet, (form.per_number_hour, form.per_city_minute), form.source)
    return await list_rules(tx, who)


@router.get("/notices-contacts")
async def list_contacts(tx: TxDep, _who: Contacts, owner: Owner) -> dict[str, Any]:
    """An owner's addresses, masked."""
    return {"items": await contacts.listing(tx, owner)}


@router.post("/notices-contacts", status_code=201)
async def add_contact(tx: TxDep, who: Contacts, form: ContactForm) -> dict[str, Any]:
    """Keep an address. It is sealed, and shown masked from now on."""
    to_of(form.owner)
    await contacts.add(tx, who, form.owner, Medium(form.medium), form.address)
    return {"items": await contacts.listing(tx, form.owner)}


@router.post("/notices-contacts/test", status_code=201)
async def send_test(tx: TxDep, who: Contacts, form: TestForm) -> dict[str, str]:
    """Send a test notice to an account or a desk; its id."""
    wanted = Wanted(Channel(form.channel), to_of(form.owner), "test", f"test:{new_id()}", by=who.actor)
    return {"id": str(await send(tx, wanted))}


@router.delete("/notices-contacts/{contact_id}", status_code=204)
async def drop_contact(tx: TxDep, who: Contacts, contact_id: UUID) -> None:
    """Forget an address."""
    await contacts.drop(tx, who, contact_id)
