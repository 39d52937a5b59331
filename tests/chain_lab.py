"""A laboratory for chains and engines: a small assembler, accounts, transactions, a chain in a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.chain.chain import Chain, ChainConfig
from twin.chain.engines import make_engine
from twin.chain.port import AccountState, BlockEnv, Engine, Execution, Transaction
from twin.clock import Clock
from twin.protocol.reader import Reader

START = 1_700_000_000
CHAIN = 7
GWEI = 10**9
ETHER = 10**18
ALICE, BOB, CAROL = (bytes([n]) * 20 for n in (0xA1, 0xB0, 0xCA))
COINBASE = b"\xcb" * 20
CODE = b"\xc0" * 20

ENV = BlockEnv(
    number=5,
    timestamp=START,
    base_fee=GWEI,
    gas_limit=30_000_000,
    coinbase=COINBASE,
    prevrandao=b"\x07" * 32,
    chain_id=CHAIN,
    parent_hashes=tuple(bytes([n]) * 32 for n in range(1, 6)),
)

_NAMES = """
STOP ADD MUL SUB DIV SDIV MOD SMOD ADDMOD MULMOD EXP SIGNEXTEND . . . .
LT GT SLT SGT EQ ISZERO AND OR XOR NOT BYTE SHL SHR SAR . .
KECCAK256 . . . . . . . . . . . . . . .
ADDRESS BALANCE ORIGIN CALLER CALLVALUE CALLDATALOAD CALLDATASIZE CALLDATACOPY
CODESIZE CODECOPY GASPRICE EXTCODESIZE EXTCODECOPY RETURNDATASIZE RETURNDATACOPY EXTCODEHASH
BLOCKHASH COINBASE TIMESTAMP NUMBER PREVRANDAO GASLIMIT CHAINID SELFBALANCE
BASEFEE BLOBHASH BLOBBASEFEE . . . . .
POP MLOAD MSTORE MSTORE8 SLOAD SSTORE JUMP JUMPI PC MSIZE GAS JUMPDEST TLOAD TSTORE MCOPY PUSH0
"""
OPCODES = {name: code for code, name in enumerate(_NAMES.split()) if name != "."}
OPCODES |= {f"DUP{n}": 0x7F + n for n in range(1, 17)}
OPCODES |= {f"SWAP{n}": 0x8F + n for n in range(1, 17)}
OPCODES |= {f"LOG{n}": 0xA0 + n for n in range(5)}
OPCODES |= {"CREATE": 0xF0, "CALL": 0xF1, "CALLCODE": 0xF2, "RETURN": 0xF3, "DELEGATECALL": 0xF4}
OPCODES |= {"CREATE2": 0xF5, "STATICCALL": 0xFA, "REVERT": 0xFD, "INVALID": 0xFE}
OPCODES |= {"SELFDESTRUCT": 0xFF}


def asm(text: str) -> bytes:
    """Assemble: names, integers (pushed), `:label` (a jump destination) and `@label` (pushed)."""
    parts: list[bytes | str] = []
    places: dict[str, int] = {}
    size = 0
    for word in text.split():
        part: bytes | str
        if word.startswith(":"):
            places[word[1:]] = size
            part = bytes([OPCODES["JUMPDEST"]])
        elif word.startswith("@"):
            part = word[1:]
        elif word in OPCODES:
            part = bytes([OPCODES[word]])
        else:
            value = int(word, 0)
            length = max(1, (value.bit_length() + 7) // 8)
            part = bytes([0x5F + length]) + value.to_bytes(length, "big")
        parts.append(part)
        size += 3 if isinstance(part, str) else len(part)
    return b"".join(
        b"\x61" + places[part].to_bytes(2, "big") if isinstance(part, str) else part
        for part in parts
    )


def creation(runtime: bytes, before: str = "") -> bytes:
    """Return creation code that runs *before* and leaves *runtime*."""
    start = asm(before)
    tail = asm(f"{len(runtime)} DUP1 0x1111 PUSH0 CODECOPY PUSH0 RETURN")
    at = len(start) + len(tail)
    return start + tail.replace(b"\x61\x11\x11", b"\x61" + at.to_bytes(2, "big")) + runtime


def returns(expression: str) -> bytes:
    """Return code that answers the one word that *expression* leaves."""
    return asm(f"{expression} PUSH0 MSTORE 32 PUSH0 RETURN")


def tx(
    engine: Engine, sender: bytes, to: bytes | None, data: bytes = b"", **more: Any
) -> Transaction:
    """Return a transaction at the sender's nonce: 1,000,000 gas, 2 gwei cap, 1 gwei tip."""
    fields: dict[str, Any] = {
        "nonce": engine.account(sender).nonce,
        "value": 0,
        "gas": 1_000_000,
        "max_fee": 2 * GWEI,
        "tip": GWEI,
        "hash": b"h",
        **more,
    }
    return Transaction(sender=sender, to=to, data=data, **fields)


def run(engine: Engine, to: bytes | None, data: bytes = b"", **more: Any) -> Execution:
    """Execute a transaction of ALICE."""
    return engine.transact(tx(engine, ALICE, to, data, **more))


def fresh(name: str = "pyevm", env: BlockEnv = ENV) -> Engine:
    """Return an engine in a block, where ALICE and BOB hold 100 ether each."""
    engine = make_engine(name, chain_id=CHAIN)
    for address in (ALICE, BOB):
        engine.set_account(address, AccountState(balance=100 * ETHER))
    engine.drain_changes()
    engine.begin_block(env)
    return engine


def put(
    engine: Engine, code: bytes, address: bytes = CODE, *, slots: Mapping[int, int] | None = None
) -> bytes:
    """Put *code* at *address*, with *slots* written; return the address."""
    before = engine.account(address)
    engine.set_account(address, AccountState(1, before.balance, code))
    engine.set_storage(address, slots or {})
    return address


def chain(name: str = "pyevm", **config: Any) -> Chain:
    """Return a chain of 12-second blocks at 1 gwei, where ALICE and BOB hold 100 ether each."""
    made = Chain(make_engine(name, chain_id=CHAIN), ChainConfig(CHAIN, **config), Clock(START))
    made.fund(ALICE, 100 * ETHER)
    made.fund(BOB, 100 * ETHER)
    return made


def wait(made: Chain, seconds: int = 12) -> None:
    """Let *seconds* pass."""
    made.clock.run(made.clock.now + seconds)


COUNTER = asm("PUSH0 SLOAD 1 ADD DUP1 PUSH0 SSTORE PUSH0 MSTORE 32 PUSH0 LOG0 32 PUSH0 RETURN")
"""Adds one to slot 0, logs the sum and returns it."""


def real(reader: Reader) -> Chain:
    """Return the twin's own chain behind *reader*."""
    assert isinstance(reader.chain, Chain)
    return reader.chain
