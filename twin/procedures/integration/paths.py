"""One fact by two paths: our node, the RPC providers, the indexer, the partners (for IE3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Call, Desk
from twin.errors import NoData, Reverted, UnknownBlock

__all__ = ["Difference", "by_indexer", "by_nodes", "by_partners"]

PPM = 1_000_000
Difference = dict[str, Any]

BALANCES = (("PaymentToken", "LiquidityPool"), ("PaymentToken", "Reserve"),
            ("StableAsset", "LiquidityPool"))  # fmt: skip
"""(token, holder): balances that users are shown."""


def by_nodes(desk: Desk, *, depth: int) -> tuple[int, list[Difference]]:
    """Compare balances by every node with our own, *depth* blocks below the head.

    Return how many comparisons were made. A node that does not answer is not a difference here.
    """
    block = max(0, desk.at().block - depth)
    calls: list[Call] = [
        (token, "balanceOf", (desk.register.address(holder),)) for token, holder in BALANCES
    ]
    ours = desk.at(block).batch(calls)
    made, found = 0, list[Difference]()
    for node in desk.services.nodes.names():
        try:
            theirs = desk.services.nodes.batch(node, calls, block=block)
        except NoData:
            continue
        for (token, holder), right, shown in zip(BALANCES, ours, theirs, strict=True):
            if isinstance(right, Reverted) or isinstance(shown, Reverted):
                continue
            made += 1
            if shown != right:
                found.append({"fact": f"{token} of {holder}", "path": f"rpc-{node}",
                              "block": block, "ours": right, "theirs": shown})  # fmt: skip
    return made, found


def by_indexer(
    desk: Desk, *, volume_ppm: int, max_age: int
) -> tuple[int, dict[str, list[Difference]]]:
    """Compare the indexer's counts, balances and volume with the contracts' own at its block.

    Return how many comparisons were made, and the differences by item: events, balance, volume
    (beyond *volume_ppm*: the indexer counts what traders paid, the contract adds the fee's worth),
    age. An indexer too far behind to be compared is a difference of age alone.
    """
    indexer = desk.services.indexer
    status = indexer.status()
    found: dict[str, list[Difference]] = {"events": [], "balance": [], "volume": [], "age": []}
    age = desk.now - status.timestamp
    if age > max_age:
        found["age"].append({"fact": "age of the indexer", "block": status.block, "age": age})
    view = desk.at(status.block)
    try:
        swaps, volume = (view.read("LiquidityPool", name) for name in ("swapCount", "volume"))
        held = {pair: view.read(pair[0], "balanceOf", desk.register.address(pair[1]))
                for pair in BALANCES}  # fmt: skip
    except UnknownBlock:
        if not found["age"]:
            found["age"].append({"fact": "its block is not kept any more", "age": age})
        return 0, found
    counted = indexer.count("LiquidityPool", "Swapped")
    if counted != swaps:
        found["events"].append(_difference("swaps", status.block, ours=swaps, theirs=counted))
    theirs = 0
    for day in indexer.volumes():
        theirs += day.stable
    if abs(theirs - volume) * PPM > volume * volume_ppm:
        found["volume"].append(_difference("volume", status.block, ours=volume, theirs=theirs))
    for (token, holder), ours in held.items():
        shown = indexer.balance(token, desk.register.address(holder))
        if shown != ours:
            fact = f"{token} of {holder}"
            found["balance"].append(_difference(fact, status.block, ours=ours, theirs=shown))
    return 2 + len(held), found


def _difference(fact: str, block: int, *, ours: int, theirs: int) -> Difference:
    return {"fact": fact, "path": "indexer", "block": block, "ours": ours, "theirs": theirs}


def by_partners(desk: Desk, names: Sequence[str], *, tolerance_ppm: int) -> list[Difference]:
    """Compare each venue's quote by our feed with that of its public API, in *tolerance_ppm*."""
    found = list[Difference]()
    for name in names:
        answer = desk.services.endpoints.probe(f"venue-{name}")
        try:
            ticker = desk.venues.ticker(name)
        except NoData:
            continue
        if answer.status != 200 or "bid" not in answer.body:
            continue
        ours, theirs = ticker.bid + ticker.ask, answer.body["bid"] + answer.body["ask"]
        if abs(ours - theirs) * PPM > ours * tolerance_ppm:
            found.append({"fact": f"twice the middle at {name}", "path": f"venue-{name}",
                          "ours": ours, "theirs": theirs})  # fmt: skip
    return found
