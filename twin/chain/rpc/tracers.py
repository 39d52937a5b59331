"""The tracers of `debug_`: what to see of an execution, and how it is told, as go-ethereum has it.

There are its struct logger, `callTracer`, `prestateTracer`, `4byteTracer`, `noopTracer` and
`muxTracer`; there is no JavaScript.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from twin.chain.port import Call, Transaction
from twin.chain.rpc.errors import InvalidParams, Refused
from twin.chain.rpc.views import Inspected, kept
from twin.chain.trace import Prestate, StepOptions, call_form, four_bytes

__all__ = ["Tracer", "tracer"]

Subject = Transaction | Call
Config = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tracer:
    """*see(engine, subject, coinbase)* returns what is told of *subject*, and changes nothing."""

    see: Callable[[Inspected, Subject, bytes], Any]


def tracer(config: Config) -> Tracer:
    """Return the tracer that *config*, the last argument of a trace, asks for."""
    name = config.get("tracer")
    if name is None or name == "":
        return _steps(config)
    inner = config.get("tracerConfig") or {}
    return _named(name, inner)


def _named(name: Any, config: Any) -> Tracer:
    made = _TRACERS.get(name) if isinstance(name, str) else None
    if made is None:
        known = ", ".join(_TRACERS)
        raise Refused(f"tracer {name!r} is not there: the struct logger (no tracer), {known} are")
    if not isinstance(config, Mapping):
        raise InvalidParams("invalid tracerConfig: expected an object")
    return made(config)


def _flag(config: Config, name: str, *, default: bool = False) -> bool:
    value = config.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise InvalidParams(f"invalid {name}: expected a boolean")
    return value


def _steps(config: Config) -> Tracer:
    size = config.get("limit", 0)
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise InvalidParams("invalid limit: expected a number of bytes, 0 or more")
    # Before version 1.10, memory was told unless it was disabled; some clients still say so.
    memory = _flag(config, "enableMemory") or (
        "disableMemory" in config and not _flag(config, "disableMemory")
    )
    options = StepOptions(
        size=size,
        stack=not _flag(config, "disableStack"),
        memory=memory,
        storage=not _flag(config, "disableStorage"),
        returned=_flag(config, "enableReturnData"),
    )
    return Tracer(lambda engine, subject, _: engine.struct_logs(subject, options))


def _calls(config: Config) -> Tracer:
    logs, top_only = _flag(config, "withLog"), _flag(config, "onlyTopCall")
    return Tracer(
        lambda engine, subject, _: call_form(engine.frames(subject), logs=logs, top_only=top_only)
    )


def _prestate(config: Config) -> Tracer:
    difference = _flag(config, "diffMode")
    code, storage = not _flag(config, "disableCode"), not _flag(config, "disableStorage")

    def see(engine: Inspected, subject: Subject, coinbase: bytes) -> Any:
        with engine.standing(None):
            _, looks = engine.looks(subject)
            named = Prestate(subject, coinbase, looks, engine.account)
            before = named.read(engine.account, engine.storage)
            if not difference:
                return named.form(before, code=code, storage=storage)
            kept(engine, subject)
            after = named.read(engine.account, engine.storage)
        return named.difference(before, after, code=code, storage=storage)

    return Tracer(see)


def _four_bytes(_config: Config) -> Tracer:
    return Tracer(lambda engine, subject, _: four_bytes(engine.frames(subject)))


def _noop(_config: Config) -> Tracer:
    def see(engine: Inspected, subject: Subject, _coinbase: bytes) -> dict[str, Any]:
        engine.frames(subject)  # what cannot run has no trace, not an empty one
        return {}

    return Tracer(see)


def _mux(config: Config) -> Tracer:
    inner = {name: _named(name, own or {}) for name, own in config.items()}
    return Tracer(
        lambda engine, subject, coinbase: {
            name: each.see(engine, subject, coinbase) for name, each in inner.items()
        }
    )


_TRACERS: dict[str, Callable[[Config], Tracer]] = {
    "callTracer": _calls,
    "prestateTracer": _prestate,
    "4byteTracer": _four_bytes,
    "noopTracer": _noop,
    "muxTracer": _mux,
}
