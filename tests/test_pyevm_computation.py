"""Which code is translated, and when; what the code does is in test_pyevm_trace."""

from __future__ import annotations

import chain_lab as lab
import pytest
from eth.exceptions import FullStack, InsufficientStack

from twin.chain import pyevm_computation
from twin.chain.port import AccountState, Call


def test_a_place_is_translated_when_it_is_hot_and_only_then() -> None:
    pyevm_computation._program.cache_clear()
    engine = lab.fresh()
    lab.put(engine, lab.asm("CALLVALUE @odd JUMPI STOP :odd STOP"))
    program = pyevm_computation._program(engine.account(lab.CODE).code)
    for _ in range(pyevm_computation._HOT):
        engine.call(Call(lab.CODE, b""))
    assert program.traces == {}
    engine.call(Call(lab.CODE, b""))
    assert list(program.traces) == [0]


def test_equal_code_shares_its_program() -> None:
    engine = lab.fresh()
    for n in range(2):
        engine.set_account(bytes([n]) * 20, AccountState(1, 0, lab.asm("CALLER POP")))
    first, second = (engine.account(bytes([n]) * 20).code for n in range(2))
    assert pyevm_computation._program(first) is pyevm_computation._program(second)


def test_the_stack_holds_integers_whoever_pushes() -> None:
    stack = pyevm_computation._Stack()
    stack.push_bytes(b"\1\0")
    stack.push_int(0)
    assert (stack.pop1_bytes(), stack.pop1_int()) == (b"\0", 256)
    for value in range(3):
        stack.push_int(value)
    assert stack.pop_ints(2) == (2, 1)
    with pytest.raises(InsufficientStack):
        stack.pop_ints(2)
    stack.values.extend(range(1_023))
    with pytest.raises(FullStack):
        stack.push_bytes(b"")


def test_memory_stays_the_same_object_as_it_grows() -> None:
    memory = pyevm_computation._Memory()
    inside = memory._bytes
    memory.extend(3, 30)
    memory.write(1, 2, b"ab")
    memory.copy(2, 1, 2)
    memory.extend(500, 0)
    assert memory._bytes is inside
    assert (len(memory), memory.read_bytes(0, 5)) == (64, b"\0aab\0")
