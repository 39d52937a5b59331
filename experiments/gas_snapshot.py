"""Writes the gas snapshot: what each function takes in a fixed run of the whole network.

    .venv/bin/python experiments/gas_snapshot.py [--check]

One world with every family of agents runs for two days with a fixed seed; what the desk tells of
its calls goes into `twin/protocol/gas.json`. `--check` compares and writes nothing. Gas depends on
the contracts and on what is done with them, not on the engine or the machine.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any

from twin.desk.records import Records
from twin.events import EventLog
from twin.library import Library
from twin.protocol.gas import GAS_FILE
from twin.protocol.roles import account_of
from twin.scenario import loads
from twin.world import World

DAYS = 2

FEED = {"min_answer": "-100.00", "max_answer": "500.00", "heartbeat": "1h", "deviation": "0.5%",
        "max_age": "2h", "quorum": 4}  # fmt: skip


BUDGET = {"need": 20_000, "keep": 0, "volatility": 0.0, "threshold": 99.0, "sold": 0.25}
"""A sovereign converts what a day needs and sells a part of it."""

SCRIPT = (
    # what no agent does by itself: at this hour, from this account
    (30, "trader-1", "PaymentToken", "transfer", ("redeemer-1", 500 * 10**6)),
    (31, "trader-2", "PaymentToken", "transfer", ("trader-3", 10**6)),
    (32, "redeemer-1", "Reserve", "redeem", (100 * 10**6, 0)),
    (33, "redeemer-1", "Reserve", "redeem", (100 * 10**6, 0)),
    (34, "redeemer-1", "Reserve", "redeem", (100 * 10**6, 0)),
    (40, "pauser", "LiquidityPool", "pause", ()),
    (41, "unpauser", "LiquidityPool", "unpause", ()),
    (42, "pauser", "AllocationBook", "pause", ()),
    (43, "unpauser", "AllocationBook", "unpause", ()),
    (44, "fee_steward", "FeeSchedule", "adjust", (0, 3_100)),
)


def _agent(family: str, name: str, count: int = 1, **params: Any) -> dict[str, Any]:
    return {"family": family, "name": name, "count": count, "params": params}


def document() -> dict[str, Any]:
    """Return the scenario as a tree."""
    vendor = {"commodity": "WTI", "noise": "0.02%", "latency": "10s"}
    return {
        "schema_version": 1, "name": "gas", "title": "Gas", "description": "Every family at work.",
        "start": "2008-10-06T00:00:00Z", "duration": f"{DAYS}d", "seed": 1,
        "chain": {"block_interval": "12s", "base_fee": "10 gwei"},
        "protocol": {
            "feeds": {"WTI": FEED}, "pool": {"pt": 2_000_000, "stable": 2_000_000},
            "reserve": {"stable": 3_000_000}, "conversion": {"units_per_ft": {"WTI": "1"}},
            "oracle": {"challenge_window": "2h"},
        },
        "market": {
            "commodities": {"WTI": {"model": "schwartz-smith", "initial": "80.00"}},
            "sources": {"albion": vendor, "brisa": vendor, "corvus": vendor},
            "venues": {"meridian": {"mid": "1.00", "half_life": "6h", "volatility": "1%"}},
        },
        "agents": [
            _agent("oracle-node", "node", 7, sources=["albion", "brisa", "corvus"]),
            _agent("noise", "trader", 20, trades_per_day=20),
            _agent("arbitrageur", "arbitrageur", capital=2_000_000),
            _agent("liquidity-provider", "provider", 4, capital=500_000, initial=0.5),
            _agent("sovereign", "sovereign", 4, cargoes_per_day=6, budget=BUDGET),
            _agent("redeemer", "redeemer", 2),
            _agent("settler", "house", 3, cargoes_per_day=12, loading="1h"),
            _agent("keeper", "keeper"),
        ],
        "claims_not_made": ["It measures gas and nothing else."],
    }  # fmt: skip


def _send(world: World, sender: str, contract: str, function: str, args: tuple[Any, ...]) -> None:
    target = world.deployment.contract(contract)
    values = [account_of(one) if isinstance(one, str) else one for one in args]
    roles = world.deployment.roles
    account = roles[sender].account if sender in roles else account_of(sender)
    world.chain.send(
        account, target.address, target.encode(function, *values), gas=1_000_000, tip=10**10
    )


def measure() -> dict[str, dict[str, int]]:
    """Run the world and return calls, min, median and max of gas by function."""
    library = Library()
    scenario = loads(json.dumps(document()), "gas.twin.yaml", library.vocabulary)
    world = World(scenario, library.parts, log=EventLog(), records=Records())
    for hour, sender, contract, function, args in SCRIPT:
        call = partial(_send, world, sender, contract, function, args)
        world.clock.call_at(scenario.start + 3600 * hour, call)
    world.run(scenario.end)
    return {
        f"{one.contract}.{one.function}": {
            "calls": one.calls, "min": one.gas_min, "median": one.gas_median, "max": one.gas_max,
        }
        for one in world.desk.at().calls(since=0)
        if one.gas_max
    }  # fmt: skip


def main() -> int:
    """Write the snapshot, or compare it."""
    text = json.dumps({"schema_version": 1, "functions": measure()}, indent=1) + "\n"
    if "--check" not in sys.argv[1:]:
        GAS_FILE.write_text(text, "utf-8")
        return 0
    if GAS_FILE.read_text("utf-8") == text:
        return 0
    print("the gas snapshot is not what the contracts take; run experiments/gas_snapshot.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
