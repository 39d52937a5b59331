"""The smoke matrix: a transaction per function and role, before and after a change, on two copies.

A row that went through and no longer does is harm to whoever uses that function; a row that was
refused and no longer is has opened a door. Users' rows repeat the last real calls of the chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twin.desk.port import Desk, Fork, LogRecord
from twin.procedures.change.plan import Call
from twin.procedures.change.trial import PAUSABLE

__all__ = ["Row", "matrix", "smoke"]

RECENT = 30 * 86_400
STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class Row:
    """A call of *function* of *contract* by *role* (its account is *sender*)."""

    role: str
    sender: bytes
    contract: str
    function: str
    args: tuple[Any, ...]

    @property
    def name(self) -> str:
        """The row in one line."""
        return f"{self.role} {self.contract}.{self.function}"


def _last(desk: Desk, contract: str, event: str) -> LogRecord | None:
    found = desk.at().logs(contract, event, since=desk.now - RECENT)
    return found[-1] if found else None


def _largest(desk: Desk, contract: str, event: str, amount: str) -> LogRecord | None:
    """Return the largest of the recent uses: what is still asked for, a limit must let through."""
    found = desk.at().logs(contract, event, since=desk.now - RECENT)
    return max(found, key=lambda log: (log.args[amount], log.block)) if found else None


def _users(desk: Desk) -> list[Row]:
    """Return what users did lately, as rows: a swap, a deal, a conversion, a redemption."""
    rows = []
    if log := _last(desk, "LiquidityPool", "Swapped"):
        args = (log.args["tokenIn"], log.args["amountIn"], 0, log.args["to"])
        rows.append(Row("trader", log.args["sender"], "LiquidityPool", "swap", args))
    if log := _largest(desk, "Settlement", "DealOpened", "amount"):
        said = log.args
        document = bytes(reversed(said["documentHash"]))  # a document that was never there
        expiry = desk.now + 30 * 86_400
        deal = (document, said["seller"], said["amount"], said["quantity"], expiry)
        rows.append(Row("buyer", said["buyer"], "Settlement", "open", deal))
    if log := _last(desk, "Conversion", "Converted"):
        some = (log.args["feed"], max(1, log.args["ftAmount"] // 100), 0)
        rows.append(Row("sovereign", log.args["sovereign"], "Conversion", "convert", some))
    if log := _last(desk, "Reserve", "Redeemed"):
        part = (max(1, log.args["ptAmount"] // 100), 0)
        rows.append(Row("redeemer", log.args["redeemer"], "Reserve", "redeem", part))
    return rows


def matrix(desk: Desk, fork: Fork) -> list[Row]:
    """Return the rows that apply to this network now."""
    address, stranger = desk.register.address, fork.wallet(STRANGER).address
    rows = _users(desk)
    coin = address("PaymentToken")
    for name in PAUSABLE:
        rows += [Row("pauser", address("pauser"), name, "pause", ()),
                 Row("unpauser", address("unpauser"), name, "unpause", ()),
                 Row(STRANGER, stranger, name, "pause", ())]  # fmt: skip
    kind, fee = 0, desk.at().read("FeeSchedule", "schedule", 0)[0]
    rows += [
        Row(STRANGER, stranger, "FeeSchedule", "adjust", (kind, fee)),
        Row(STRANGER, stranger, "PaymentToken", "mint", (stranger, 1)),
        Row(STRANGER, stranger, "PaymentToken", "setCap", (1,)),
        Row(STRANGER, stranger, "Settlement", "setTreasury", (stranger,)),
        Row(STRANGER, stranger, "Authority", "grantRole", (1, stranger, 0)),
        Row("treasury", address("treasury"), "PaymentToken", "approve", (coin, 0)),
    ]
    return rows


def _played(fork: Fork, rows: Sequence[Row]) -> dict[str, tuple[bool, str]]:
    found = {}
    for row in rows:
        done = fork.call(row.sender, row.contract, row.function, row.args)
        found[row.name] = (done.success, done.reason)
    return found


def smoke(desk: Desk, changed: Fork, calls: Sequence[Call]) -> dict[str, Any]:
    """Play the matrix on an untouched copy and on *changed*; return rows and what differs.

    Whoever nobody knows also tries the change's own calls: they must be refused.
    """
    plain = desk.lab.fork("smoke, untouched")
    plain.wait(max(0, changed.now - plain.now))  # a delay that passed is no harm of the change
    rows = matrix(desk, plain)
    before, after = _played(plain, rows), _played(changed, rows)
    stranger = changed.wallet(STRANGER).address
    wrong = []
    for name, (went, _why) in before.items():
        goes, reason = after[name]
        if went and not goes:
            wrong.append(f"{name} went through before and fails after: {reason}")
        elif goes and not went:
            wrong.append(f"{name} was refused before and goes through after")
    wrong += [
        f"a stranger may call {call.name}"
        for call in calls
        if changed.send(stranger, call.to, call.data).success
    ]
    users = sum(1 for row in rows if row.role in {"trader", "buyer", "sovereign", "redeemer"})
    return {"rows": len(rows), "users": users, "wrong": wrong,
            "refused": sorted(name for name, (went, _why) in before.items() if not went)}  # fmt: skip
