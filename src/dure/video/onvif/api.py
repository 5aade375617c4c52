"""ONVIF over HTTP: cameras found on the camera networks, and a registered camera told where it is asked. For who
manages cameras; logins are sealed and never shown again.
"""

from ipaddress import ip_address
from typing import Annotated
from urllib.parse import quote, urlsplit, urlunsplit

from fastapi import Depends, Path
from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from sqlalchemy import text

from dure.city import streams
from dure.engine.web import ContextDep, Model, Number, Router, TxDep
from dure.kernel.errors import Invalid, NotFound, Unavailable
from dure.trust import audit, vault
from dure.trust.principal import Principal
from dure.trust.web import require
from dure.video.onvif.client import Camera, Preset, Profile
from dure.video.onvif.discovery import Recent
from dure.video.policy import camera_networks
from dure.video.ptz import turner
from dure.video.source import NoPicture

router = Router(tags=["video"])
Manages = Annotated[Principal, Depends(require("camera.manage"))]
CameraId = Annotated[str, Path(min_length=1, max_length=120)]
_FORM = r"^https?://(\d{1,3}(\.\d{1,3}){3}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?(/[A-Za-z0-9._~/?=&%-]{0,200})?$"


def _number(value: str) -> str:
    """Refuse what only looks like an address. Raises ValueError."""
    parts = urlsplit(value)
    ip_address(parts.hostname or "")
    if parts.port == 0:
        raise ValueError(value)
    return value


Address = Annotated[str, StringConstraints(pattern=_FORM, max_length=320), AfterValidator(_number)]
"""By number: nothing is looked up for whoever sends it."""
Purpose = Annotated[str, StringConstraints(max_length=40)]
_RECENT = Recent()
Word = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
_KNOWN = text("select onvif_url from video_control")
_CAMERA = text("select id, stream_url from camera where id = :id for update")
_NEW = text(
    "insert into camera (id, site_id, number, name, lon, lat, state, purposes, source) "
    "values (:id, :id, 1, :name, :lon, :lat, 'ok', :purposes, 'hand')"
)
_KEEP = text(
    "insert into video_control (camera_id, onvif_url, onvif_login, profile, sub_url, presets, changed_at) "
    "values (:id, :url, :login, :profile, :sub, cast(:presets as jsonb), :now) on conflict (camera_id) do update set "
    "onvif_url = excluded.onvif_url, onvif_login = excluded.onvif_login, profile = excluded.profile, "
    "sub_url = excluded.sub_url, presets = excluded.presets, changed_at = excluded.changed_at"
)
_STREAM = text(
    "update camera set stream_url = :stream_url, stream_login = :stream_login, ptz = ptz or :ptz, "
    "version = version + 1, updated_at = :now where id = :id"
)


class FoundOut(BaseModel):
    """A device that answered; `known`: one of the registry's cameras is asked there already."""

    address: str
    name: str
    hardware: str
    known: bool


class FoundList(BaseModel):
    """All that answered within a few seconds."""

    items: list[FoundOut]


class LoginForm(Model):
    """Where a camera is asked, and its login."""

    address: Address
    username: Word = ""
    password: Word = ""


