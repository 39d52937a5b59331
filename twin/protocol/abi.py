"""One JSON ABI, compiled: its functions, events and errors by name, signature, selector, topic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar

from twin.errors import UnknownName, UsageError
from twin.protocol.codec import ErrorCodec, EventCodec, Function

__all__ = ["Abi"]


class _Codec(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def signature(self) -> str: ...


Made = TypeVar("Made", bound=_Codec)


class Abi:
    """The ABI of the contract called *owner*.

    `functions` and `errors` are by 4-byte selector, `events` by topic 0; `function`, `event` and
    `error` find one by name, or by whole signature where a name is overloaded.
    """

    __slots__ = ("_by_name", "errors", "events", "functions", "owner")

    def __init__(self, entries: Iterable[Mapping[str, Any]], *, owner: str) -> None:
        """Compile *entries*. Constructors, fallbacks and anonymous events have no codec."""
        self.owner = owner
        self.functions: dict[bytes, Function] = {}
        self.events: dict[bytes, EventCodec] = {}
        self.errors: dict[bytes, ErrorCodec] = {}
        for entry in entries:
            kind = entry["type"]
            if kind == "function":
                function = Function.of(entry)
                self.functions[function.selector] = function
            elif kind == "event" and not entry.get("anonymous"):
                event = EventCodec.of(entry)
                self.events[event.topic0] = event
            elif kind == "error":
                error = ErrorCodec.of(entry)
                self.errors[error.selector] = error
        self._by_name: dict[type, dict[str, Any]] = {
            Function: _index(self.functions.values()),
            EventCodec: _index(self.events.values()),
            ErrorCodec: _index(self.errors.values()),
        }

    def function(self, name: str) -> Function:
        """Return the function called *name*; UnknownName, or UsageError where it is overloaded."""
        return self._pick(Function, name)

    def event(self, name: str) -> EventCodec:
        """Return the event called *name*, as `function` does."""
        return self._pick(EventCodec, name)

    def error(self, name: str) -> ErrorCodec:
        """Return the custom error called *name*, as `function` does."""
        return self._pick(ErrorCodec, name)

    def _pick(self, kind: type[Made], name: str) -> Made:
        found: Made | None = self._by_name[kind].get(name)
        if found is not None:
            return found
        known = self._by_name[kind].values()
        overloads = sorted({made.signature for made in known if made.name == name})
        word = {EventCodec: "event", ErrorCodec: "error"}.get(kind, "function")
        if overloads:
            raise UsageError(
                f"{self.owner} has {len(overloads)} {word}s called {name!r}; "
                f"name one by its signature: {', '.join(overloads)}"
            )
        raise UnknownName(f"{word} of {self.owner}", name, {made.name for made in known})


def _index(codecs: Iterable[Made]) -> dict[str, Made]:
    """Index *codecs* by signature, and by name where only one has it."""
    found = {codec.signature: codec for codec in codecs}
    counts: dict[str, int] = {}
    for codec in found.values():
        counts[codec.name] = counts.get(codec.name, 0) + 1
    named = {codec.name: codec for codec in found.values() if counts[codec.name] == 1}
    return found | named
