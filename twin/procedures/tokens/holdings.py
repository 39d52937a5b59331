"""What stands behind the payment token, from every place that holds a part of it (TR).

The chain says what the reserve has booked, the bank and the custodian what they hold. A position is
one line of any of them, in stable units, with who owes it, where it lies and how old the word is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin.desk.port import BankStatement, CustodyStatement, Desk, View
from twin.errors import NoData
from twin.procedures.reading import read_all

__all__ = ["ASSETS", "Book", "Position", "book_of", "no_custodian", "no_reserve", "position_rows"]

ASSETS = ("stable", "bills", "gold")
"""What the reserve consists of, in the order of the contract."""

MILLI = 1000
"""1e-6 units on chain in a thousandth at a custodian."""

SLICES = 30 * 86_400
"""Seconds within which a slice that is booked now was opened."""


def no_reserve(desk: Desk) -> str | None:
    """Say that no reserve is declared, or None."""
    declared = any(desk.register.parameter(f"reserve.{asset}") for asset in ASSETS)
    return None if declared else "no reserve is declared"


def no_custodian(desk: Desk) -> str | None:
    """Say that there is no reserve, or that nobody holds a part of it, or None."""
    held = desk.custody.names()
    return no_reserve(desk) or (None if held else "no custodian holds a part of the reserve")


@dataclass(frozen=True, slots=True)
class Position:
    """*value* stable units of *asset* at *place*: a chain, bank or custodian (*kind*).

    *as_of* is the unix second of the word for it; *issuer* owes it in *tenor* seconds.
    """

    kind: str
    place: str
    asset: str
    amount: int
    value: int
    as_of: int
    issuer: str = ""
    tenor: int = 0


@dataclass(frozen=True, slots=True)
class Book:
    """All positions, what is booked on chain by asset, what is owed, and who does not answer.

    *silent* and *awaited* are places without a statement: an answer that stopped, and one that has
    not been due yet. *outgoing* is money under way, stable units; *settling* is what slices moved
    since the last statements, (amount, value) by asset, below 0 where it left.
    """

    positions: tuple[Position, ...]
    booked: Mapping[str, int]
    transit: Mapping[str, int]
    tokens: int
    liabilities: int
    silent: Mapping[str, str]
    awaited: tuple[str, ...]
    outgoing: int
    settling: Mapping[str, tuple[int, int]]
    block: int

    @property
    def total(self) -> int:
        """The worth of all positions and of what is under way, stable units."""
        moved = sum(value for _amount, value in self.settling.values())
        return sum(item.value for item in self.positions) + self.outgoing + moved

    def ages(self, now: int) -> dict[str, int]:
        """Return how old the word of each place is, seconds."""
        return {item.place: now - item.as_of for item in self.positions if item.kind != "chain"}


def _chain(desk: Desk, view: View) -> dict[str, Any]:
    reserve = desk.register.address("Reserve")
    held = [("Reserve", "holding", (index,)) for index in range(len(ASSETS))]
    moving = [("Reserve", "inTransit", (index,)) for index in range(len(ASSETS))]
    *found, tokens, supply = read_all(
        view,
        [
            *held,
            *moving,
            ("StableAsset", "balanceOf", (reserve,)),
            ("PaymentToken", "totalSupply", ()),
        ],
    )
    size = len(ASSETS)
    return {
        "booked": {asset: found[place][0] for place, asset in enumerate(ASSETS)},
        "transit": {asset: found[size + place] for place, asset in enumerate(ASSETS)},
        "tokens": tokens, "supply": supply,
    }  # fmt: skip


def _settling(desk: Desk, view: View, positions: list[Position]) -> dict[str, tuple[int, int]]:
    """Return what booked slices brought and took of each asset since it was last stated.

    A statement is a day old when it comes: without this, what arrived meanwhile would be missing,
    and what left would count twice.
    """
    moved: dict[str, tuple[int, int]] = {}
    recent = desk.now - SLICES
    opened = {
        item.args["id"]: item.args for item in view.logs("Reserve", "SliceOpened", since=recent)
    }
    booked = {
        item.args["id"]: item.args["amountOut"]
        for item in view.logs("Reserve", "SliceBooked", since=recent)
    }
    if not booked:
        return moved
    fills = desk.services.fills.fills(since=recent)
    for index, asset in enumerate(ASSETS[1:], start=1):
        lines = [item for item in positions if item.asset == asset]
        stated = min((item.as_of for item in lines), default=desk.now)
        net = 0
        for fill in fills:
            # The custodian's own second counts: the chain books it some blocks later.
            if fill.slice in booked and fill.slice in opened and (fill.settled or 0) > stated:
                about = opened[fill.slice]
                net += booked[fill.slice] * (about["to"] == index)
                net -= about["amountIn"] * (about["from"] == index)
        amount, value = sum(item.amount for item in lines), sum(item.value for item in lines)
        if net and amount:
            moved[asset] = (net, net * value // amount)
    return moved


def _seen_before(desk: Desk) -> set[str]:
    """Return the places that ever had a statement, as TR1 noted them."""
    last = desk.evidence.last("TR1")
    noted = desk.evidence.data(last.ref) if last else {}
    return set(noted.get("ages", ())) | set(noted.get("silent", ()))


def book_of(desk: Desk, *, first_statement: int) -> Book:
    """Read everything; a place that never had a statement is awaited for *first_statement* s."""
    view, positions, outgoing = desk.at(), [], 0
    silent: dict[str, str] = {}
    chain = _chain(desk, view)
    counted = frozenset(desk.register.parameter("reserve.cash"))
    tokens = min(chain["tokens"], chain["booked"]["stable"])
    positions.append(Position("chain", "chain", "stable", tokens, tokens, view.timestamp))
    for bank, account in desk.banks.accounts():
        try:
            cash = desk.banks.statement(bank, account)
        except NoData as error:
            silent[f"{bank}/{account}"] = str(error)
            continue
        positions.append(_cash(cash, among_bills=counted))
        outgoing += cash.outgoing
    for custodian in desk.custody.names():
        try:
            stated = desk.custody.statement(custodian)
        except NoData as error:
            silent[custodian] = str(error)
            continue
        positions += _assets(stated)
        outgoing += stated.unsettled
    young = desk.now - desk.at(0).timestamp < first_statement
    known = _seen_before(desk) if silent else set()
    awaited = tuple(place for place in silent if young and place not in known)
    return Book(
        tuple(positions), chain["booked"], chain["transit"], chain["tokens"], chain["supply"],
        {place: why for place, why in silent.items() if place not in awaited}, awaited,
        outgoing + chain["transit"]["stable"], _settling(desk, view, positions), view.block,
    )  # fmt: skip


def _cash(item: BankStatement, *, among_bills: frozenset[str]) -> Position:
    place = f"{item.bank}/{item.account}"
    asset = "bills" if place in among_bills else "cash"
    return Position("bank", place, asset, item.balance, item.balance, item.as_of, item.bank)


def _assets(item: CustodyStatement) -> list[Position]:
    return [
        Position(
            "custodian",
            item.custodian,
            line.asset,
            line.quantity * MILLI,
            line.value,
            item.as_of,
            line.issuer,
            line.tenor,
        )
        for line in item.holdings
    ]


def position_rows(book: Book) -> list[dict[str, Any]]:
    """Return the positions as evidence."""
    return [
        {
            "kind": item.kind,
            "place": item.place,
            "asset": item.asset,
            "amount": item.amount,
            "value": item.value,
            "as_of": item.as_of,
            "issuer": item.issuer,
            "tenor": item.tenor,
        }
        for item in book.positions
    ]
