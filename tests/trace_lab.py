"""Random programs that call, create, write, run out of gas and break every rule; what traces say.

A program is made of pieces that make sense, with operands that often do not, so that most of what
can go wrong does, at every depth. The same seed gives the same world on every engine.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

import chain_lab as lab

from twin.chain.engines import make_engine
from twin.chain.port import AccountState, Transaction
from twin.chain.rpc.tracers import tracer
from twin.chain.rpc.views import Inspected, inspected
from twin.errors import ChainError, InvalidTransaction

__all__ = ["ASKED", "Case", "answers", "case", "world"]

OTHER, POOR, NOBODY = b"\xd0" * 20, b"\x66" * 20, b"\x77" * 20

ASKED: dict[str, dict[str, Any]] = {
    "steps": {"enableMemory": True, "enableReturnData": True},
    "calls": {"tracer": "callTracer", "tracerConfig": {"withLog": True}},
    "pre": {"tracer": "prestateTracer", "tracerConfig": {}},
    "difference": {"tracer": "prestateTracer", "tracerConfig": {"diffMode": True}},
    "selectors": {"tracer": "4byteTracer", "tracerConfig": {}},
}
"""What is asked of every transaction, by a name for messages."""

_STRANGE = [0, 1, 31, 33, 64, 255, 1000, 2**16, 2**63, 2**64 - 1, 2**64, 2**255]
_INIT = (
    "", "00", "6001600155", "5f5ff3", "60ff5f5260205ff3", "60ef5f5360015ff3", "fe", "5f5ffd",
    "33ff", "6160005ff3", "61c0005ff3",
)  # fmt: skip
_PLAIN = [name for name in lab.OPCODES if not name.startswith(("DUP", "SWAP", "LOG", "JUMP"))]


class _Writer:
    """Writes one program."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def number(self) -> int:
        """Return an operand: often a small one, sometimes one that no memory holds."""
        pick = self.chance.choice
        return pick(_STRANGE) if self.chance.random() < 0.25 else pick((0, 1, 2, 3, 32, 64))

    def address(self) -> str:
        precompile = self.chance.randint(1, 10).to_bytes(20, "big")
        known = (lab.ALICE, lab.BOB, lab.CODE, OTHER, POOR, NOBODY, lab.COINBASE, precompile)
        return "0x" + self.chance.choice(known).hex()

    def call(self) -> str:
        pick = self.chance.choice
        kind = pick(("CALL", "CALLCODE", "DELEGATECALL", "STATICCALL"))
        value = f"{pick((0, 0, 1, 5, 10**21))} " if kind in {"CALL", "CALLCODE"} else ""
        gas = pick(("GAS", "1000", "20000", "0", "100000", "2300", hex(2**256 - 1)))
        out, size = pick((0, 32, self.number())), pick((0, 4, 36, self.number()))
        return f"{out} 0 {size} 0 {value}{self.address()} {gas} {kind} {pick(('POP', '0 MSTORE'))}"

    def create(self) -> str:
        code = bytes.fromhex(self.chance.choice(_INIT))
        kind = self.chance.choice(("CREATE", "CREATE2"))
        salt = f"{self.chance.randint(0, 1)} " if kind == "CREATE2" else ""
        value = self.chance.choice((0, 1, 10**21))
        put = f"0x{code.hex()} PUSH0 MSTORE " if code else ""
        return f"{put}{salt}{len(code)} {32 - len(code)} {value} {kind} POP"

    def log(self) -> str:
        topics = [str(self.chance.randint(0, 9)) for _ in range(self.chance.randint(0, 4))]
        return f"{' '.join(topics)} {self.number()} {self.number()} LOG{len(topics)}"

    def end(self) -> str:
        n, m = self.number(), self.number()
        return self.chance.choice((
            f"{self.address()} SELFDESTRUCT", "INVALID", f"{n} {m} REVERT", f"{n} {m} RETURN",
            "STOP", "7 JUMP", "1 9 JUMPI", "DUP1", "SWAP3", "POP", ":again @again JUMP",
        ))  # fmt: skip

    def piece(self) -> str:
        """Return a piece of assembly."""
        n, m, k, who = self.number(), self.number(), self.number(), self.address()
        pick, slot = self.chance.choice, self.chance.randint(0, 2)
        pieces = [
            (30, self.call), (8, self.create), (6, self.log), (5, self.end),
            (13, lambda: f"{n} {slot} SSTORE"), (8, lambda: f"{slot} SLOAD POP"),
            (9, lambda: f"{who} {pick(('BALANCE', 'EXTCODESIZE', 'EXTCODEHASH'))} POP"),
            (5, lambda: f"{n} {m} {k} {pick(('CODECOPY', 'CALLDATACOPY', 'MCOPY'))}"),
            (2, lambda: f"{n} {m} {k} RETURNDATACOPY"), (2, lambda: f"{n} 0 0 {who} EXTCODECOPY"),
            (6, lambda: f"{n} {m} {pick(('MSTORE', 'MSTORE8'))}"),
            (3, lambda: f"{n} {m} KECCAK256 POP"), (3, lambda: f"{n} {m} EXP POP"),
            (3, lambda: f"{n} {m} TSTORE {n} TLOAD POP"), (4, lambda: pick(_PLAIN)),
        ]  # fmt: skip
        (made,) = self.chance.choices([f for _, f in pieces], [weight for weight, _ in pieces])
        return made()

    def program(self) -> bytes:
        """Return a program of up to 18 pieces."""
        pieces = [self.piece() for _ in range(self.chance.randint(1, 18))]
        named = [piece.replace("again", f"again{at}") for at, piece in enumerate(pieces)]
        return lab.asm(" ".join(named))


