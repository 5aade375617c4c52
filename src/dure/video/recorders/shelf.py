"""Where past pictures stand on recorders, for whoever shows or exports them."""

import time
from collections.abc import Sequence
from uuid import UUID

from dure.engine.context import Context
from dure.trust import vault
from dure.trust.address import Network
from dure.video.onvif.recorder import Recorder
from dure.video.past.library import Part
from dure.video.past.model import at
from dure.video.policy import camera_networks
from dure.video.recorders import store
from dure.video.recorders.reels import Reels
from dure.video.recorders.store import Standing
from dure.video.source import located

_FRESH_S = 300.0


class Places:
    """Where recordings are replayed: asked for once in a while."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = allowed
        self._known: dict[tuple[UUID, str, str], tuple[float, str]] = {}

    async def where(self, stands: Standing) -> str:
        """The address of a recording's replay, judged and with its login. Raises NoPicture."""
        key = stands.recorder_id, stands.token, stands.address
        since, known = self._known.get(key, (0.0, ""))
        if not known or time.monotonic() - since > _FRESH_S:
            async with await Recorder.at(stands.address, self._allowed) as recorder:
                await recorder.begin()
                known = store.with_login(await recorder.replay(stands.token), stands.address)
            self._known = {one: told for one, told in self._known.items() if time.monotonic() - told[0] < _FRESH_S}
            self._known[key] = time.monotonic(), known
        return await located(known, self._allowed)


class Shelf:
    """What of cameras' past stands on recorders (past.library.Elsewhere)."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.reels = Reels(Places(camera_networks(context.settings.camera_networks)).where)

    async def parts(self, camera_id: str, since_ms: int, until_ms: int, *, keys_only: bool) -> list[Part]:
        """What of a camera's past between these times stands there. Raises Unavailable, BrokenStream."""
        async with self._context.database.transaction() as tx:
            held = vault.at(self._context.settings.data)
            stands = await store.standing(tx, held, camera_id, at(since_ms), at(until_ms))
        return [] if stands is None else await self.reels.parts(stands, keys_only=keys_only)
