"""What lies on disk comes back as it was: byte strings by place, lists whole."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.spill import Heap, SpilledList


def test_a_heap_gives_back_what_it_was_given_in_any_order() -> None:
    heap = Heap()
    given_ = [bytes([number]) * number for number in (3, 0, 200, 70_000 % 251, 1)]
    places = [heap.append(data) for data in given_]
    assert [heap.read(place) for place in reversed(places)] == given_[::-1]
    assert heap.read(heap.append(b"later")) == b"later"
    assert heap.read(places[2]) == given_[2]


def test_a_heap_opens_no_file_before_it_needs_one_and_leaves_none() -> None:
    def files() -> int:
        place = Path("/proc/self/fd")
        return len(list(place.iterdir())) if place.is_dir() else 0

    gc.collect()
    before = files()
    heap = Heap()
    assert files() == before
    heap.append(b"x")
    del heap
    gc.collect()
    assert files() == before


@dataclass(frozen=True, slots=True)
class Event:
    at: int
    what: str


def test_old_items_are_on_disk_and_the_list_is_whole() -> None:
    made: SpilledList[Event] = SpilledList(recent=10, chunk=4)
    plain = [Event(number, f"event {number}") for number in range(103)]
    for event in plain:
        made.append(event)
    assert len(made._tail) < 14
    assert len(made._chunks) >= 22
    assert list(made) == plain == made
    assert made[0] == plain[0]
    assert made[-1] == plain[-1]
    assert made[50:60] == plain[50:60]
    assert made != plain[:-1]
    for place in (103, -104):
        with pytest.raises(IndexError):
            made[place]


def test_taking_back_reaches_into_the_file() -> None:
    made: SpilledList[int] = SpilledList(recent=4, chunk=3)
    for number in range(20):
        made.append(number)
    assert [made.pop() for _ in range(18)] == list(range(19, 1, -1))
    made.append(7)
    assert list(made) == [0, 1, 7]
    assert [made.pop() for _ in range(3)] == [7, 1, 0]
    with pytest.raises(IndexError):
        made.pop()


@given(st.lists(st.integers(-1, 40), max_size=120), st.integers(0, 6), st.integers(1, 5))
def test_a_spilled_list_is_a_list(moves: list[int], recent: int, chunk: int) -> None:
    made: SpilledList[int] = SpilledList(recent=recent, chunk=chunk)
    plain: list[int] = []
    for move in moves:
        if move >= 0:
            made.append(move)
            plain.append(move)
        elif plain:
            assert made.pop() == plain.pop()
        assert len(made) == len(plain)
        assert not plain or made[-1] == plain[-1]
    assert list(made) == plain
