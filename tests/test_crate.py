"""What is taken of the Rust crate, where it is there and where it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, replace
from typing import Any

import chain_lab as lab
import pytest
from coders_lab import no_crate

from twin.chain.engines import available
from twin.chain.headers import roll_state
from twin.chain.port import AccountState
from twin.chain.revm import Revm
from twin.crate import maker, native

BUILT = pytest.mark.skipif("revm" not in available(), reason="the Rust crate is not built")


def test_without_the_crate_there_is_nothing() -> None:
    with no_crate():
        assert native("keccak") is None


def test_an_older_crate_lacks_what_is_new() -> None:
    assert native("what nobody made yet") is None


@BUILT
def test_changes_roll_as_headers_rolls_them() -> None:
    engines = [lab.fresh("revm") for _ in range(2)]
    rolled, drained = engines
    assert isinstance(rolled, Revm)
    roll = native("roll_changes")
    previous = bytes(32)
    steps: list[Callable[[Any], object]] = [
        lambda engine: lab.put(engine, lab.COUNTER),
        lambda engine: engine.transact(lab.tx(engine, lab.ALICE, lab.CODE, b"")),
        lambda engine: engine.set_storage(lab.CODE, {2**255: 2**256 - 1, 0: 7, 127: 128}),
        lambda engine: engine.set_account(lab.BOB, AccountState(2**64 - 1, 2**255, b"")),
        lambda engine: engine.set_account(lab.BOB, AccountState()),  # which deletes it
    ]
    for step in steps:
        for engine in engines:
            step(engine)
        changes = drained.drain_changes()
        assert changes
        found = roll(rolled._crate, previous)
        assert found == roll_state(previous, changes) != previous
        previous = found
    assert roll(rolled._crate, previous) is None
    assert rolled.drain_changes() == {}


# -- records


@dataclass(frozen=True, slots=True)
class Pair:
    one: int
    other: bytes = b"given too"


@dataclass(frozen=True, slots=True)
class Strict:
    one: int

    def __post_init__(self) -> None:
        """Refuse everything."""
        raise ValueError(self.one)


class Loose:
    one = 1


def test_a_record_is_what_its_class_makes() -> None:
    made = maker(Pair)(1, b"x")
    assert (made, type(made), hash(made)) == (Pair(1, b"x"), Pair, hash(Pair(1, b"x")))
    with pytest.raises(FrozenInstanceError):
        made.one = 2  # type: ignore[misc]  # which is the point
    assert replace(made, one=3) == Pair(3, b"x")


def test_the_class_makes_it_without_the_crate_and_where_it_has_a_word_in_it() -> None:
    assert maker(Strict) is Strict
    with no_crate():
        assert maker(Pair) is Pair


@BUILT
def test_a_record_needs_a_value_for_every_field_and_a_slot_for_every_value() -> None:
    with pytest.raises(TypeError, match="1 values for the 2 fields of Pair"):
        maker(Pair)(1)
    with pytest.raises(TypeError, match=r"Loose\.one is no slot"):
        native("Record")(Loose, ["one"])
