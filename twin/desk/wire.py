"""The desk on a wire: its answers, steps and errors as JSON and back, without loss.

JSON has no bytes, no tuples and no records. They are written as objects with one key that begins
with `$`: `{"$bytes": "0x.."}`, `{"$tuple": [..]}`, `{"$Quote": {..}}`. Everything else is plain
JSON, which a person can read and another program can use.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from twin import errors
from twin.desk import port, steps
from twin.errors import CrashError, DeskError, NoData, Reverted, TwinError, UnknownName

__all__ = ["WireQuery", "dumps", "loads", "raised", "thrown"]

MARK = "$"


class WireQuery:
    """Stands in a `Look` for the function that stays with whoever drives the runbook."""

    def __call__(self, *_args: Any) -> Any:
        """Refuse: only the driver can answer."""
        raise CrashError("this question is answered by whoever drives the runbook")


@cache
def _records() -> Mapping[str, type[Any]]:
    """Return every record that crosses, by name."""
    parts = [import_module(f"{port.__name__}.{item.name}") for item in iter_modules(port.__path__)]
    found = {
        name: value
        for module in (*parts, port, steps)
        for name, value in vars(module).items()
        if isinstance(value, type) and is_dataclass(value)
    }
    return {name: found[name] for name in sorted(found)}


def _encoded(value: Any) -> Any:  # noqa: PLR0911 - one line a kind of value
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, bytes):
        return {"$bytes": "0x" + value.hex()}
    if isinstance(value, tuple):
        return {"$tuple": [_encoded(item) for item in value]}
    if isinstance(value, list):
        return [_encoded(item) for item in value]
    if isinstance(value, Mapping):
        if all(isinstance(key, str) and not key.startswith(MARK) for key in value):
            return {key: _encoded(item) for key, item in value.items()}
        return {"$map": [[_encoded(key), _encoded(item)] for key, item in value.items()]}
    if isinstance(value, Reverted):
        return {"$Reverted": {"data": _encoded(value.data), "reason": value.reason}}
    if isinstance(value, steps.Look):  # function and arguments stay with whoever drives
        return {"$Look": {"question": value.question, "query": None, "args": {"$tuple": []}}}
    name = type(value).__name__
    if _records().get(name) is type(value):
        return {
            MARK + name: {item.name: _encoded(_field(value, item.name)) for item in fields(value)}
        }
    raise CrashError(f"{value!r} does not cross the wire: JSON, bytes, and records of the desk do")


def _field(record: Any, name: str) -> Any:
    value = getattr(record, name)
    return None if callable(value) else value


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, inner),) = value.items()
        if key.startswith(MARK):
            return _special(key[1:], inner)
    return {key: _decoded(item) for key, item in value.items()}


def _special(name: str, inner: Any) -> Any:
    if name == "bytes":
        return bytes.fromhex(inner[2:])
    if name == "tuple":
        return tuple(_decoded(item) for item in inner)
    if name == "map":
        return {_decoded(key): _decoded(item) for key, item in inner}
    if name == "Reverted":
        return Reverted(_decoded(inner["data"]), inner["reason"])
    if name not in _records():
        raise UnknownName("record of the desk", name, _records())
    made = {key: _decoded(item) for key, item in inner.items()}
    if name == "Look":
        made["query"] = WireQuery()
    return _records()[name](**made)


def dumps(value: Any) -> bytes:
    """Return *value* as JSON; CrashError for what is neither JSON nor of the desk."""
    return json.dumps(_encoded(value), separators=(",", ":")).encode()


def loads(text: bytes) -> Any:
    """Return what `dumps` wrote."""
    return _decoded(json.loads(text))


_THROWN: Mapping[str, Callable[[Any], TwinError]] = {
    "NoData": lambda said: _worded(NoData(""), said["message"]),
    "Reverted": lambda said: Reverted(bytes.fromhex(said["data"]), said["reason"]),
    "UnknownName": lambda said: UnknownName(said["kind"], said["name"], said["valid"]),
}


def _worded(error: TwinError, message: str) -> TwinError:
    error.message = message
    error.args = (message,)
    return error


def thrown(error: TwinError) -> dict[str, Any]:
    """Return *error* as plain JSON."""
    said: dict[str, Any] = {"class": type(error).__name__, "message": str(error)}
    if isinstance(error, Reverted):
        said |= {"data": error.data.hex(), "reason": error.reason}
    if isinstance(error, UnknownName):
        said |= {"kind": error.kind, "name": error.name, "valid": error.valid}
    return said


def raised(said: Mapping[str, Any]) -> TwinError:
    """Return the error that `thrown` wrote; one that is not known here is a DeskError."""
    name = said["class"]
    if name in _THROWN:
        return _THROWN[name](said)
    kind = getattr(errors, name, DeskError)
    plain = isinstance(kind, type) and issubclass(kind, TwinError)
    return _worded(DeskError("") if not plain else kind.__new__(kind), said["message"])
