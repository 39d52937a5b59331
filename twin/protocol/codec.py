"""ABI coding compiled once per function, event and error of a contract.

`Function.encode` and `.decode` are made when the ABI is loaded: closures with a selector and
32-byte words for static types and `eth_abi` for the rest, and before them the Rust crate's
coders where that is built. Addresses are 20 bytes in and out, hashes 32.
A bad argument is a CrashError that names the function and the argument; return data that is not
what the ABI promises is a ChainError (most often: no code at that address).
Source: the Solidity ABI specification.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twin.chain.codec import keccak
from twin.errors import ChainError, CrashError, UnknownName
from twin.protocol.coders import Decode, DecodeLog, Encode, decoder, encoder, log_decoder
from twin.protocol.packing import Packer
from twin.protocol.words import BadValue, Shape, shape_of

__all__ = ["ErrorCodec", "EventCodec", "Function", "selector_of", "signature_of"]


def signature_of(entry: Mapping[str, Any]) -> str:
    """Return the canonical signature of *entry* of a JSON ABI, as in `transfer(address,uint256)`."""
    kinds = ",".join(shape_of(item).type for item in entry.get("inputs", ()))
    return f"{entry['name']}({kinds})"


def selector_of(signature: str) -> bytes:
    """Return the first four bytes of the hash of *signature*."""
    return keccak(signature.encode())[:4]


def _named(shapes: Sequence[Shape]) -> tuple[str, ...]:
    return tuple(shape.name or f"arg{index}" for index, shape in enumerate(shapes))


def _shapes(entries: Iterable[Mapping[str, Any]]) -> tuple[Shape, ...]:
    return tuple(shape_of(item) for item in entries)


@dataclass(frozen=True, slots=True)
class Function:
    """A function: *encode* its arguments, *decode* what it returns, *decode_call* its calldata.

    *mutability* is the ABI's word: view, pure, nonpayable or payable.
    """

    name: str
    signature: str
    selector: bytes
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    mutability: str
    encode: Encode = field(repr=False, compare=False)
    decode: Decode = field(repr=False, compare=False)
    decode_call: Decode = field(repr=False, compare=False)

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Function:
        """Compile *entry* of a JSON ABI."""
        signature = signature_of(entry)
        selector = selector_of(signature)
        inputs, outputs = _shapes(entry.get("inputs", ())), _shapes(entry.get("outputs", ()))
        packer, unpack = Packer(inputs), Packer(outputs).unpack
        pack, unpack_call = packer.pack, packer.unpack

        def encode(*args: Any) -> bytes:
            try:
                return selector + pack(args)
            except BadValue as error:
                raise CrashError(f"{signature}: {error}") from None

        def decode(data: bytes) -> tuple[Any, ...]:
            try:
                return unpack(data)
            except BadValue as error:
                raise ChainError(f"{signature} returned {error}; is this its contract?") from None

        def decode_call(data: bytes) -> tuple[Any, ...]:
            if data[:4] != selector:
                raise ChainError(f"0x{data[:4].hex()} is not the selector of {signature}")
            try:
                return unpack_call(data[4:])
            except BadValue as error:
                raise ChainError(f"{signature} was called with {error}") from None

        return cls(
            name=str(entry["name"]), signature=signature, selector=selector, inputs=inputs,
            outputs=outputs, mutability=str(entry.get("stateMutability", "nonpayable")),
            encode=encoder(inputs, encode, prefix=selector), decode=decoder(outputs, decode),
            decode_call=decoder(inputs, decode_call, prefix=selector),
        )  # fmt: skip

    def value(self, data: bytes) -> Any:
        """Decode return *data*: one output comes bare, several (or none) as a tuple."""
        out = self.decode(data)
        return out[0] if len(out) == 1 else out


@dataclass(frozen=True, slots=True)
class EventCodec:
    """An event: *topic0*, and its arguments by name; *indexed* says which stand in the topics.

    An indexed argument of a dynamic type is there only as its hash (32 bytes).
    """

    name: str
    signature: str
    topic0: bytes
    inputs: tuple[Shape, ...]
    indexed: tuple[bool, ...]
    decode: DecodeLog = field(repr=False, compare=False)
    _topics: tuple[Packer, ...] = field(repr=False, compare=False)

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> EventCodec:
        """Compile *entry* of a JSON ABI."""
        signature, inputs = signature_of(entry), _shapes(entry["inputs"])
        indexed = tuple(bool(item.get("indexed")) for item in entry["inputs"])
        marked = list(zip(_named(inputs), inputs, indexed, strict=True))
        topics = [(name, _topic(shape)) for name, shape, is_topic in marked if is_topic]
        packers = tuple(packer for _, packer in topics)
        names = tuple(name for name, _, is_topic in marked if not is_topic)
        unpack = Packer([shape for _, shape, is_topic in marked if not is_topic]).unpack
        order = _named(inputs)

        def decode(found: Sequence[bytes], data: bytes) -> dict[str, Any]:
            if len(found) != len(topics) + 1:
                raise ChainError(f"{signature}: {len(found)} topics, not {len(topics) + 1}")
            try:
                values = dict(zip(names, unpack(data), strict=True))
                for (name, packer), topic in zip(topics, found[1:], strict=True):
                    values[name] = packer.unpack(topic)[0]
            except BadValue as error:
                raise ChainError(f"{signature}: the log holds {error}") from None
            return {name: values[name] for name in order}

        return cls(
            name=str(entry["name"]), signature=signature, inputs=inputs, indexed=indexed,
            topic0=keccak(signature.encode()), _topics=packers,
            decode=log_decoder(order, inputs, indexed=indexed, decode=decode),
        )  # fmt: skip

    def topics(self, **values: Any) -> list[bytes | None]:
        """Return the topic filter for logs whose indexed arguments have *values* (others any)."""
        names = [
            n for n, is_topic in zip(_named(self.inputs), self.indexed, strict=True) if is_topic
        ]
        for name in values:
            if name not in names:
                raise UnknownName(f"indexed argument of {self.signature}", name, names)
        found: list[bytes | None] = [self.topic0]
        for name, packer in zip(names, self._topics, strict=True):
            try:
                found.append(packer.pack([values[name]]) if name in values else None)
            except BadValue as error:
                raise CrashError(f"{self.signature}: {error}") from None
        return found


def _topic(shape: Shape) -> Packer:
    """Return the packer of an indexed argument: 32 bytes of hash where it is no single word."""
    single = not shape.members and not shape.type.endswith("]")
    hashed = not single or shape.type in {"string", "bytes"}
    return Packer([Shape(shape.name, "bytes32")] if hashed else [shape])


@dataclass(frozen=True, slots=True)
class ErrorCodec:
    """A custom error: *selector*, and *decode* of a revert payload into its arguments."""

    name: str
    signature: str
    selector: bytes
    inputs: tuple[Shape, ...]
    decode: Decode = field(repr=False, compare=False)
    encode: Encode = field(repr=False, compare=False)

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> ErrorCodec:
        """Compile *entry* of a JSON ABI."""
        made = Function.of({**entry, "outputs": ()})
        return cls(
            name=made.name, signature=made.signature, selector=made.selector, inputs=made.inputs,
            decode=made.decode_call, encode=made.encode,
        )  # fmt: skip

    def describe(self, data: bytes) -> str:
        """Return *data* as `Name(argument=value, ...)`, bytes as `0x` hex."""
        values = zip(_named(self.inputs), self.decode(data), strict=True)
        return f"{self.name}({', '.join(f'{name}={_show(value)}' for name, value in values)})"


def _show(value: object) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple | list):
        return f"({', '.join(map(_show, value))})"
    return str(value)
