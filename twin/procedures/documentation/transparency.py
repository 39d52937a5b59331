"""The transparency report: public figures, each with a recipe that an outsider can follow.

A recipe is JSON: a level is what it was at the first block of the chain, plus and less amounts in
named events (or the value in the last of them); a count is of events between two seconds. It uses
nothing but public events, so that a script outside of the network recomputes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.desk.port import Desk, LogRecord
from twin.procedures.documentation.lineage import judged

__all__ = ["FORMAT", "published", "transparency"]

FORMAT = "fictra-transparency-1"
ASSETS = ("stable", "bills", "gold")
HALTED = ("AllocationBook", "FoundationToken", "LiquidityPool", "OracleNetwork", "PaymentToken",
          "Reserve")  # fmt: skip

Recipe = dict[str, Any]


def _recipes(since: int, until: int) -> dict[str, tuple[str, Recipe]]:
    """Return (unit, recipe) of each figure, by key."""
    pt, ft = "PaymentToken", "FoundationToken"
    found: dict[str, tuple[str, Recipe]] = {
        "pt_supply": ("PT units", {
            "level": [pt, "totalSupply", []], "plus": [[pt, "Minted", "amount"]],
            "less": [[pt, "Burned", "amount"]]}),
        "ft_supply": ("FT wei", {
            "level": [ft, "totalSupply", []], "plus": [[ft, "Issued", "amount"]],
            "less": [[ft, "Retired", "amount"], [ft, "Reversed", "amount"]]}),
        "exports_issued": ("exports", {"count": [["AllocationBook", "EntitlementIssued"]],
                                       "since": since}),
        "redemptions": ("redemptions", {"count": [["Reserve", "Redeemed"]], "since": since}),
        "halts": ("halts", {"count": [[name, "Paused"] for name in HALTED], "since": since}),
    }  # fmt: skip
    for index, asset in enumerate(ASSETS):
        found[f"reserve_{asset}"] = ("units", {
            "level": ["Reserve", "holding", [index], 0],
            "last": ["Reserve", "HoldingChanged", "amount", {"asset": index}]})  # fmt: skip
    for _unit, recipe in found.values():
        recipe["until"] = until
    return found


def _logs(desk: Desk, contract: str, event: str, since: int, until: int) -> list[LogRecord]:
    return [log for log in desk.at().logs(contract, event, since=since) if log.timestamp <= until]


def _first(answer: Any, place: int | None) -> int:
    return int(answer if place is None else answer[place])


def _read(desk: Desk, recipe: Recipe) -> int | None:
    """Return the value of a level as the chain says it now, None for a count."""
    if "level" not in recipe:
        return None
    contract, function, args, *place = recipe["level"]
    return _first(desk.at().read(contract, function, *args), place[0] if place else None)


def _followed(desk: Desk, recipe: Recipe) -> int | None:
    """Follow *recipe* by events alone, from the first block on; None where it needs the genesis."""
    until = int(recipe["until"])
    if "count" in recipe:
        since = int(recipe["since"])
        return len([1 for contract, event in recipe["count"]
                    for _log in _logs(desk, contract, event, since, until)])  # fmt: skip
    if "last" in recipe:
        contract, event, field, match = recipe["last"]
        logs = [log for log in _logs(desk, contract, event, 0, until)
                if all(int(log.args[name]) == value for name, value in match.items())]  # fmt: skip
        return int(logs[-1].args[field]) if logs else None
    total = 0
    for sign, parts in ((1, recipe["plus"]), (-1, recipe["less"])):
        for contract, event, field in parts:
            for log in _logs(desk, contract, event, 0, until):
                total += sign * int(log.args[field])
    return total


def transparency(desk: Desk, period: int, max_age: int) -> dict[str, Any]:
    """Return figures, proof and what is wrong with it: each level is found by a second path too.

    *period* and *max_age* are seconds.
    """
    view = desk.at()
    since, until = max(0, desk.now - period), view.timestamp
    figures: dict[str, dict[str, Any]] = {}
    apart: list[str] = []
    for key, (unit, recipe) in _recipes(since, until).items():
        read, followed = _read(desk, recipe), _followed(desk, recipe)
        value = followed if read is None else read
        if read is not None and followed is not None and read != followed:
            apart.append(f"{key}: the contract says {read}, its events {followed}")
        figures[key] = {"value": value, "unit": unit, "source": "chain", "query": recipe,
                        "as_of": until}  # fmt: skip
    proof = dict(desk.services.editors.proof("transparency", figures))
    wrong = judged(proof, figures, counters={}, now=desk.now, max_age=max_age)
    wrong["unsupported"] += apart
    return {"block": view.block, "since": since, "until": until, "figures": figures,
            "proof": proof, "wrong": wrong}  # fmt: skip


def published(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what goes out: the printed value of each figure beside its recipe."""
    return {
        "format": FORMAT, "block": report["block"], "since": report["since"],
        "until": report["until"],
        "figures": {
            key: {"value": one["value"], "unit": one["unit"], "recipe": one["query"]}
            for key, one in report["proof"].items()
        },
    }  # fmt: skip
