"""Argument lists of any type: our own words where all are static, `eth_abi` where one is not.

`eth_abi` is imported when the first dynamic list is coded, since it costs a quarter of a second.
Its registry is copied with one change: an address comes out as 20 bytes, as everywhere in twin.
What it reads is metered, since pointers may meet in one place and a kilobyte stand for gigabytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from twin.protocol.words import WORD, BadValue, Coder, Shape, coder

__all__ = ["Packer"]

_READS = 256  # a well-formed byte is read twice for each tuple of fixed length that it is within


class Packer:
    """Codes the argument list of *shapes*.

    `pack` takes a sequence of values, `unpack` gives a tuple. Both raise BadValue, whose text
    ends a sentence such as "argument 'to' is ..., not ...".
    """

    __slots__ = ("pack", "shapes", "unpack")

    def __init__(self, shapes: Sequence[Shape]) -> None:
        """Choose the way once."""
        self.shapes = tuple(shapes)
        made = [coder(shape) for shape in self.shapes]
        static = [one for one in made if one is not None]
        self.pack: Callable[[Sequence[Any]], bytes]
        self.unpack: Callable[[bytes], tuple[Any, ...]]
        if len(static) == len(made):
            self.pack, self.unpack = _static(self.shapes, static)
        else:
            self.pack, self.unpack = _dynamic(self.shapes)


def _label(shapes: Sequence[Shape], index: int) -> str:
    return f"argument {shapes[index].name or index!r} ({shapes[index].type})"


def _count(shapes: Sequence[Shape], values: Sequence[Any]) -> str:
    wanted = ", ".join(f"{shape.type} {shape.name}".strip() for shape in shapes)
    return f"{len(values)} arguments were given, not {len(shapes)}: ({wanted})"


def _static(
    shapes: tuple[Shape, ...], coders: Sequence[Coder]
) -> tuple[Callable[[Sequence[Any]], bytes], Callable[[bytes], tuple[Any, ...]]]:
    puts = tuple(one.put for one in coders)
    takes, width = [], 0
    for one in coders:
        takes.append((one.take, width))
        width += one.words * WORD

    def explain(values: Sequence[Any]) -> BadValue:
        for index, (put, value) in enumerate(zip(puts, values, strict=True)):
            try:
                put(value)
            except BadValue as error:
                return BadValue(f"{_label(shapes, index)} is {value!r}, not {error}")
        return BadValue("a value changed while it was encoded")

    def pack(values: Sequence[Any]) -> bytes:
        if len(values) != len(puts):
            raise BadValue(_count(shapes, values))
        try:
            return b"".join([put(value) for put, value in zip(puts, values, strict=True)])
        except BadValue:
            raise explain(values) from None

    def unpack(data: bytes) -> tuple[Any, ...]:
        if len(data) < width:
            raise BadValue(f"{len(data)} bytes where {width} are needed")
        return tuple([take(data, at) for take, at in takes])

    return pack, unpack


def _dynamic(
    shapes: tuple[Shape, ...],
) -> tuple[Callable[[Sequence[Any]], bytes], Callable[[bytes], tuple[Any, ...]]]:
    types = tuple(shape.type for shape in shapes)

    def pack(values: Sequence[Any]) -> bytes:
        from eth_abi.exceptions import EncodingError

        if len(values) != len(types):
            raise BadValue(_count(shapes, values))
        codec = _codec()
        for index, value in enumerate(values):
            if not codec.is_encodable(types[index], value):
                raise BadValue(f"{_label(shapes, index)} cannot hold {value!r}")
        try:
            return bytes(codec.encode(types, values))
        except (EncodingError, TypeError, ValueError) as error:
            raise BadValue(f"{types} cannot hold {values!r}: {error}") from error

    def unpack(data: bytes) -> tuple[Any, ...]:
        from eth_abi.exceptions import DecodingError

        try:
            return tuple(_codec().decode(types, data))
        except (DecodingError, OverflowError, UnicodeDecodeError) as error:
            raise BadValue(f"{len(data)} bytes that are no {types}: {error}") from error

    return pack, unpack


@cache
def _codec() -> Any:
    """Return `eth_abi`'s codec with addresses as bytes: a constant, made when first needed."""
    from eth_abi.codec import ABICodec
    from eth_abi.decoding import AddressDecoder, ContextFramesBytesIO
    from eth_abi.encoding import AddressEncoder
    from eth_abi.exceptions import InvalidPointer
    from eth_abi.registry import BaseEquals, registry

    class BytesAddressDecoder(AddressDecoder):
        decoder_fn = staticmethod(bytes)  # type: ignore[assignment]  # the point of it

    class BytesAddressEncoder(AddressEncoder):
        encode_fn = staticmethod(bytes)  # type: ignore[assignment]  # as above

        @classmethod
        def validate_value(cls, value: object) -> None:
            if not isinstance(value, bytes) or len(value) != 20:
                cls.invalidate_value(value, msg="an address is 20 bytes")

    class MeteredStream(ContextFramesBytesIO):
        def __init__(self, data: bytes) -> None:
            super().__init__(data)  # type: ignore[no-untyped-call]
            self._left = _READS * len(data)

        def read(self, size: int | None = -1) -> bytes:
            found = super().read(size)
            self._left -= len(found)
            if self._left < 0:
                raise InvalidPointer(f"pointers meet: every byte was read {_READS} times over")
            return found

    class MeteredCodec(ABICodec):
        stream_class = MeteredStream

    own = registry.copy()  # type: ignore[no-untyped-call]
    own.unregister("address")
    is_address = BaseEquals("address")  # type: ignore[no-untyped-call]
    own.register(is_address, BytesAddressEncoder, BytesAddressDecoder, label="address")
    return MeteredCodec(own)
