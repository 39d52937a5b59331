"""Sweep the number of redeemers, to see what a tighter peg costs in a run on the reserve.

Every seed is run with each number of authorised redeemers. Three quiet days measure the peg; then an
auditor writes the bills of the reserve down, and three days measure the run. Holders either take
par for what running brings, or the pool's price; the second is the mechanism of Ma, Zeng and Zhang.

    python experiments/run_risk.py --seeds 4 --plot experiments/run_risk.png
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from eth_hash.auto import keccak

from twin.desk.records import Records
from twin.events import EventLog
from twin.library import Library
from twin.protocol.operations import operation_of
from twin.scenario import Scenario, loads
from twin.world import World

HOUR, DAY = 3600, 86400
PT = 10**6
NUMBERS = (0, 1, 2, 4, 8, 16)
CALM, STRESS = 3 * DAY, 3 * DAY
POOL, CAPITAL, STABLE = 2_000_000, 200_000, 2_000_000
HOLDERS = {"retail": (80, 25_000), "fund": (20, 50_000), "treasury": (10, 100_000)}
SPECULATORS, STAKE = 40, 50_000
WRITE_DOWN = 82_500
"""Pips of the reserve that are lost: what was stuck of USDC's in March 2023."""
GWEI = 10**9


@dataclass(frozen=True, slots=True)
class Result:
    """One run: mean distance from par in calm and the lowest price in stress, both in basis points.

    *before* and *ran* are the shares of the holders' PT, in percent, that they sold or redeemed in
    calm, where the pool paid more than par, and after the write-down. *redeemed* PT, by anybody.
    """

    redeemers: int
    seed: int
    calm: float
    before: float
    ran: float
    low: float
    redeemed: float


Point = tuple[int, float, float]
"""Redeemers, mean distance from par in calm (bp), mean share that ran (percent)."""


def document(redeemers: int, exit_: str, seed: int) -> dict[str, Any]:
    """Return the scenario: a reserve that covers all PT, in stable assets and in bills."""
    held = sum(count * balance for count, balance in HOLDERS.values())
    supply = POOL + held + SPECULATORS * STAKE // 2 + redeemers * CAPITAL // 2
    agents: list[dict[str, Any]] = [
        {"family": "holder", "name": kind, "count": count,
         "params": {"kind": kind, "balance": balance, "slice": 10_000, "coverage_weight": 1.0,
                    "exit": exit_, "returns": False}}
        for kind, (count, balance) in HOLDERS.items()
    ]  # fmt: skip
    agents.append({"family": "speculator", "name": "crowd", "count": SPECULATORS,
                   "params": {"looks_per_day": 12, "size": 2_000, "capital": STAKE}})  # fmt: skip
    if redeemers:
        agents.append({"family": "redeemer", "name": "redeemer", "count": redeemers,
                       "params": {"capital": CAPITAL, "latency": "10m"}})  # fmt: skip
    return {
        "schema_version": 1, "name": "run-risk", "title": "Run risk", "description": "A sweep.",
        "start": "2023-03-08T00:00:00Z", "duration": f"{(CALM + STRESS) // DAY}d", "seed": seed,
        "chain": {"block_interval": "60s", "base_fee": "1 gwei"},
        "protocol": {
            "pool": {"pt": POOL, "stable": POOL},
            "reserve": {"stable": STABLE, "bills": supply - STABLE, "daily_limit": 2_000_000,
                        "redeemer_limit": 200_000},
        },
        "agents": agents, "claims_not_made": ["A sweep of a model, not a forecast."],
    }  # fmt: skip


def load(redeemers: int, exit_: str, seed: int, library: Library) -> Scenario:
    """Return the loaded scenario."""
    tree = document(redeemers, exit_, seed)
    return loads(json.dumps(tree), "run-risk.twin.yaml", library.vocabulary)


def write_down(world: World) -> None:
    """Let the attestor attest the bills without what the reserve has lost."""
    read = world.habitat.read
    lost = read("Reserve", "totalValue") * WRITE_DOWN // PT
    bills = read("Reserve", "valueOf", 1) - lost
    args = (1, bills, bytes(keccak(b"write-down")), world.clock.now + 30 * DAY)
    what = operation_of(
        world.deployment, "attestor", contract="Reserve", function="attest", args=args
    )
    world.chain.send(what.caller, *what.direct, gas=1_000_000, tip=50 * GWEI)


