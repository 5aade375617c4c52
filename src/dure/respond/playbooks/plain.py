"""A plan as plain JSON and back, for runs that keep the plan they began with."""

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from dure.respond.playbooks import model

FORM: Final = 1
"""The version of this form. A plan of a later form is refused: it was made by a later dure."""
_ACTS: Final[Mapping[str, type]] = {
    "notify": model.Notify,
    "hand_off": model.HandOff,
    "assign": model.Assign,
    "decide": model.Decide,
    "wait": model.Wait,
    "open_cameras": model.OpenCameras,
    "turn_camera": model.TurnCamera,
    "automate": model.Automate,
    "warn": model.Warn,
    "parallel": model.Parallel,
    "when": model.When,
}
_NAMES: Final = {kind: name for name, kind in _ACTS.items()}
_DEPTH: Final = 32


def act_name(act: model.Act) -> str:
    """What an act is called in JSON and in tables: notify, hand_off, assign ..."""
    return _NAMES[type(act)]


def to_json(playbook: model.Playbook) -> dict[str, Any]:
    """The plan as plain JSON; `from_json` gives the same plan back."""
    value = _written(playbook)
    assert isinstance(value, dict)
    return {"form": FORM, **value}


def from_json(value: Any) -> model.Playbook:
    """The plan in `value`. Raises ValueError where it is none: a wrong type, an unknown act, a missing field."""
    if not isinstance(value, dict) or value.get("form") != FORM:
        raise ValueError("not a plan of this form")
    playbook = _read(model.Playbook, {key: one for key, one in value.items() if key != "form"}, "", 0)
    assert isinstance(playbook, model.Playbook)
    return playbook


def _written(value: object) -> Any:
    if is_dataclass(value):
        named = {"act": _NAMES[type(value)]} if type(value) in _NAMES else {}
        return {**named, **{one.name: _written(getattr(value, one.name)) for one in fields(value)}}
    if isinstance(value, tuple):
        return [_written(one) for one in value]
    return value.value if isinstance(value, StrEnum) else value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, value: Any, at: str, depth: int) -> Any:
    if depth > _DEPTH:
        raise ValueError(f"{at}: too deep")
    if kind == model.Act:
        return _act(value, at, depth)
    origin = get_origin(kind)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{at}: not a list")
        return tuple(_read(get_args(kind)[0], one, f"{at}/{n}", depth + 1) for n, one in enumerate(value))
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _read(next(one for one in get_args(kind) if one is not type(None)), value, at, depth)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _enum(kind, value, at)
    if is_dataclass(kind):
        return _object(kind, value, at, depth)
    return _scalar(kind, value, at)


def _act(value: Any, at: str, depth: int) -> Any:
    named = value.get("act") if isinstance(value, dict) else None
    kind = _ACTS.get(named) if isinstance(named, str) else None
    if kind is None:
        raise ValueError(f"{at}: no act that is known here")
    return _object(kind, {key: one for key, one in value.items() if key != "act"}, at, depth)


def _object(kind: Any, value: Any, at: str, depth: int) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{at}: not an object")  # noqa: TRY004  # one error for all that is no plan
    known = {one.name: one for one in fields(kind)}
    strange = value.keys() - known.keys()
    missing = [name for name, one in known.items() if name not in value and one.default is MISSING]
    if strange or missing:
        raise ValueError(f"{at}: unknown {sorted(strange)}, missing {missing}")
    return kind(**{name: _read(_hints(kind)[name], one, f"{at}/{name}", depth + 1) for name, one in value.items()})


def _enum(kind: type[StrEnum], value: Any, at: str) -> StrEnum:
    if not isinstance(value, str) or value not in set(kind):
        raise ValueError(f"{at}: no {kind.__name__}")
    return kind(value)


def _scalar(kind: Any, value: Any, at: str) -> Any:
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise ValueError(f"{at}: not {getattr(kind, '__name__', kind)}")
    return value
