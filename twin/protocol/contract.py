"""A contract at an address: its functions and events by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from twin.errors import CrashError
from twin.protocol.artifacts import Artifact
from twin.protocol.codec import EventCodec, Function
from twin.protocol.coders import encoder
from twin.protocol.packing import Packer
from twin.protocol.words import BadValue, shape_of

__all__ = ["Contract", "creation_code"]


class _Log(Protocol):
    """What a decodable log has, whether the engine made it or the chain's index."""

    @property
    def address(self) -> bytes: ...

    @property
    def topics(self) -> Sequence[bytes]: ...

    @property
    def data(self) -> bytes: ...


class Contract:
    """The contract called *name* at *address* (20 bytes), compiled as *artifact* says."""

    __slots__ = ("_abi", "address", "artifact", "event", "fn", "name")

    def __init__(self, name: str, address: bytes, artifact: Artifact) -> None:
        """Bind the codecs, which the artifact compiled once for all its contracts."""
        self.name, self.address, self.artifact = name, address, artifact
        self._abi = artifact.codec
        self.fn, self.event = self._abi.function, self._abi.event

    def __repr__(self) -> str:
        return f"Contract({self.name}, 0x{self.address.hex()})"

    def encode(self, name: str, *args: Any) -> bytes:
        """Return the calldata of function *name* with *args*."""
        return self.fn(name).encode(*args)

    def decode(self, name: str, data: bytes) -> tuple[Any, ...]:
        """Return what function *name* answered with *data*, always as a tuple."""
        return self.fn(name).decode(data)

    def function_of(self, data: bytes) -> Function | None:
        """Return the function that calldata *data* calls, or None where there is no such one."""
        return self._abi.functions.get(data[:4])

    def event_of(self, topic0: bytes) -> EventCodec | None:
        """Return the event with *topic0*, or None where there is no such one."""
        return self._abi.events.get(topic0)

    def decode_log(self, log: _Log) -> tuple[str, dict[str, Any]] | None:
        """Return (event name, arguments by name) of *log*; None where it is of another contract."""
        if log.address != self.address or not log.topics:
            return None
        codec = self._abi.events.get(log.topics[0])
        return None if codec is None else (codec.name, codec.decode(log.topics, log.data))


def creation_code(artifact: Artifact, *args: Any) -> bytes:
    """Return the bytecode that creates *artifact* with the constructor arguments *args*."""
    inputs = [item for entry in artifact.abi if entry["type"] == "constructor"
              for item in entry.get("inputs", ())]  # fmt: skip
    shapes = [shape_of(item) for item in inputs]

    def encode(*values: Any) -> bytes:
        try:
            return artifact.bytecode + Packer(shapes).pack(values)
        except BadValue as error:
            raise CrashError(f"constructor of {artifact.name}: {error}") from None

    return encoder(shapes, encode, prefix=artifact.bytecode)(*args)
