"""A reserve on paper: two banks, two custodians, a contract, an auditor, a trade desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from paper_desk import NOW, PaperDesk, quiet_answers

from twin.desk.port import (
    Attestation,
    AttestedLine,
    BankStatement,
    CustodyStatement,
    Fill,
    Instruction,
    ServiceDesk,
)
from twin.errors import NoData, UnknownName
from twin.quotes import HoldingLine

DAY, HOUR, UNIT, ONE = 86_400, 3600, 10**6, 10**8
CLOSE = NOW - 8 * HOUR
RESERVE, AEGIS = b"\x5e" * 20, b"\xae" * 20


@dataclass
class Banks:
    """*cash* by account, the age of the statement, and when a payment of each bank would settle.

    Banks that are *closed* keep their hours; those that are *silent* do not answer.
    """

    cash: dict[str, int] = field(default_factory=lambda: {"helvetia": 500 * UNIT})
    as_of: int = CLOSE
    due: int = NOW + HOUR
    silent: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()

    def accounts(self) -> list[tuple[str, str]]:
        return [(name, "reserve") for name in self.cash]

    def statement(self, bank: str, account: str) -> BankStatement:
        self._answer(bank)
        return BankStatement(bank, account, self.as_of, self.as_of + HOUR, self.cash[bank], 0)

    def open(self, bank: str) -> bool:
        return bank not in self.silent + self.closed

    def value_date(self, bank: str) -> int:
        self._answer(bank)
        return self.due

    def _answer(self, bank: str) -> None:
        if bank in self.silent:
            raise NoData(f"the bank {bank} does not answer")


def bills(
    quantity: int = 4_000_000, *, price: int = ONE, issuer: str = "treasury", tenor: int = 28
) -> HoldingLine:
    """Return bills: *quantity* thousandths of a dollar of face value, *tenor* in days."""
    return HoldingLine("bills", quantity, price, quantity * price // 10**5, issuer, tenor * DAY)


def gold(quantity: int = 1_000, *, price: int = 1_000 * ONE) -> HoldingLine:
    """Return gold: thousandths of an ounce."""
    return HoldingLine("gold", quantity, price, quantity * price // 10**5)


@dataclass
class Custody:
    """What each custodian states, and when a sale of it would pay."""

    lines: dict[str, tuple[HoldingLine, ...]] = field(
        default_factory=lambda: {"aegis": (bills(),), "bastion": (gold(),)}
    )
    as_of: int = CLOSE
    due: int = NOW + 2 * DAY
    silent: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()

    def names(self) -> list[str]:
        return list(self.lines)

    def statement(self, custodian: str) -> CustodyStatement:
        if custodian in self.silent:
            raise NoData(f"the custodian {custodian} does not answer")
        return CustodyStatement(custodian, self.as_of, self.as_of + HOUR, self.lines[custodian], 0)

    def quote(self, custodian: str, asset: str, quantity: int) -> int:
        (line,) = [item for item in self.lines[custodian] if item.asset == asset]
        return quantity * line.price // 10**5 * 99 // 100

    def value_date(self, custodian: str) -> int:
        if custodian in self.locked:
            raise NoData(f"{custodian} has suspended withdrawals")
        return self.due

    def account(self, custodian: str) -> tuple[str, str]:
        del custodian
        return "helvetia", "reserve"


@dataclass
class TradeDesk:
    """Instructions, quotes and fills, as a test fills them."""

    address: bytes = AEGIS
    brings: int | None = None
    done: list[Fill] = field(default_factory=list)

    def instruction(self, custodian: str) -> Instruction:
        if custodian != "aegis":
            raise UnknownName("custodian", custodian, ["aegis"])
        return Instruction(custodian, self.address, NOW)

    def fills(self, *, since: int = 0) -> list[Fill]:
        return [fill for fill in self.done if fill.ordered >= since]

    def estimate(self, custodian: str, *, given: str, bought: str, amount: int) -> int:
        del given, bought
        if self.brings is None:
            raise NoData(f"{custodian} quotes nothing")
        return amount * self.brings // 10**6


@dataclass
class Auditor:
    """Documents that are all genuine but for those of *forged*."""

    issued: list[Attestation] = field(default_factory=list)
    forged: tuple[str, ...] = ()

    def documents(self, *, since: int = 0) -> list[Attestation]:
        return [item for item in self.issued if item.issued >= since]

    def authentic(self, document: Attestation) -> bool:
        return document.id not in self.forged

    def digest(self, document: Attestation) -> bytes:
        return document.id.encode().ljust(32, b"\0")


PLACES = ("chain", "helvetia/reserve", "aegis", "bastion")


def document(
    *, basis: str = "fair value", age: int = DAY, scope: Sequence[str] = PLACES,
    worth: int = 4_000 * UNIT,
) -> Attestation:  # fmt: skip
    """Return an attestation that carries the bills at *worth*."""
    lines = (
        AttestedLine("chain", "stable", 4_000 * UNIT, 4_000 * UNIT),
        AttestedLine("aegis", "bills", 4_000 * UNIT, worth),
        AttestedLine("bastion", "gold", UNIT, 1_000 * UNIT),
    )
    return Attestation("AT-0001", "attestor", NOW - age, NOW - age, basis, tuple(scope), lines,
                       9_000 * UNIT, b"\1" * 65)  # fmt: skip


def holding(amount: int, weight: int, *, expiry: int = NOW + 30 * DAY) -> tuple[Any, ...]:
    """Return a holding as the contract tells it."""
    return (amount, NOW - DAY, expiry, weight, bytes(32), bytes(32))


HELD = {0: (4_000 * UNIT, 420_000), 1: (4_000 * UNIT, 460_000), 2: (UNIT, 120_000)}
VALUES = (4_000 * UNIT, 4_000 * UNIT, 1_000 * UNIT)


def reserve(**answers: Any) -> PaperDesk:
    """Return a desk over a reserve of 9,000 and 500 of cash, which backs 9,000 PT.

    *answers* are those of the contract by the name of the function.
    """
    own = {
        "holding": lambda index: holding(*HELD[index]),
        "valueOf": lambda index: VALUES[index],
        "inTransit": 0, "paused": False, "isOpen": True, "dailyLimit": 10**15, "redeemedToday": 0,
        "sliceLimit": 100_000, "slippageLimit": 10_000, "sliceSpacing": HOUR, "lastSliceAt": 0,
    }  # fmt: skip
    return PaperDesk(
        answers={
            **quiet_answers(),
            **{("Reserve", name): value for name, value in {**own, **answers}.items()},
            ("StableAsset", "balanceOf"): 4_000 * UNIT,
            ("PaymentToken", "totalSupply"): 9_000 * UNIT,
        },
        approved={
            **{f"reserve.{name}": 1 for name in ("stable", "bills", "gold")},
            "reserve.cash": (), "reserve.weight_stable": 420_000, "reserve.weight_bills": 460_000,
            "reserve.weight_gold": 120_000,
        },
        addresses={"Reserve": RESERVE, "aegis": AEGIS, "bastion": b"\xba" * 20},
        bank_desk=Banks(), custody_desk=Custody(),
        services=ServiceDesk(fills=TradeDesk(), attestations=Auditor([document()])),
    )  # fmt: skip
