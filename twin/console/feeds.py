"""The desk's parts as feeds over HTTP: what the port of a part has is served, and nothing else.

    /desk/venues/ticker             {"args": ["meridian"]}    a question to a part
    /desk/services/nodes/head       {"args": ["node-a"]}      to a service
    /desk/lab/fork, /desk/forks/1/send                        to a copy of the chain
    /desk/manifest                                            the deployment manifest

A question that needs only texts and numbers can be asked by GET, with its arguments in the path:
`GET /desk/venues/ticker/meridian`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, get_type_hints
from urllib.parse import unquote

from twin.desk import wire
from twin.desk.port import Desk, Fork, ServiceDesk
from twin.errors import TwinError, UnknownName, UsageError
from twin.protocol.manifest import Deployment

__all__ = ["Feeds", "plain"]

HELD_BACK = ("chain", "lab", "now", "services", "at")
"""Of the desk's own names, those that are no part with a feed of its own."""


@cache
def _ports() -> Mapping[str, type[Any]]:
    """Return the port of each part by its path below `/desk/`."""
    parts = {
        name: get_type_hints(value.fget)["return"]
        for name, value in vars(Desk).items()
        if isinstance(value, property) and name not in HELD_BACK
    }
    services = {f"services/{name}": port for name, port in get_type_hints(ServiceDesk).items()}
    return {**parts, **services}


def _names(port: type[Any]) -> tuple[str, ...]:
    """Return what *port* declares, its own and what it inherits."""
    return tuple(name for name in dir(port) if not name.startswith("_"))


def plain(segment: str) -> Any:
    """Return a segment of a path as the value it writes: bytes, a whole number, or text."""
    text = unquote(segment)
    if text.startswith("0x"):
        try:
            return bytes.fromhex(text[2:])
        except ValueError:
            return text
    return int(text) if text.isascii() and text.lstrip("-").isdecimal() else text


class Feeds:
    """The feeds of *desk*, whose contracts are those of *deployment*."""

    def __init__(self, desk: Any, deployment: Deployment) -> None:
        """Have no copies of the chain yet."""
        self._desk, self._deployment = desk, deployment
        self._forks: list[Fork] = []

    def answer(self, path: str, body: bytes) -> bytes:
        """Answer the question *body* that was sent to *path*, which begins below `/desk/`."""
        try:
            asked = wire.loads(body) if body else {}
            value = self._ask(path, asked.get("args", []), asked.get("named", {}))
            return wire.dumps({"value": value})
        except TwinError as error:
            return wire.dumps({"error": wire.thrown(error)})
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            said = UsageError(f"{path}: that question does not fit: {error}")
            return wire.dumps({"error": wire.thrown(said)})

    def get(self, path: str) -> bytes:
        """Answer a question whose arguments are the last segments of *path*."""
        segments = path.split("/")
        depth = 3 if segments[0] in {"services", "forks"} else 2
        target, rest = "/".join(segments[:depth]), segments[depth:]
        return self.answer(target, wire.dumps({"args": [plain(item) for item in rest]}))

    def _ask(self, path: str, args: list[Any], named: Mapping[str, Any]) -> Any:
        if path == "manifest":
            return self._deployment.to_json()
        if path == "lab/fork":
            self._forks.append(self._desk.lab.fork(*args, **named))
            return len(self._forks) - 1
        if path in {"lab/restore", "lab/backtest"}:
            lab = self._desk.lab
            return (lab.restore if path == "lab/restore" else lab.backtest)(*args, **named)
        if path.startswith("forks/"):
            _, number, name = path.split("/")
            return _called(self._forks[int(number)], Fork, name, args, named)
        if path in {"chain/stats", "chain/simulate", "chain/calls"}:
            block, *rest = args
            return getattr(self._desk.at(block), path.removeprefix("chain/"))(*rest, **named)
        part, _, name = path.rpartition("/")
        if part not in _ports():
            raise UnknownName("part of the desk", part, _ports())
        target = self._desk
        for step in part.split("/"):
            target = getattr(target, step)
        return _called(target, _ports()[part], name, args, named)


def _called(
    target: Any, port: type[Any], name: str, args: list[Any], named: Mapping[str, Any]
) -> Any:
    """Ask *target* for *name*, which its *port* must declare."""
    if name not in _names(port):
        raise UnknownName(f"question to {port.__name__}", name, _names(port))
    found = getattr(target, name)
    return found(*args, **named) if callable(found) else found
