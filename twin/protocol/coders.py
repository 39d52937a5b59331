"""ABI coding by the Rust crate, where that is built: the Python coding of `packing`, ten times as fast.

The crate compiles the types once and codes what is well-formed. Whatever else it meets it hands
on to the Python function that it stands in for, with the same arguments: that codes it after all,
or words the refusal. So both ways give the same answer, and only one of them has the words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from twin.crate import native
from twin.protocol.words import Shape

__all__ = ["Decode", "DecodeLog", "Encode", "decoder", "encoder", "log_decoder"]

Encode = Callable[..., bytes]
Decode = Callable[[bytes], tuple[Any, ...]]
DecodeLog = Callable[[Sequence[bytes], bytes], dict[str, Any]]


def encoder(shapes: Sequence[Shape], encode: Encode, *, prefix: bytes) -> Encode:
    """Return what does fast as *encode* does: *prefix*, then the arguments *shapes*."""
    made = _made("Coder", [shape.type for shape in shapes], prefix=prefix, encode=encode)
    return encode if made is None else cast("Encode", made.encode)


def decoder(shapes: Sequence[Shape], decode: Decode, *, prefix: bytes = b"") -> Decode:
    """Return what does fast as *decode* does: the values of *shapes* out of data behind *prefix*."""
    made = _made("Coder", [shape.type for shape in shapes], prefix=prefix, decode=decode)
    return decode if made is None else cast("Decode", made.decode)


def log_decoder(
    names: Sequence[str], shapes: Sequence[Shape], *, indexed: Sequence[bool], decode: DecodeLog
) -> DecodeLog:
    """Return what does fast as *decode* does: an event's arguments by *names*, of *shapes*.

    *indexed* says which of them stand in topics.
    """
    types = [shape.type for shape in shapes]
    made = _made("EventCoder", names, types, indexed, decode=decode)
    return decode if made is None else cast("DecodeLog", made.decode)


def _made(coder: str, *args: object, **more: object) -> Any:
    """Return a new *coder* of the crate, or None where there is none for these arguments."""
    make = native(coder)
    try:
        return make and make(*args, **more)
    except ValueError:  # what the crate does not know: fixed128x18, two arguments of one name
        return None
