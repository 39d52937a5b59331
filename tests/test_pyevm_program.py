"""Programs: jump destinations, pushed data, code that fails at once; and memory's price."""

from __future__ import annotations

import chain_lab as lab
import pytest
from eth.exceptions import OutOfGas
from eth.vm.computation import memory_gas_cost

from twin.chain.pyevm_program import MEMORY_LIMIT, Program, grow


def test_jump_destinations_are_not_looked_for_in_push_data() -> None:
    assert Program(lab.asm("0x5b5b :a 0x5b :b")).destinations == {3, 6}
    assert Program(b"\x7f" + b"\x5b" * 33).destinations == {33}


def test_a_push_that_is_cut_off_is_padded() -> None:
    program = Program(b"\x61\1\2\x62\1")
    assert (program.pushed(0), program.pushed(3)) == (0x0102, 0x010000)


FAILS = [
    ("PUSH0 PUSH0 REVERT", True),
    ("1 2 SSTORE INVALID", True),
    ("0xfd POP STOP REVERT", False),
    ("@a JUMP :a PUSH0 PUSH0 REVERT", False),
    ("1 2 ADD", False),
]


@pytest.mark.parametrize(("code", "fails"), FAILS)
def test_code_that_fails_at_once(code: str, fails: bool) -> None:
    assert Program(lab.asm(code)).fails(0) is fails


@pytest.mark.parametrize("end", [1, 32, 33, 1_000, 100_000])
def test_memory_costs_what_py_evm_charges(end: int) -> None:
    memory = bytearray(32)
    cost = memory_gas_cost(end) - memory_gas_cost(32)
    assert grow(memory, end, cost) == 0
    assert len(memory) == (end + 31) // 32 * 32
    if cost:
        with pytest.raises(OutOfGas):
            grow(bytearray(32), end, cost - 1)


def test_memory_without_end_is_not_tried() -> None:
    memory = bytearray()
    with pytest.raises(OutOfGas, match="beyond any gas"):
        grow(memory, MEMORY_LIMIT + 1, 10**30)
    assert len(memory) == 0
