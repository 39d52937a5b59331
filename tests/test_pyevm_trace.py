"""Translated code against py-evm's own instructions, on code that nobody would write."""

from __future__ import annotations

from typing import Any

import chain_lab as lab
import pytest
from eth.db.atomic import AtomicDB
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.cancun import CancunState
from eth.vm.forks.cancun.computation import CancunComputation
from eth.vm.forks.cancun.transaction_context import CancunTransactionContext
from eth.vm.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.chain import pyevm_computation
from twin.chain.validity import intrinsic_gas

# py-evm itself warns of the instruction's future.
pytestmark = pytest.mark.filterwarnings("ignore:SELFDESTRUCT:DeprecationWarning")

GAS = 200_000
NEVER = 10**9
INTRINSIC = intrinsic_gas(lab.tx(lab.fresh(), lab.ALICE, lab.CODE, b"\1\2\3"))

Answer = tuple[bool, int, bytes, list[Any], dict[int, int]]


def ours(code: bytes, hot: int) -> Answer:
    """Run *code*, a place of it translated after *hot* runs."""
    pyevm_computation._program.cache_clear()
    before, pyevm_computation._HOT = pyevm_computation._HOT, hot
    try:
        engine = lab.fresh()
        lab.put(engine, code, slots={0: 7})
        done = lab.run(engine, lab.CODE, b"\1\2\3", gas=GAS + INTRINSIC, value=5)
        dump: Any = engine.dump()["0x" + lab.CODE.hex()]["storage"]
        storage = {int(slot, 16): int(value, 16) for slot, value in dump.items()}
        logs = [(log.topics, log.data) for log in done.logs]
        return done.success, done.gas_used, done.output, logs, storage
    finally:
        pyevm_computation._HOT = before


