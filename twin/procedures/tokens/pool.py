"""Payment Token operations: the treasury's liquidity in the pool, by policy and never in a panic (TP1)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from twin.catalog import Settings, daily, runbook
from twin.desk.port import Desk
from twin.desk.steps import Act, Case, Decide, Finding, Keep, Look, Notify, Runbook, Work
from twin.errors import NoData
from twin.procedures.monitoring.economic import depth
from twin.procedures.prices import PPM, distance_ppm
from twin.procedures.reading import read_all

__all__ = ["PoolPolicy", "manage_pool", "plan"]


class PoolPolicy(Settings):
    """The policy of TP1, in stable units (6 decimals): the depth at 5 % between *low* and *high*.

    *low* 0 declares no policy: the pool is watched and left alone. One move takes at most *max_move*
    ppm of what the treasury has on the side that it moves, and a removal happens only in calm: no
    stage of run risk, the price within *calm* ppm of par, no incident open. *slippage* ppm bound
    what a move may lose against the reserves that were seen. *step* ppm of a band is no move.
    """

    low: int = Field(default=0, ge=0)
    high: int = Field(default=0, ge=0)
    max_move: int = Field(default=250_000, ge=1, le=PPM)
    calm: int = 5_000
    slippage: int = 5_000


def _own_blocks(desk: Desk) -> set[int]:
    """Return the blocks in which this procedure acted, by its evidence."""
    found = set()
    for record in desk.evidence.of("TP1"):
        if record.verdict == "done":
            for result in desk.evidence.data(record.ref).get("results", ()):
                found.add(result.get("block"))
    return found


def _past(desk: Desk, treasury: bytes) -> list[dict[str, Any]]:
    """Return the treasury's removals since the last look that this procedure did not make."""
    last = desk.evidence.last("TP1")
    since = (desk.evidence.data(last.ref).get("now", last.at) + 1) if last else 0
    records = desk.at().logs("LiquidityPool", "LiquidityRemoved", since=since)
    own = _own_blocks(desk) if records else set()
    return [
        {"block": item.block, "at": item.timestamp, "shares": item.args["shares"],
         "stable": item.args["stableAmount"], "pt": item.args["ptAmount"]}
        for item in records
        if item.args["sender"] == treasury and item.block not in own
    ]  # fmt: skip


def _look(desk: Desk) -> dict[str, Any]:
    """Look at the pool, at what is the treasury's, and at how calm it is."""
    treasury, view = desk.register.address("treasury"), desk.at()
    (pt, stable, _updated), shares, own, held_pt, held_stable = read_all(
        view,
        [
            ("LiquidityPool", "reserves", ()),
            ("LiquidityPool", "totalSupply", ()),
            ("LiquidityPool", "balanceOf", (treasury,)),
            ("PaymentToken", "balanceOf", (treasury,)),
            ("StableAsset", "balanceOf", (treasury,)),
        ],
    )
    if not pt or not stable:
        raise NoData("the pool is empty")
    record = desk.evidence.last("TP2")
    return {
        "now": desk.now, "treasury": treasury, "pool": desk.register.address("LiquidityPool"),
        "pt": pt, "stable": stable, "shares": shares, "own_shares": own, "held_pt": held_pt,
        "held_stable": held_stable, "depth": depth(stable, 5), "spot": stable * PPM // pt,
        "stage": record.problems.get("stage", 0) if record else None,
        "incidents": [item.id for item in desk.incidents.open()],
        "removals": _past(desk, treasury), "block": view.block,
    }  # fmt: skip


def obstacles(seen: dict[str, Any], policy: PoolPolicy) -> list[str]:
    """Return what forbids a removal now: everything that is not calm, or not known to be."""
    found = []
    if seen["stage"] is None:
        found.append("no run risk is known")
    elif seen["stage"]:
        found.append(f"run risk at stage {seen['stage']}")
    if distance_ppm(seen["spot"], PPM) > policy.calm:
        found.append(f"the price is {distance_ppm(seen['spot'], PPM)} ppm off par")
    if seen["incidents"]:
        found.append(f"open incidents: {', '.join(seen['incidents'])}")
    return found


