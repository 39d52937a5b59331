"""What a long run remembers, kept on disk: byte strings by place, and lists whose old part is there.

A run of a year files hundreds of thousands of events and records that nobody asks for until its
end. They go into a temporary file without a name, which is gone with the process; what is
recent stays at hand. Reading gives back equal objects, not the same ones.
"""

from __future__ import annotations

import os
import pickle
import tempfile
import weakref
import zlib
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from typing import IO, Generic, TypeVar, overload

__all__ = ["Heap", "SpilledList"]

Item = TypeVar("Item")

_LENGTH = 4
"""Bytes that say how long a byte string is."""
_BUFFER = 1 << 16
_OPEN = 4
"""Old chunks of a list that stay open."""


class Heap:
    """Byte strings in a temporary file, each found again by its place."""

    __slots__ = ("__weakref__", "_end", "_file", "_flushed")

    def __init__(self) -> None:
        """Open the file with the first byte string: most runs need none."""
        self._file: IO[bytes] | None = None
        self._end = self._flushed = 0

    def append(self, data: bytes) -> int:
        """Keep *data*; return its place."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=_BUFFER)  # noqa: SIM115 - see below
            weakref.finalize(self, self._file.close)
        place = self._end
        self._file.write(len(data).to_bytes(_LENGTH, "little") + data)
        self._end += _LENGTH + len(data)
        return place

    def read(self, place: int) -> bytes:
        """Return the byte string at *place*, which `append` returned."""
        file = self._file
        assert file is not None  # noqa: S101 - a place comes of an append
        if place >= self._flushed:
            file.flush()
            self._flushed = self._end
        handle = file.fileno()
        length = int.from_bytes(os.pread(handle, _LENGTH, place), "little")
        return os.pread(handle, length, place + _LENGTH)


class SpilledList(Generic[Item]):
    """A list to append to and to take the last of, which keeps *recent* items or more at hand.

    Older ones lie in chunks in a temporary file; they must be made for pickling.
    """

    __slots__ = ("_chunks", "_heap", "_limit", "_opened", "_size", "_tail")

    def __init__(self, *, recent: int = 4096, chunk: int = 1024) -> None:
        """Start empty; *chunk* items go to the file at once, when *recent* and a chunk are there."""
        self._heap = Heap()
        self._size = chunk
        self._chunks: list[int] = []
        self._tail: deque[Item] = deque()
        self._opened: OrderedDict[int, list[Item]] = OrderedDict()
        self._limit = recent + chunk

    def append(self, item: Item) -> None:
        """Add *item* at the end."""
        self._tail.append(item)
        if len(self._tail) >= self._limit:
            old = [self._tail.popleft() for _ in range(self._size)]
            self._chunks.append(self._heap.append(zlib.compress(pickle.dumps(old, -1), 1)))

    def pop(self) -> Item:
        """Remove the last item and return it."""
        if not self._tail and self._chunks:
            last = len(self._chunks) - 1
            self._tail.extend(self._chunk(last))
            self._opened.pop(last, None)
            self._chunks.pop()  # its place in the file is lost: only a reorg takes items back
        return self._tail.pop()

    def _chunk(self, number: int) -> list[Item]:
        found = self._opened.get(number)
        if found is None:
            packed = self._heap.read(self._chunks[number])
            found = self._opened[number] = pickle.loads(zlib.decompress(packed))  # noqa: S301 - ours
            if len(self._opened) > _OPEN:
                self._opened.popitem(last=False)
        return found

    def __len__(self) -> int:
        return len(self._chunks) * self._size + len(self._tail)

    def __iter__(self) -> Iterator[Item]:
        for number in range(len(self._chunks)):
            yield from self._chunk(number)
        yield from tuple(self._tail)

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Item]: ...
    def __getitem__(self, place: int | slice) -> Item | Sequence[Item]:
        """Return the item at *place*, or those of a slice; IndexError beyond the ends."""
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        if place < 0:
            place += len(self)
        old = len(self._chunks) * self._size
        if place >= old or place < 0:
            if not old <= place < old + len(self._tail):
                raise IndexError(f"place {place} of a list of {len(self)}")
            return self._tail[place - old]
        return self._chunk(place // self._size)[place % self._size]

    def __eq__(self, other: object) -> bool:
        """Compare item by item, with any other sequence."""
        if not isinstance(other, SpilledList | list | tuple):
            return NotImplemented
        return len(self) == len(other) and all(
            one == two for one, two in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]  # it changes
