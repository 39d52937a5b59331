"""The log index finds what a filter lets through, and nothing is left of removed blocks."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.chain.logindex import LogIndex, matches
from twin.chain.port import Log, Topics

A, B, C = (bytes([n]) * 20 for n in (1, 2, 3))
T, U, V = (bytes([n]) * 32 for n in (7, 8, 9))
CHAIN = {
    2: [Log(A, (T, U), b""), Log(B, (), b"")],
    5: [Log(A, (U,), b"")],
    9: [Log(B, (T,), b""), Log(A, (T, V), b""), Log(A, (T,), b"")],
}

FILTERS: list[tuple[str, int, int, Collection[bytes] | None, Topics, list[tuple[int, int]]]] = [
    ("all", 0, 99, None, (), [(2, 0), (2, 1), (5, 0), (9, 0), (9, 1), (9, 2)]),
    ("a range, both ends in", 5, 9, None, (), [(5, 0), (9, 0), (9, 1), (9, 2)]),
    ("an empty range", 6, 8, None, (), []),
    ("an address", 0, 99, (A,), (), [(2, 0), (5, 0), (9, 1), (9, 2)]),
    ("no address at all", 0, 99, (), (), []),
    ("an unknown address", 0, 99, (C,), (), []),
    ("a topic", 0, 99, None, (T,), [(2, 0), (9, 0), (9, 1), (9, 2)]),
    ("alternatives", 0, 99, None, ((T, U),), [(2, 0), (5, 0), (9, 0), (9, 1), (9, 2)]),
    ("address and topic", 0, 99, (B,), (T,), [(9, 0)]),
    ("the second topic", 0, 99, None, (None, V), [(9, 1)]),
    ("any in two places", 0, 99, None, (None, None), [(2, 0), (9, 1)]),
    ("any in one place", 0, 99, (B,), (None,), [(9, 0)]),
]


def found(
    index: LogIndex,
    chain: dict[int, list[Log]],
    filtered: tuple[int, int, Collection[bytes] | None, Topics],
) -> list[tuple[int, int]]:
    numbers, wanted = index.blocks(*filtered)
    return [
        (number, place)
        for number in numbers
        for place, log in enumerate(chain[number])
        if matches(log, filtered[2], wanted)
    ]


def indexed(chain: dict[int, list[Log]]) -> LogIndex:
    index = LogIndex()
    for number, logs in chain.items():
        index.add(number, logs)
    return index


@pytest.mark.parametrize("row", FILTERS, ids=[f[0] for f in FILTERS])
def test_filters(
    row: tuple[str, int, int, Collection[bytes] | None, Topics, list[tuple[int, int]]],
) -> None:
    assert found(indexed(CHAIN), CHAIN, row[1:5]) == row[5]


def test_removed_blocks_leave_nothing() -> None:
    index = indexed(CHAIN)
    index.remove(9, CHAIN[9])
    index.remove(5, CHAIN[5])
    assert found(index, CHAIN, (0, 99, None, ())) == [(2, 0), (2, 1)]
    index.add(9, CHAIN[9])
    assert found(index, CHAIN, (0, 99, (A,), (T,))) == [(2, 0), (9, 1), (9, 2)]


LOG = st.builds(
    Log,
    st.sampled_from([A, B]),
    st.lists(st.sampled_from([T, U]), max_size=3).map(tuple),
    st.just(b""),
)
PLACE = st.one_of(
    st.none(), st.sampled_from([T, U, V]), st.lists(st.sampled_from([T, U]), max_size=2)
)


@given(
    st.dictionaries(st.integers(0, 20), st.lists(LOG, max_size=4), max_size=6),
    st.integers(0, 20),
    st.integers(0, 20),
    st.one_of(st.none(), st.lists(st.sampled_from([A, B, C]), max_size=2)),
    st.lists(PLACE, max_size=3),
)
def test_the_index_agrees_with_looking_at_everything(
    blocks: dict[int, list[Log]],
    first: int,
    last: int,
    addresses: Collection[bytes] | None,
    topics: Topics,
) -> None:
    chain = dict(sorted(blocks.items()))

    def fits(log: Log) -> bool:
        if addresses is not None and log.address not in addresses:
            return False
        for place, topic in enumerate(topics):
            if place >= len(log.topics):
                return False
            allowed = [topic] if isinstance(topic, bytes) else topic
            if allowed is not None and log.topics[place] not in allowed:
                return False
        return True

    expected = [
        (number, place)
        for number, logs in chain.items()
        if first <= number <= last
        for place, log in enumerate(logs)
        if fits(log)
    ]
    assert found(indexed(chain), chain, (first, last, addresses, topics)) == expected