def theirs(code: bytes) -> Answer:
    """Run *code* as a message of py-evm on its own state, and do the sums of a transaction."""
    env = lab.ENV
    context = ExecutionContext(
        coinbase=env.coinbase,
        timestamp=env.timestamp,
        block_number=env.number,
        difficulty=0,
        mix_hash=env.prevrandao,
        gas_limit=env.gas_limit,
        prev_hashes=env.parent_hashes,
        chain_id=env.chain_id,
        base_fee_per_gas=env.base_fee,
        excess_blob_gas=0,
    )
    database = AtomicDB()
    written = {0}

    class Noting(CancunState):  # type: ignore[misc]  # py-evm ships no types
        """Py-evm's state, but one can ask which slots were written."""

        def set_storage(self, address: bytes, slot: int, value: int) -> None:
            written.add(slot)
            super().set_storage(address, slot, value)

    state = Noting(database, context, CancunState.account_db_class(database).state_root)
    state.set_balance(lab.ALICE, 100 * lab.ETHER - (GAS + INTRINSIC) * 2 * lab.GWEI)
    state.set_nonce(lab.ALICE, 1)
    state.set_balance(lab.BOB, 100 * lab.ETHER)
    state.set_code(lab.CODE, code)
    state.set_nonce(lab.CODE, 1)
    state.set_storage(lab.CODE, 0, 7)
    state.lock_changes()
    for address in (lab.ALICE, lab.CODE):
        state.mark_address_warm(address)
    message = Message(gas=GAS, to=lab.CODE, sender=lab.ALICE, value=5, data=b"\1\2\3", code=code)
    transaction = CancunTransactionContext(gas_price=2 * lab.GWEI, origin=lab.ALICE)
    done = CancunComputation.apply_message(state, message, transaction)
    used = INTRINSIC + GAS - done.get_gas_remaining()
    used -= min(done.get_gas_refund(), used // 5)
    logs = [
        (tuple(topic.to_bytes(32, "big") for topic in topics), data)
        for _, topics, data in done.get_log_entries()
    ]
    storage = {slot: state.get_storage(lab.CODE, slot) for slot in sorted(written)}
    present = {slot: value for slot, value in storage.items() if value}
    return done.is_success, used, done.output, logs, present


def agree(code: bytes) -> Answer:
    expected = theirs(code)
    assert ours(code, NEVER) == expected
    assert ours(code, 0) == expected
    return expected


BINARY = "ADD MUL SUB DIV SDIV MOD SMOD EXP SIGNEXTEND LT GT SLT SGT EQ AND OR XOR BYTE SHL SHR SAR"
EDGES = (0, 1, 2, 31, 32, 255, 256, 2**128, 2**255 - 1, 2**255, 2**256 - 2, 2**256 - 1)


@pytest.mark.parametrize("name", BINARY.split())
@pytest.mark.parametrize("constant", [True, False], ids=["folded", "run"])
def test_two_operands_at_the_edges(name: str, constant: bool) -> None:
    """The same program holds all pairs; CALLVALUE 5 XOR is a zero that is not known before."""
    hide = "" if constant else "CALLVALUE 5 XOR ADD"
    parts = [
        f"{right:#x} {hide} {left:#x} {hide} {name} PUSH0 MLOAD XOR PUSH0 MSTORE "
        "32 PUSH0 KECCAK256 PUSH0 MSTORE"
        for left in EDGES
        for right in EDGES
    ]
    assert agree(lab.asm(" ".join([*parts, "32 PUSH0 RETURN"])))[0]


@pytest.mark.parametrize("name", ["ADDMOD", "MULMOD"])
def test_three_operands_at_the_edges(name: str) -> None:
    for modulus in EDGES:
        words = [
            f"{modulus:#x} {right:#x} {left:#x} {name} PUSH0 MLOAD XOR PUSH0 MSTORE"
            for left in EDGES[::2]
            for right in EDGES[::2]
        ]
        assert agree(lab.asm(" ".join([*words, "32 PUSH0 RETURN"])))[0]


PROGRAMS: list[tuple[str, str, bool]] = [
    ("a loop", "100 :top DUP1 PUSH0 SSTORE 1 SWAP1 SUB DUP1 @top JUMPI STOP", True),
    ("a computed jump", "@there CALLVALUE 5 XOR ADD JUMP INVALID :there 1 1 SSTORE", True),
    ("a jump into a PUSH", "0x5b POP 1 JUMP", False),
    ("a computed jump into a PUSH", "0x5b POP 1 CALLVALUE 5 XOR ADD JUMP", False),
    ("a branch to nowhere, not taken", "PUSH0 0xffff JUMPI 1 1 SSTORE", True),
    ("a branch to nowhere, taken", "1 0xffff JUMPI", False),
    ("an unknown branch to nowhere, taken", "CALLVALUE 0xffff JUMPI", False),
    ("a require that holds", "CALLVALUE @ok JUMPI PUSH0 PUSH0 REVERT :ok 1 1 SSTORE", True),
    ("a require that fails", "CALLVALUE 5 XOR @ok JUMPI 1 PUSH0 REVERT :ok 1 1 SSTORE", False),
    ("an internal function", "@back 3 @double JUMP :back 1 SSTORE STOP :double 2 MUL SWAP1 JUMP", True),
    ("underflow", "1 ADD", False),
    ("underflow after a branch", "CALLVALUE @go JUMPI :go POP", False),
    ("underflow where the branch leaves before", "CALLVALUE @go JUMPI POP :go STOP", True),
    ("overflow", ":top 1 @top JUMP", False),
    ("just overflow", "1022 :top 7 SWAP1 1 SWAP1 SUB DUP1 @top JUMPI STOP", False),
    ("just no overflow", "1021 :top 7 SWAP1 1 SWAP1 SUB DUP1 @top JUMPI STOP", True),
    ("overflow by a DUP", ":top DUP1 DUP1 @top JUMP", False),
    ("swaps and dups", "1 2 3 4 SWAP3 DUP2 SWAP1 SUB SSTORE SSTORE", True),
    ("GAS is exact", "1 2 ADD POP GAS 1 SSTORE 3 POP GAS 2 SSTORE", True),
    ("GAS is exact after a branch", "1 CALLVALUE @go JUMPI STOP :go GAS 1 SSTORE", True),
    ("memory that costs too much", "1 0xffffffffffffffffffff MSTORE", False),
    ("memory known too large", "0xffffffffffffff MLOAD", False),
    ("a hash of nothing far away", "PUSH0 0xffffffffffffffffffff KECCAK256 1 SSTORE", True),
    ("a hash of unknown size", "CALLVALUE CALLVALUE KECCAK256 1 SSTORE", True),
    ("MSIZE", "1 63 MSTORE8 MSIZE 1 SSTORE CALLVALUE MLOAD POP MSIZE 2 SSTORE", True),
    ("copies", "3 PUSH0 5 CALLDATACOPY 9 1 40 CODECOPY 64 PUSH0 RETURN", True),
    ("return data of nobody", "1 PUSH0 PUSH0 RETURNDATACOPY", False),
    ("an empty return far away", "PUSH0 0xffffffffffffffffffff RETURN", True),
    ("PC", "PC PC 1 SSTORE 2 SSTORE", True),
    ("transient", "9 3 TSTORE 3 TLOAD 1 SSTORE", True),
    ("logs", "7 PUSH0 MSTORE 1 2 3 4 32 PUSH0 LOG4 PUSH0 PUSH0 LOG0", True),
    ("a call to itself that reverts", (
        "CALLDATASIZE @outer JUMPI 9 9 SSTORE 1 PUSH0 REVERT "
        ":outer PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 ADDRESS GAS CALL RETURNDATASIZE ADD 1 SSTORE"
    ), True),
    ("a static call that writes", (
        "CALLDATASIZE @outer JUMPI 9 9 SSTORE STOP "
        ":outer PUSH0 PUSH0 PUSH0 PUSH0 ADDRESS 0xffff STATICCALL 1 ADD 1 SSTORE"
    ), True),
    ("a delegate call", (
        "CALLDATASIZE @outer JUMPI CALLVALUE 2 SSTORE STOP "
        ":outer PUSH0 PUSH0 PUSH0 PUSH0 ADDRESS GAS DELEGATECALL 1 SSTORE"
    ), True),
    ("SELFDESTRUCT", "CALLER SELFDESTRUCT", True),
    ("SELFDESTRUCT of nobody", "SELFDESTRUCT", False),
    ("an undefined instruction", "1 1 SSTORE INVALID", False),
    ("code that ends in a PUSH", "1 1 SSTORE", True),
    ("all storage gas", "8 PUSH0 SSTORE 7 PUSH0 SSTORE PUSH0 PUSH0 SSTORE 7 PUSH0 SSTORE", True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "success"), [row[1:] for row in PROGRAMS], ids=[r[0] for r in PROGRAMS]
)
def test_programs(code: str, success: bool) -> None:
    assert agree(lab.asm(code))[0] is success


def test_code_cut_off_in_a_push_is_padded() -> None:
    assert agree(lab.asm("1 1 SSTORE") + b"\x7f\xff")[0]


PIECES = st.one_of(
    st.sampled_from(EDGES).map(hex),
    st.sampled_from(["0", "1", "2", "3", "32", "33", "96"]),
    st.sampled_from([f"DUP{n}" for n in range(1, 6)] + [f"SWAP{n}" for n in range(1, 5)]),
    st.sampled_from([*BINARY.split(), "ISZERO", "NOT", "ADDMOD", "MULMOD", "POP"]),
    st.sampled_from(["CALLVALUE", "CALLDATASIZE", "GAS", "PC", "MSIZE", "CALLER", "SELFBALANCE"]),
    st.sampled_from(["CALLDATALOAD", "MLOAD", "SLOAD", "TLOAD", "BALANCE", "EXTCODESIZE"]),
    st.sampled_from(["MSTORE", "MSTORE8", "SSTORE", "TSTORE", "MCOPY", "LOG1", "KECCAK256"]),
    st.sampled_from(["7 AND MLOAD", "127 AND MSTORE", "3 AND SSTORE", "3 AND SLOAD"]),
    st.sampled_from(["@a JUMP", "@b JUMP", "@a JUMPI", "@b JUMPI", "@c JUMPI", "JUMP", "JUMPI"]),
    st.sampled_from(
        ["32 PUSH0 RETURN", "STOP", "32 PUSH0 REVERT", "INVALID", "CALLER SELFDESTRUCT"]
    ),
    st.sampled_from(["PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 4 GAS CALL", "CALLVALUE 5 XOR"]),
)
BLOCKS = st.lists(PIECES, max_size=16).map(" ".join)


@settings(max_examples=150)
@given(BLOCKS, BLOCKS, BLOCKS, BLOCKS)
def test_any_code_does_the_same(start: str, first: str, second: str, third: str) -> None:
    agree(lab.asm(f"5 6 7 8 {start} :a {first} :b {second} :c {third}"))


@given(st.binary(max_size=60))
def test_any_bytes_do_the_same(code: bytes) -> None:
    agree(code)