@dataclass(frozen=True, slots=True)
class Case:
    """Three programs, at CODE, OTHER and POOR, and the fields of ALICE's transactions."""

    programs: tuple[bytes, ...]
    transactions: tuple[dict[str, Any], ...]


def case(seed: int) -> Case:
    """Return the case of *seed*."""
    chance = random.Random(seed)
    writer = _Writer(chance)
    programs = tuple(writer.program() for _ in range(3))
    return Case(programs, tuple(_transaction(writer) for _ in range(2)))


def _transaction(writer: _Writer) -> dict[str, Any]:
    chance = writer.chance
    precompile = chance.randint(1, 10).to_bytes(20, "big")
    to = chance.choice((lab.CODE, lab.CODE, lab.CODE, None, lab.BOB, precompile))
    gas = chance.choice((23_000, 25_000, 30_000, 40_000, 60_000, 100_000, 200_000))
    if to is None:
        data, gas = writer.program()[:400], max(gas, 100_000)
    else:
        data = chance.randbytes(chance.choice((0, 3, 4, 36, 128, 192, 213)))
    listed = ((lab.CODE, (1,)), (NOBODY, ())) if chance.random() < 0.2 else ()
    value = chance.choice((0, 0, 1, 100))
    return {"to": to, "data": data, "gas": gas, "value": value, "access_list": listed}


def world(case: Case, name: str) -> Inspected:
    """Return the engine called *name* before the transactions of *case*."""
    engine = make_engine(name, chain_id=lab.CHAIN)
    for address in (lab.ALICE, lab.BOB):
        engine.set_account(address, AccountState(balance=100 * lab.ETHER))
    balances = (3, 0, 7)
    for address, code, balance in zip(
        (lab.CODE, OTHER, POOR), case.programs, balances, strict=True
    ):
        engine.set_account(address, AccountState(nonce=1, balance=balance, code=code))
        engine.set_storage(address, {1: 5, 2: 1 << 255})
    engine.drain_changes()
    engine.begin_block(lab.ENV)
    return inspected(engine)


def answers(engine: Inspected, tx: Transaction) -> dict[str, Any]:
    """Return what each tracer of `ASKED` says of *tx*, as JSON makes it; too much as a refusal."""
    found: dict[str, Any] = {}
    for name, config in ASKED.items():
        try:
            found[name] = tracer(config).see(engine, tx, lab.COINBASE)
        except InvalidTransaction:
            raise
        except ChainError as error:
            found[name] = {"refused": str(error)}
    made: dict[str, Any] = json.loads(json.dumps(found))
    return made
