from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import CrashError
from twin.random import Streams, derive

NAMES = st.text(st.characters(exclude_characters="\x1f", exclude_categories=["Cs"]), max_size=8)


def draws(streams: Streams, family: str, name: str, count: int = 4) -> list[int]:
    return [int(number) for number in streams.stream(family, name).integers(2**62, size=count)]


def test_the_same_names_give_the_same_draws_and_others_others() -> None:
    tables = [draws(Streams(seed), family, name) for seed in (1, 2) for family in ("agents", "team")
              for name in ("a", "b")]  # fmt: skip
    assert tables[0] == draws(Streams(1), "agents", "a")
    assert len({tuple(table) for table in tables}) == len(tables)


def test_a_stream_is_made_once_and_stands_where_it_was_left() -> None:
    streams = Streams(5)
    first = draws(streams, "agents", "a", 2) + draws(streams, "agents", "a", 2)
    assert first == draws(Streams(5), "agents", "a", 4)
    assert streams.stream("agents", "a") is streams.stream("agents", "a")


def test_another_source_of_chance_moves_no_draw() -> None:
    alone, crowded = Streams(9), Streams(9)
    for name in ("x", "y", "z"):
        draws(crowded, "agents", name)
    assert draws(alone, "faults", "f") == draws(crowded, "faults", "f")


def test_the_derivation_is_pinned() -> None:
    """A change of it changes every digest: then this number and the golden files change together."""
    assert derive(1, "agents", "a") == 188707439899643155774483090979342121470
    assert draws(Streams(1), "agents", "a", 2) == [649770654563314892, 4535001973624999974]


@given(st.lists(NAMES, max_size=3), st.lists(NAMES, max_size=3), st.integers(0, 2**63))
def test_different_names_derive_different_integers(
    one: list[str], other: list[str], seed: int
) -> None:
    assert (derive(seed, *one) == derive(seed, *other)) == (one == other)
    assert 0 <= derive(seed, *one) < 2**128


def test_a_name_that_could_be_two_is_refused() -> None:
    with pytest.raises(CrashError, match="leave out the character 31"):
        derive(1, "a\x1fb", "c")


def test_streams_touch_no_shared_chance() -> None:
    state = np.random.get_state()  # noqa: NPY002 - that nothing uses it is what is tested
    draws(Streams(1), "agents", "a")
    after = np.random.get_state()  # noqa: NPY002
    assert all(np.array_equal(old, new) for old, new in zip(state, after, strict=True))


@pytest.mark.parametrize("seed", ["1", "2"])
def test_hash_seeds_move_no_draw(root: Path, seed: str) -> None:
    code = "from twin.random import Streams; print(Streams(1).stream('a', 'b').integers(2**62))"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True,
        env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
    )  # fmt: skip
    assert int(done.stdout) == int(Streams(1).stream("a", "b").integers(2**62))
