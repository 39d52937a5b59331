"""Sequences of transactions and of what happens between them, for engines that must not leak.

The contracts tell if something of an earlier transaction were left; Hypothesis picks the steps.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import chain_lab as lab
from hypothesis import strategies as st

from twin.chain.port import AccountState, Call
from twin.errors import InvalidTransaction

GWEI = lab.GWEI
BOMB = lab.creation(lab.asm("CALLDATASIZE @stay JUMPI CALLER SELFDESTRUCT :stay 1 PUSH0 SSTORE"))

# Contracts, each of which would tell if something of an earlier transaction were left.
CONTRACTS: dict[bytes, str] = {
    # Writes, reads, clears: refunds, warmth and original values.
    b"\xc1" * 20: "CALLVALUE PUSH0 SSTORE 1 SLOAD POP PUSH0 CALLDATALOAD 1 SSTORE 2 SLOAD 1 ADD "
    "DUP1 2 SSTORE 3 SWAP1 LT @end JUMPI PUSH0 2 SSTORE :end GAS PUSH0 MSTORE 32 PUSH0 LOG0",
    # Counts in transient storage, and keeps the sum.
    b"\xc2" * 20: "PUSH0 TLOAD 1 ADD DUP1 PUSH0 TSTORE PUSH0 SLOAD ADD PUSH0 SSTORE",
    # Makes a contract at the address of its salt (one of four), and calls it twice.
    b"\xc3" * 20: "",  # `factory`
    # Calls the first, in a message that reverts where value was sent.
    b"\xc4" * 20: f"PUSH0 PUSH0 PUSH0 PUSH0 1 0x{'c1' * 20} GAS CALL PUSH0 SSTORE "
    f"0x{'c1' * 20} BALANCE POP CALLVALUE @no JUMPI STOP :no PUSH0 PUSH0 REVERT",
    # Destroys itself in favour of the caller: since Cancun, only of its balance.
    b"\xc5" * 20: "1 PUSH0 SSTORE CALLER SELFDESTRUCT",
    # Burns all gas after it wrote.
    b"\xc6" * 20: "1 PUSH0 SSTORE PUSH0 SLOAD PUSH0 TSTORE INVALID",
}


def factory() -> bytes:
    """Return code that creates `BOMB` by CREATE2 with the salt of its input, then calls it twice."""
    copy = "".join(f"0x{byte:02x} {place} MSTORE8 " for place, byte in enumerate(BOMB))
    call = "PUSH0 PUSH0 {size} PUSH0 PUSH0 DUP6 GAS CALL POP"
    return lab.asm(
        f"{copy} PUSH0 CALLDATALOAD {len(BOMB)} PUSH0 CALLVALUE CREATE2 "
        f"{call.format(size=1)} {call.format(size='PUSH0')} DUP1 EXTCODESIZE PUSH0 MSTORE "
        "32 PUSH0 LOG1"
    )


CODES = {
    address: factory() if address == b"\xc3" * 20 else lab.asm(text)
    for address, text in CONTRACTS.items()
}
SENDERS = st.sampled_from([lab.ALICE, lab.BOB, lab.CAROL])
TARGETS = st.sampled_from([*CODES, lab.BOB, lab.COINBASE, bytes(19) + b"\4", b"\xee" * 20])
LISTED = st.lists(
    st.tuples(st.sampled_from(list(CODES)), st.sampled_from([(), (0,), (0, 1, 2)])), max_size=2
)
SENT = st.fixed_dictionaries(
    {
        "sender": SENDERS,
        "to": TARGETS,
        "data": st.integers(0, 3).map(lambda n: n.to_bytes(32, "big")) | st.just(b""),
        "value": st.sampled_from([0, 0, 0, 0, 1, 2, 7, 7, 10**30]),
        "gas": st.sampled_from([21_000, 60_000, 400_000, 400_000, 2_000_000]),
        "max_fee": st.sampled_from([GWEI, *[2 * GWEI] * 6, 2**130]),
        "tip": st.sampled_from([0, 1, GWEI]),
        "access_list": LISTED.map(tuple),
        "late": st.sampled_from([*[0] * 8, 1, -1]),
    }
)
CREATED = st.fixed_dictionaries(
    {
        "sender": SENDERS,
        "to": st.none(),
        "data": st.sampled_from(
            [
                lab.creation(lab.COUNTER, "7 PUSH0 SSTORE"),
                lab.asm("1 PUSH0 SSTORE CALLER SELFDESTRUCT"),
                lab.asm("ADDRESS SELFDESTRUCT"),
                lab.asm("0xef PUSH0 MSTORE8 1 PUSH0 RETURN"),
                b"",
            ]
        ),
        "value": st.sampled_from([0, 5]),
    }
)
OTHER = st.sampled_from(["snapshot", "revert", "forget", "drain", "root", "block", "call", "past"])
STEPS = st.lists(SENT | CREATED | OTHER, max_size=14)


class Course:
    """An engine on which steps are taken; snapshots that are held are in *held*."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.held: list[int] = []
        self.block = 5

    def send(self, step: dict[str, Any]) -> None:
        fields = dict(step)
        sender, to, data = fields.pop("sender"), fields.pop("to"), fields.pop("data")
        nonce = self.engine.account(sender).nonce + fields.pop("late", 0)
        try:
            self.engine.transact(
                lab.tx(self.engine, sender, to, data, **fields, nonce=max(0, nonce))
            )
        except InvalidTransaction:
            self.engine.state_root()

    def take(self, step: dict[str, Any] | str) -> None:
        if isinstance(step, dict):
            self.send(step)
        elif step == "snapshot":
            self.held.append(self.engine.snapshot())
        elif step == "drain":
            self.engine.drain_changes()
        elif step == "root":
            self.engine.state_root()
        elif step == "block":
            self.block += 1
            self.engine.begin_block(replace(lab.ENV, number=self.block, coinbase=lab.ALICE))
        elif step == "call":
            self.engine.call(Call(b"\xc4" * 20, b"", sender=lab.BOB, value=1))
        elif self.held:
            self.back(step)

    def back(self, step: str) -> None:
        if step == "past":
            self.engine.call(Call(b"\xc2" * 20, b"", sender=lab.BOB), snapshot=self.held[0])
        elif step == "revert":
            del self.held[len(self.held) // 2 + 1 :]
            self.engine.revert(self.held[-1])
        else:
            self.engine.forget(self.held.pop(0))


def prepared(name: str) -> Any:
    engine = lab.fresh(name)
    for address, code in CODES.items():
        lab.put(engine, code, address, slots={0: 1, 2: 9})
    engine.set_account(lab.CAROL, AccountState(balance=lab.ETHER))
    engine.set_account(b"\xc4" * 20, AccountState(1, 50, CODES[b"\xc4" * 20]))
    engine.drain_changes()
    return engine
