"""A laboratory for worlds: small scenarios in memory, run on the real chain and contracts.

`document` is a scenario of one commodity whose price stands still, three vendors, one venue and no
agents; tests add what they look at. A `Stage` is a world that is running, with everything it logged.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from twin.desk.records import Records
from twin.events import Event, EventLog
from twin.library import Library
from twin.protocol.operations import operation_of
from twin.scenario import Scenario, loads
from twin.world import Parts, World

MINUTE, HOUR, DAY = 60, 3600, 86400
GWEI = 10**9

FEED = {
    "min_answer": "-100.00", "max_answer": "500.00", "heartbeat": "1h", "deviation": "0.5%",
    "max_age": "2h", "quorum": 4,
}  # fmt: skip
STILL = {
    "model": "schwartz-smith", "initial": "80.00", "sigma_chi": 0, "sigma_xi": 0, "mu_xi": 0,
}  # fmt: skip
VENUE = {
    "mid": "1.00", "half_life": "6h", "volatility": "0.4%", "spread": "0.10%", "depth": 40_000,
    "levels": 10, "level_step": "0.05%", "fee": "0.10%", "requote": "2m", "refill": "50%",
}  # fmt: skip
QUIET = {**VENUE, "volatility": 0.0, "requote": "7d"}
"""A venue whose price does not move by itself."""

NODES: list[dict[str, Any]] = [
    {"family": "oracle-node", "name": "node-a", "count": 3, "params": {"sources": ["albion", "corvus"]}},
    {"family": "oracle-node", "name": "node-b", "count": 2, "params": {"sources": ["brisa", "corvus"]}},
    {"family": "oracle-node", "name": "node-c", "count": 2, "params": {"sources": ["corvus"]}},
]  # fmt: skip
"""Seven nodes on three vendors, as in the shipped scenarios."""

NODE_NAMES = ("node-a-1", "node-a-2", "node-a-3", "node-b-1", "node-b-2", "node-c-1", "node-c-2")


def document(**changes: Any) -> dict[str, Any]:
    """Return a scenario as a tree, with the sections in *changes* in the place of its own."""
    base: dict[str, Any] = {
        "schema_version": 1, "name": "small", "title": "A small world", "description": "For tests.",
        "start": "2008-10-06T00:00:00Z", "duration": "2d", "seed": 1,
        "chain": {"block_interval": "12s", "base_fee": "10 gwei"},
        "protocol": {"feeds": {"WTI": FEED}, "pool": {"pt": 2_000_000, "stable": 2_000_000}},
        "market": market(), "claims_not_made": ["It is a test."],
    }  # fmt: skip
    if not WHOLE:
        base["monitoring"] = {"scrape_interval": "1h"}
    return base | changes


def market(**changes: Any) -> dict[str, Any]:
    """Return the market section, with *changes*: a still price, three vendors, a quiet venue."""
    vendor = {"commodity": "WTI", "noise": "0.02%", "latency": "10s"}
    base: dict[str, Any] = {
        "commodities": {"WTI": STILL}, "venues": {"meridian": QUIET},
        "sources": {"albion": vendor, "brisa": vendor, "corvus": vendor},
    }  # fmt: skip
    return base | changes


def agent(family: str, name: str, count: int = 1, **params: Any) -> dict[str, Any]:
    """Return the declaration of *count* agents."""
    return {"family": family, "name": name, "count": count, "params": params}


def fault(name: str, kind: str, at: str, until: str | None = None, **params: Any) -> dict[str, Any]:
    """Return the declaration of a fault."""
    return {"name": name, "kind": kind, "at": at, "until": until, "params": params}


@cache
def library() -> Library:
    """Return the library, made once."""
    return Library()


CORE = ("IO1", "ME2", "ME4", "MP1", "ND1", "ND3", "NR1", "NR3", "TP4")
"""The procedures of a light world: enough to see an oracle fail and the fee be steered."""

CORE_RULES = ("chain", "checks", "fees", "monitors", "oracle", "pool", "tokens", "venue")
"""The rule files of a light world."""


@cache
def light() -> Parts:
    """Return parts with few procedures and rules: a test of agents or markets needs no others.

    A day of all of them takes seconds; hundreds of tests live for days.
    """
    whole = library().parts
    kept = [rule.name for rule in whole.rules.rules
            if Path(rule.file).stem in CORE_RULES and rule.kind == "alert"]  # fmt: skip
    return replace(
        library().parts_without([name for name in whole.catalog if name not in CORE]),
        rules=whole.rules.only(kept),
    )


WHOLE = True
"""Whether worlds are made of all parts; `conftest` makes those of some modules light."""


def scenario(**changes: Any) -> Scenario:
    """Return the small scenario with *changes*, loaded as a file would be."""
    tree = document(**changes)
    return loads(json.dumps(tree), "small.twin.yaml", library().vocabulary)


def agents_module(name: str) -> Any:
    """Return the module of the agents' folder called *name*."""
    library()
    return importlib.import_module(f"twin_agents.{name}")


class Stage:
    """A world that is running; *seen* holds (unix second, event) for all that it logged."""

    def __init__(self, made: Scenario, parts: Parts | None = None) -> None:
        """Make the world of *made*."""
        self.log = EventLog()
        self.seen: list[tuple[int, Event]] = []
        self.log.listen(lambda now, event: self.seen.append((now, event)))
        self.world = World(
            made, parts or (library().parts if WHOLE else light()), log=self.log, records=Records()
        )
        self.wakes = 0
        self._count_events()

    def _count_events(self) -> None:
        env: Any = self.world.clock.env
        step = env.step

        def counted() -> None:
            self.wakes += 1
            step()

        env.step = counted

    @property
    def now(self) -> int:
        """Seconds since the start."""
        return self.world.clock.elapsed

    def run(self, until: int) -> Stage:
        """Run to *until* seconds after the start."""
        self.world.run(self.world.clock.start + until)
        return self

    def at(self, second: int, action: Callable[[], object]) -> None:
        """Do *action* so many seconds after the start."""
        self.world.clock.call_at(self.world.clock.start + second, action)

    def of(self, kind: str, **fields: Any) -> list[tuple[int, Any]]:
        """Return (second, event) of the events of *kind*, by fields or arguments that agree."""
        found = []
        for now, event in self.seen:
            values: dict[str, Any] = {**getattr(event, "args", {})}
            values |= {name: getattr(event, name) for name in fields if hasattr(event, name)}
            if event.kind == kind and all(values.get(name) == fields[name] for name in fields):
                found.append((now - self.world.clock.start, event))
        return found

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view function on the present state."""
        return self.world.habitat.read(contract, function, *args)

    def call(self, role: str, contract: str, function: str, *args: Any) -> bytes:
        """Send a restricted call without a delay from the account of *role*; return its hash."""
        what = operation_of(
            self.world.deployment, role, contract=contract, function=function, args=args
        )
        return self.world.chain.send(what.caller, *what.direct, gas=1_000_000, tip=50 * GWEI)

    @property
    def feed(self) -> bytes:
        """The id of the WTI feed."""
        return self.world.deployment.feeds["WTI"]

    def answer(self) -> int:
        """Return the present answer of the WTI feed, 8 decimals."""
        found: int = self.read("OracleNetwork", "latest", self.feed)[0]
        return found


def stage(**changes: Any) -> Stage:
    """Return the stage of the small scenario with *changes*."""
    return Stage(scenario(**changes))
