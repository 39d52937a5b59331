"""Properties of what contracts keep for others: escrow, reserve, stakes and bonds."""

from __future__ import annotations

from twin.protocol.institutions import ASSETS
from twin.protocol.property import Finding, Invariant, Memory, View, holds, news

__all__ = ["CUSTODY"]

_ESCROW = (("Settlement", "totalEscrow"), ("PaymentToken", "balanceOf", "@Settlement"))
_HOLDINGS = tuple(("Reserve", "holding", index) for index in range(len(ASSETS)))
_TRANSIT = tuple(("Reserve", "inTransit", index) for index in range(len(ASSETS)))
_IN_RESERVE = ("StableAsset", "balanceOf", "@Reserve")
_OWED = ("OracleNetwork", "accounted")
_IN_ORACLE = ("PaymentToken", "balanceOf", "@OracleNetwork")
_BONDS = ("AllocationBook", "totalBonds")
_IN_BOOK = ("PaymentToken", "balanceOf", "@AllocationBook")

_ENDS = tuple(("Settlement", name) for name in ("DealReleased", "DealRefunded", "DealSplit"))
_FLOWS = tuple(
    ("Reserve", name)
    for name in (
        "Deposited", "MintedAgainst", "Redeemed", "SliceOpened", "SliceBooked", "SliceReturned",
    )
)  # fmt: skip


def _escrow(view: View, memory: Memory) -> Finding:
    """Follow the deals: what is open is in escrow, each ended once and paid what it held."""
    deals: dict[int, int] = memory.setdefault("open", {})
    wrong = []
    for happened in news(view, memory, ("Settlement", "DealOpened"), *_ENDS):
        args = happened.args
        if happened.event == "DealOpened":
            deals[args["id"]] = args["amount"]
            continue
        held = deals.pop(args["id"], None)
        paid = sum(args.get(name, 0) for name in ("paid", "fee", "toSeller", "toBuyer", "amount"))
        if paid != held:
            wrong.append(f"deal {args['id']} paid {paid} of {held} in {happened.event}")
    total, balance = view.read(*_ESCROW[0]), _held(view, "PaymentToken", "Settlement")
    expected = sum(deals.values())
    if not expected == total <= balance:
        wrong.append(f"open deals hold {expected}, recorded {total}, there are {balance}")
    return holds(wrong, f"{len(deals)} open deals hold {total} of {balance}")


def _reserve(view: View, memory: Memory) -> Finding:
    """Follow the stable asset in and out; the weights add up, and the tokens are there."""
    slices: dict[int, tuple[int, int, int]] = memory.setdefault("slices", {})
    stable = memory.get("stable", 0)
    for happened in news(view, memory, *_FLOWS):
        stable += _flow(happened.event, dict(happened.args), slices)
    memory["stable"] = stable
    holdings = [view.read(*call) for call in _HOLDINGS]
    booked, balance = holdings[0][0], _held(view, "StableAsset", "Reserve")
    wrong = []
    if not stable == booked <= balance:
        wrong.append(f"flows leave {stable} stable, booked {booked}, there are {balance}")
    if (weights := sum(item[3] for item in holdings)) != 1_000_000:
        wrong.append(f"weights add up to {weights}")
    for index, call in enumerate(_TRANSIT):
        out = sum(amount for source, _, amount in slices.values() if source == index)
        if (recorded := view.read(*call)) != out:
            wrong.append(f"{recorded} {ASSETS[index]} recorded in transit of {out}")
    return holds(wrong, f"stable {booked} booked, {balance} held, {len(slices)} slices open")


def _flow(event: str, args: dict[str, int], slices: dict[int, tuple[int, int, int]]) -> int:
    """Return what *event* adds to the stable asset, and follow the *slices* by it."""
    if event in {"Deposited", "MintedAgainst"}:
        return args["stableAmount"]
    if event == "Redeemed":
        return -args["stableAmount"] - args["fee"]
    if event == "SliceOpened":
        slices[args["id"]] = args["from"], args["to"], args["amountIn"]
        return -args["amountIn"] if args["from"] == 0 else 0
    source, target, amount = slices.pop(args["id"])
    if event == "SliceReturned":
        return amount if source == 0 else 0
    return args["amountOut"] if target == 0 else 0


def _oracle_accounts(view: View, memory: Memory) -> Finding:
    del memory
    stakes, fund, bonds = view.read(*_OWED)
    balance = _held(view, "PaymentToken", "OracleNetwork")
    detail = f"stakes {stakes} + rewards {fund} + bonds {bonds} of {balance} held"
    return Finding(stakes + fund + bonds <= balance, detail)


def _dispute_bonds(view: View, memory: Memory) -> Finding:
    del memory
    bonds, balance = view.read(*_BONDS), _held(view, "PaymentToken", "AllocationBook")
    return Finding(bonds <= balance, f"bonds {bonds} of {balance} held")


def _held(view: View, token: str, keeper: str) -> int:
    held: int = view.read(token, "balanceOf", view.deployment.address(keeper))
    return held


CUSTODY = (
    Invariant(
        "escrow-conserved", "escrow is the sum of the open deals, and is there", _escrow, _ESCROW
    ),
    Invariant(
        "reserve-accounting",
        "the reserve's stable asset is what flowed in and out, and is there",
        _reserve,
        (*_HOLDINGS, *_TRANSIT, _IN_RESERVE),
    ),
    Invariant(
        "oracle-accounts",
        "stakes, rewards and bonds of the oracle network are there",
        _oracle_accounts,
        (_OWED, _IN_ORACLE),
    ),
    Invariant(
        "dispute-bonds", "bonds of disputed claims are there", _dispute_bonds, (_BONDS, _IN_BOOK)
    ),
)
"""All there are of custody."""
