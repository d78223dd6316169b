"""Configuration dataclasses to JSON and back."""

import dataclasses
import types
from collections.abc import Mapping
from typing import Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from graphformers.errors import ConfigError, nearest_name

Config = TypeVar("Config")
Json = dict[str, object]


def config_to_json(config: object) -> Json:
    """A configuration dataclass as plain JSON values.

    Every dataclass carries its class name as ``"kind"``, so that a field which may hold one of
    several configurations can be read back; tuples become lists.
    """
    if not dataclasses.is_dataclass(config) or isinstance(config, type):
        raise ConfigError(f"expected a configuration dataclass; got {type(config).__name__}")
    values = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    return {"kind": type(config).__name__} | {
        name: _encode(value) for name, value in values.items()
    }


def config_from_json(config_class: type[Config], document: Mapping[str, object]) -> Config:
    """Build a configuration from what ``config_to_json`` wrote; left-out fields keep defaults.

    Raises ``ConfigError`` for a field the class does not have, naming the nearest one.
    """
    kind = document.get("kind", config_class.__name__)
    if kind != config_class.__name__:
        raise ConfigError(f"expected a {config_class.__name__}; the document holds a {kind}")
    hints = get_type_hints(config_class)
    known = [field.name for field in dataclasses.fields(cast(type, config_class)) if field.init]
    values: dict[str, object] = {}
    for name, value in document.items():
        if name == "kind":
            continue
        if name not in known:
            raise ConfigError(
                f"{config_class.__name__} has no field {name!r}{nearest_name(name, known)}"
            )
        values[name] = _decode(hints[name], value)
    return config_class(**values)


def _encode(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return config_to_json(value)
    if isinstance(value, Mapping):
        return {str(key): _encode(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encode(one) for one in value]
    return value


def _decode(hint: object, value: object) -> object:
    """Turn a JSON value into what the annotation asks for: nested dataclasses and tuples."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _decode_union(get_args(hint), value)
    if origin is Literal or value is None:
        return value
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return config_from_json(hint, value)
    if origin is tuple and isinstance(value, list):
        inner = get_args(hint)
        repeated = len(inner) == 2 and inner[1] is Ellipsis
        hints = [inner[0]] * len(value) if repeated else list(inner)
        return tuple(_decode(one, item) for one, item in zip(hints, value, strict=True))
    return value


def _decode_union(options: tuple[object, ...], value: object) -> object:
    if isinstance(value, Mapping):
        for option in options:
            if isinstance(option, type) and option.__name__ == value.get("kind"):
                return _decode(option, value)
    elif isinstance(value, list):
        for option in options:
            if get_origin(option) is tuple:
                return _decode(option, value)
    return value