def plan(seen: dict[str, Any], policy: PoolPolicy) -> dict[str, Any]:
    """Return the move that brings the depth back to its band: add, remove, or leave; with amounts.

    Depth goes as the reserve, so that the part of the reserve to move is that of the depth.
    """
    if seen["depth"] < policy.low:
        stable = seen["stable"] * (policy.low - seen["depth"]) // max(1, seen["depth"])
        stable = min(stable, seen["held_stable"] * policy.max_move // PPM)
        pt = min(stable * seen["pt"] // seen["stable"], seen["held_pt"] * policy.max_move // PPM)
        stable = min(stable, pt * seen["stable"] // seen["pt"])
        return {"move": "add" if stable and pt else "short", "pt": pt, "stable": stable}
    if policy.high and seen["depth"] > policy.high:
        share = (seen["depth"] - policy.high) * PPM // seen["depth"]
        shares = min(seen["shares"] * share // PPM, seen["own_shares"] * policy.max_move // PPM)
        held = obstacles(seen, policy)
        return {"move": "remove" if shares and not held else "held", "shares": shares, "held": held}
    return {"move": "leave"}


Call = tuple[str, str, tuple[Any, ...]]


def calls(seen: dict[str, Any], move: dict[str, Any], policy: PoolPolicy) -> list[Call]:
    """Return the transactions of *move*, each with the least that it may bring."""
    keep, treasury, pool = PPM - policy.slippage, seen["treasury"], seen["pool"]
    if move["move"] == "add":
        fewest = seen["shares"] * move["stable"] // seen["stable"] * keep // PPM
        return [
            ("PaymentToken", "approve", (pool, move["pt"])),
            ("StableAsset", "approve", (pool, move["stable"])),
            ("LiquidityPool", "addLiquidity", (move["pt"], move["stable"], fewest, treasury)),
        ]
    pt, stable = (seen[side] * move["shares"] // seen["shares"] for side in ("pt", "stable"))
    least = (pt * keep // PPM, stable * keep // PPM)
    return [("LiquidityPool", "removeLiquidity", (move["shares"], *least, treasury))]


def _rehearse(desk: Desk, moves: list[Call]) -> dict[str, Any]:
    """Try the transactions on a copy of the chain: whether they go through, and the depth after."""
    fork = desk.lab.fork("TP1")
    for contract, function, args in moves:
        tried = fork.act("treasury", contract, function, args)
        if not tried.success:
            return {"success": False, "reason": f"{contract}.{function}: {tried.reason}"}
    reserves = fork.read("LiquidityPool", "reserves")
    return {"success": True, "reason": "", "depth": depth(reserves[1], 5)}


def _after(desk: Desk) -> int:
    return depth(desk.at().read("LiquidityPool", "reserves")[1], 5)


def _report(seen: dict[str, Any], facts: dict[str, Any], problems: dict[str, int]) -> Runbook:
    """Tell of removals past this procedure, and have somebody answer for them."""
    names = f"{len(seen['removals'])} removal(s) of the treasury outside the policy"
    yield Work("treasurer", 600, "find out who removed liquidity, and why")
    yield Notify("team", "liquidity removed outside the policy", names)
    facts["action"] = yield Keep("action", subject=names, data={"removals": seen["removals"]})
    problems["off-policy"] = len(seen["removals"])
    return Finding("finding", names, facts, problems)


def _carry_out(seen: dict[str, Any], move: dict[str, Any], policy: PoolPolicy,
               facts: dict[str, Any], problems: dict[str, int]) -> Runbook:  # fmt: skip
    """Rehearse, decide, act and look again."""
    moves = calls(seen, move, policy)
    facts["rehearsal"] = yield Look("What would it do?", _rehearse, (moves,))
    if not facts["rehearsal"]["success"]:
        problems["rehearsal"] = 1
        return Finding("failed", f"not done: {facts['rehearsal']['reason']}", facts, problems)
    yield Work("treasurer", 900, "review the move against the policy")
    question = f"{move['move']} liquidity: depth {seen['depth']} -> {facts['rehearsal']['depth']}?"
    choice = yield Decide("treasurer", question, (move["move"], "leave"), move["move"], facts)
    if choice == "leave":
        return Finding("refused", "the treasurer left the pool as it is", facts, problems)
    facts["results"] = []
    for contract, function, args in moves:
        result = yield Act("treasury", contract, function, args, f"policy: {move['move']}")
        facts["results"].append(result)
        if not result["success"]:
            problems["act"] = 1
            return Finding("failed", f"{function}: {result['reason']}", facts, problems)
    facts["depth_after"] = yield Look("What is the depth now?", _after)
    problems["act"] = int(
        distance_ppm(facts["depth_after"], facts["rehearsal"]["depth"]) > 4 * policy.slippage
    )
    what = f"{move['move']}: depth {seen['depth']} -> {facts['depth_after']}"
    return Finding("done", what, facts, problems)


@runbook(
    "TP1",
    "Token Management / Payment Token Operations / Liquidity pool management",
    cadence=daily("10:00"),
    role="treasurer",
    effort=1500,
    inputs=("pool reserves and shares", "treasury balances", "LiquidityRemoved logs", "run risk"),
    evidence="action log: depth before, rehearsed and after; removals outside the policy",
    settings=PoolPolicy,
)
def manage_pool(case: Case, settings: PoolPolicy) -> Runbook:
    """Liquidity pool management.

    The treasury's liquidity follows a band of depth, in moves that are rehearsed, decided and
    checked. It is never removed while anything is not calm; a removal that this procedure did not
    make is told (UST, 2022-05-07: the issuer took 150 million out, and 13 minutes later the
    selling met what was left).
    """
    seen = yield Look("How deep is the pool, and how calm is it?", _look)
    move = plan(seen, settings) if settings.low else {"move": "leave"}
    facts: dict[str, Any] = {"cause": case.cause, **seen, "plan": move}
    problems = {"off-policy": 0, "act": 0, "short": int(move["move"] == "short")}
    if seen["removals"]:
        return (yield from _report(seen, facts, problems))
    if move["move"] == "held":
        return Finding("refused", f"no removal: {'; '.join(move['held'])}", facts, problems)
    if move["move"] == "short":
        return Finding("finding", "the pool is thin and the treasury is empty", facts, problems)
    if move["move"] == "leave":
        why = "depth inside its band" if settings.low else "no policy is declared"
        return Finding("ok", f"pool left alone: {why}", facts, problems)
    return (yield from _carry_out(seen, move, settings, facts, problems))