def measure(redeemers: int, exit_: str, seed: int, library: Library) -> Result:
    """Run one world and measure it."""
    scenario = load(redeemers, exit_, seed, library)
    world = World(scenario, library.parts, log=EventLog(), records=Records())
    prices: list[float] = []

    def look() -> None:
        pt, stable = world.habitat.reserves()
        prices.append(stable / pt)

    holders = [agent for agent in world.agents.values() if agent.family == "holder"]
    held = sum(agent.params.balance for agent in holders)
    gone: list[float] = []

    def shock() -> None:
        write_down(world)
        gone.append(_gone(holders, held))

    for hour in range(6, (CALM + STRESS) // HOUR):
        world.clock.call_at(world.clock.start + hour * HOUR, look)
    world.clock.call_at(world.clock.start + CALM, shock)
    world.run(world.clock.start + CALM + STRESS)
    quiet = CALM // HOUR - 5
    return Result(
        redeemers, seed, statistics.fmean(abs(price - 1) for price in prices[:quiet]) * 10_000,
        gone[0], _gone(holders, held) - gone[0], (1 - min(prices[quiet:])) * 10_000,
        world.habitat.read("Reserve", "totalRedeemed") / PT,
    )  # fmt: skip


def _gone(holders: Iterable[Any], held: int) -> float:
    """Return the percentage of *held* PT units that *holders* have sold or redeemed."""
    gone: int = sum(agent.sold + agent.redeemed for agent in holders)
    return 100 * gone / held


def sweep(exit_: str, seeds: Iterable[int], library: Library) -> list[Point]:
    """Run every number of redeemers on the same *seeds*; print the table, return its points."""
    print(f"\nWhat running is taken to bring: {exit_}\n")
    print("| redeemers | calm: mean distance from par, bp | run: share of holders' PT, % "
          "(least-most) | sold in calm, % | lowest price: below par, bp | redeemed, PT |")  # fmt: skip
    print("|---|---|---|---|---|---|")
    found: list[Point] = []
    for number in NUMBERS:
        rows = [measure(number, exit_, seed, library) for seed in seeds]
        ran = [row.ran for row in rows]
        calm = statistics.fmean(row.calm for row in rows)
        found.append((number, calm, statistics.fmean(ran)))
        print(f"| {number} | {calm:.1f} "
              f"| {statistics.fmean(ran):.1f} ({min(ran):.1f}-{max(ran):.1f}) "
              f"| {statistics.fmean(row.before for row in rows):.1f} "
              f"| {statistics.fmean(row.low for row in rows):.0f} "
              f"| {statistics.fmean(row.redeemed for row in rows):,.0f} |", flush=True)  # fmt: skip
    return found


def plot(results: dict[str, list[Point]], path: str) -> None:
    """Draw run size against the peg's distance from par, a line for each exit."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for exit_, points in results.items():
        places = [(calm, ran) for _, calm, ran in points]
        axes.plot(*zip(*places, strict=True), marker="o", label=f"exit at {exit_}")
        for row, ((number, _, _), place) in enumerate(zip(points, places, strict=True)):
            # the last ones lie close together: their labels stand above and below in turn
            away = (6, 6) if row % 2 == 0 else (-8, -17)
            axes.annotate(str(number), place, textcoords="offset points", xytext=away)
    axes.set_xscale("log")
    axes.set_xticks(ticks := (40, 50, 60, 100, 200, 400), [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_ylim(0, 108)
    axes.set_xlabel("mean distance from par in calm, bp")
    axes.set_ylabel("share of holders' PT that ran in stress, %")
    axes.set_title("Run size against the tightness of the peg, by number of redeemers")
    axes.legend(loc="center right")
    figure.savefig(path, dpi=120)


def main() -> None:
    """Run the study, print its tables, draw its plot."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    arguments.add_argument("--seeds", type=int, default=4, help="how many seeds, from 1 on")
    arguments.add_argument("--exits", nargs="+", default=["pool", "par"], choices=["pool", "par"],
                           help="what holders take running to bring")  # fmt: skip
    arguments.add_argument("--plot", help="write the plot to this file")
    given = arguments.parse_args()
    library, seeds = Library(), range(1, given.seeds + 1)
    results = {exit_: sweep(exit_, seeds, library) for exit_ in given.exits}
    if given.plot:
        plot(results, given.plot)


if __name__ == "__main__":
    main()