class ConnectForm(LoginForm):
    """The device, and, for a camera that the registry does not know yet, its name, place and what it is put up for."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    lon: Annotated[Number, Field(ge=-180, le=180)] | None = None
    lat: Annotated[Number, Field(ge=-90, le=90)] | None = None
    purposes: Annotated[
        list[Annotated[str, StringConstraints(max_length=40)]], Field(max_length=20, default_factory=list)
    ]


class StreamOut(BaseModel):
    """One of its streams."""

    profile: str
    name: str
    width: int
    height: int
    codec: str


class AskedOut(BaseModel):
    """What a camera says of itself."""

    model: str
    ptz: bool
    streams: list[StreamOut]
    presets: Annotated[list[str], Field(description="Names of the positions that it remembers")]


@router.post("/cameras/discovery")
async def find_cameras(tx: TxDep, by: Manages, context: ContextDep) -> FoundList:
    """Ask all devices near this machine that send pictures (WS-Discovery); who answers within two seconds from the
    camera networks; asked again within ten seconds, the same is told. 503 where no question can be sent.
    """
    await audit.record(tx, by, "camera.find", "camera", "*")
    known = {row["onvif_url"] for row in await tx.rows(_KNOWN)}
    try:
        found = await _RECENT.find(camera_networks(context.settings.camera_networks))
    except OSError as error:
        raise Unavailable("video.onvif.no_network") from error
    return FoundList(
        items=[
            FoundOut(address=one.address, name=one.name, hardware=one.hardware, known=one.address in known)
            for one in found
        ]
    )


@router.post("/cameras/discovery/ask")
async def ask_camera(tx: TxDep, by: Manages, context: ContextDep, form: LoginForm) -> AskedOut:
    """Ask one device by ONVIF what it is and has. 422 with the reason where it does not answer or refuses the login."""
    await audit.record(tx, by, "camera.ask", "camera", urlsplit(form.address).netloc)
    async with await _at(context, form) as camera:
        model, profiles, presets = await _told(camera)
    return AskedOut(
        model=model,
        ptz=camera.turns,
        streams=[
            StreamOut(profile=one.token, name=one.name, width=one.width, height=one.height, codec=one.codec)
            for one in profiles
        ],
        presets=[one.name for one in presets],
    )


@router.put("/cameras/{camera_id}/onvif", status_code=204)
async def connect_camera(tx: TxDep, by: Manages, context: ContextDep, camera_id: CameraId, form: ConnectForm) -> None:
    """Let a camera have its picture from this device: its largest stream for looking, its smallest for the wall, its
    positions for turning. One that is not registered yet is, with the name and place that are given. 422 where the
    device does not answer, refuses the login or has no stream.
    """
    if await tx.row(_CAMERA, {"id": camera_id}) is None:
        if not form.name or form.lon is None or form.lat is None:
            raise NotFound("city.camera.unknown", camera=camera_id[:80])
        new = {"id": camera_id, "name": form.name, "lon": form.lon, "lat": form.lat, "purposes": form.purposes}
        await tx.execute(_NEW, new)
    try:
        async with await _at(context, form) as camera:
            _, profiles, presets = await _told(camera)
            if not profiles:
                raise Invalid("video.onvif.no_stream")
            main, small = profiles[0], profiles[-1]
            address = await camera.stream(main.token)
            sub = await camera.stream(small.token) if small is not main else None
    except NoPicture as error:
        raise Invalid(f"video.onvif.{error.trouble.value}") from error
    held = vault.at(context.settings.data)
    login = f"{quote(form.username, safe='')}:{quote(form.password, safe='')}"
    sealed = held.seal(turner.about(camera_id), login.encode()) if form.username else None
    values = {
        "id": camera_id,
        "url": form.address,
        "login": sealed,
        "profile": main.token,
        "sub": sub,
        "presets": turner.as_json(presets),
        "now": tx.now(),
    }
    await tx.execute(_KEEP, values)
    kept = streams.columns(held, camera_id, _with_login(address, form))
    await tx.execute(_STREAM, {**kept, "id": camera_id, "ptz": camera.turns, "now": tx.now()})
    await audit.record(tx, by, "camera.connect", "camera", camera_id)


async def _at(context: ContextDep, form: LoginForm) -> Camera:
    try:
        return await Camera.at(_with_login(form.address, form), camera_networks(context.settings.camera_networks))
    except NoPicture as error:
        raise Invalid(f"video.onvif.{error.trouble.value}") from error


async def _told(camera: Camera) -> tuple[str, list[Profile], list[Preset]]:
    """Its model, its streams and its presets. Raises Invalid."""
    try:
        await camera.begin()
        model, profiles = await camera.model(), await camera.profiles()
        presets = await camera.presets(profiles[0].token) if camera.turns and profiles else []
    except NoPicture as error:
        raise Invalid(f"video.onvif.{error.trouble.value}") from error
    return model, profiles, presets


def _with_login(address: str, form: LoginForm) -> str:
    if not form.username:
        return address
    parts = urlsplit(address)
    login = f"{quote(form.username, safe='')}:{quote(form.password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))
