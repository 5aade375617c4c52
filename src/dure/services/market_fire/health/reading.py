"""Detectors that need somebody, of the markets within reach."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.services.market_fire.health.judging import (
    GROUP_OF,
    Group,
    Profile,
    Reason,
    day_of,
    due_on,
    limits,
    newest,
    reasons,
)
from dure.services.market_fire.plan.reach import WITHIN, Reach

MOST: Final = 50_000
"""Detectors of one city's markets; more are cut off, the last by name."""
_ALL = text(f"""
    select d.id, d.name, d.state, d.fault, d.last_seen, d.interval_s, d.latest, d.attrs, m.id as market_id,
        m.name as market, s.id as stall_id, s.name as stall, s.attrs->>'detector_installed' as stall_installed,
        c.heard_at as tested
    from device d
    join asset s on s.id = d.asset_id and s.kind = 'stall'
    join asset m on m.id = s.parent_id and m.kind = 'market'
    left join lateral (
        select max(k.heard_at) as heard_at from market_commissioning k
        where k.device_id = d.id and k.state = 'done'
    ) c on true
    where d.kind = 'fire_detector' and {WITHIN} and (cast(:market as uuid) is null or m.id = :market)
    order by m.name, m.id, d.id limit {MOST}
""")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which: those of a market, of a group, with words in their name; `sound` ones, too."""

    market: UUID | None = None
    group: Group | None = None
    words: str = ""
    sound: bool = False


async def found(tx: Tx, within: Reach, asked: Asked) -> list[dict[str, Any]]:
    """The detectors that are asked for, the most urgent first, then by market and id."""
    rows = await tx.rows(_ALL, {**within.values(), "market": asked.market})
    firmware = _newest(rows)
    bounds, now = limits(), tx.now()
    told: list[dict[str, Any]] = []
    for row in rows:
        profile = _profile(row, firmware)
        why = reasons(profile, now, bounds)
        groups = {GROUP_OF[one] for one in why}
        wanted = asked.group in groups if asked.group is not None else bool(why) or asked.sound
        if wanted and _named(row, asked.words):
            told.append(_shown(row, profile, why))
    order = list(Group)
    return sorted(told, key=lambda one: min((order.index(group) for group in one["groups"]), default=len(order)))


def _named(row: RowMapping, words: str) -> bool:
    plain = f"{row['id']} {row['name']} {row['market']} {row['stall']}".lower()
    return all(word in plain for word in words.lower().split())


def _newest(rows: list[RowMapping] | Any) -> Mapping[str, str]:
    by_model: dict[str, list[str]] = {}
    for row in rows:
        if row["attrs"].get("firmware"):
            by_model.setdefault(str(row["attrs"].get("model", "")), []).append(str(row["attrs"]["firmware"]))
    return {model: last for model, versions in by_model.items() if (last := newest(versions)) is not None}


def _profile(row: RowMapping, firmware: Mapping[str, str]) -> Profile:
    attrs = row["attrs"]
    return Profile(
        row["state"], row["fault"], row["last_seen"], row["interval_s"], row["latest"],
        day_of(attrs.get("installed") or row["stall_installed"]), row["tested"],
        attrs.get("firmware"), firmware.get(str(attrs.get("model", ""))),
    )  # fmt: skip


def _shown(row: RowMapping, told: Profile, why: tuple[Reason, ...]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("id", "name", "market_id", "market", "stall_id", "stall", "last_seen")},
        "reasons": [one.value for one in why],
        "groups": [group.value for group in Group if any(GROUP_OF[one] is group for one in why)],
        **{name: told.value(name) for name in ("battery", "rssi", "tamper", "self_test", "heat", "smoke")},
        "model": row["attrs"].get("model"),
        "firmware": told.firmware,
        "installed": told.installed,
        "due_on": None if told.installed is None else due_on(told.installed, limits()),
        "tested": told.tested,
    }
