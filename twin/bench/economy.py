"""The part `economy`: what the whole network needs in memory, what more agents cost, and a year.

Three figures. The month with every family of agents has to fit in memory; ten times the crowd, in a
network grown as much, must not cost more than it is larger; and a year of the baseline must keep
what has happened on disk, not in memory.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twin.bench.fresh import ask
from twin.bench.records import Effort, Figure, Part, Say, Target
from twin.chain.engines import best
from twin.clock import DAY
from twin.scenario import Scenario, SchwartzSmithSpec

__all__ = ["CROWD", "economy", "grown", "timed", "year", "yearly"]

MONTH = "bench-month"
TIMES = 10
CROWD = ("noise", "speculator", "holder", "settler", "liquidity-provider", "redeemer")
"""The families of which there can be more: a network has 31 nodes at most, and one clerk."""
MARKS = 4
"""Into so many parts a year is cut, to see how memory grows."""


def economy(effort: Effort, say: Say) -> Part:
    """Measure memory of the month, the price of a larger crowd, and the growth over a year."""
    engine = best()
    say(f"the month on {engine}")
    month = ask({"job": "economy", "engine": engine, "until": effort.month})
    costs = []
    for number in range(effort.heavy):
        for times in (1, TIMES):
            say(f"{times} x the crowd on {engine}, run {number + 1} of {effort.heavy}")
            costs.append(ask({"job": "economy", "engine": engine, "until": effort.crowd,
                              "times": times}))  # fmt: skip
    say(f"{effort.year / DAY:g} days of baseline on {engine}")
    long = ask({"job": "year", "engine": engine, "until": effort.year})
    ratios = [b["cpu"] / a["cpu"] for a, b in zip(costs[::2], costs[1::2], strict=True)]
    more = [b["transactions"] / a["transactions"]
            for a, b in zip(costs[::2], costs[1::2], strict=True)]  # fmt: skip
    ratio = Figure.of(f"{TIMES} x the crowd: cpu", "x", ratios)
    peak = Figure.of("month: peak memory", "MB", [month["peak_mb"]])
    rows = _year(long)
    return Part(
        "economy", f"the whole network on {engine}: memory, {TIMES} times the crowd, a year",
        (
            peak, Figure.of("month: cpu", "s", [month["cpu"]]),
            Figure.of("month: transactions", "", [month["transactions"]]),
            ratio, Figure.of(f"{TIMES} x the crowd: transactions", "x", more), *rows.values(),
        ),
        (
            Target(peak.name, peak.value, "at most", 600, "MB"),
            Target(ratio.name, ratio.value, "at most", 11, "x"),
            Target(rows["share"].name, rows["share"].value, "at most", 1, "x"),
            Target(rows["late"].name, rows["late"].value, "at most", 1.2, "x"),
        ),
        notes=(
            f"a crowd are {', '.join(CROWD)}; pool, venues and reserve grow with it",
            f"{costs[0]['agents']} and {costs[1]['agents']} agents for {effort.crowd / DAY:g} days",
            f"the year: {long['transactions']:,} transactions in {effort.year / DAY:g} days",
        ),
    )  # fmt: skip


def _year(long: Mapping[str, Any]) -> dict[str, Figure]:
    """Return the figures of a year: memory at its end and how that grew, held against the disk."""
    memory, disk, days = long["memory_mb"], long["disk_mb"], long["days"]
    grown_mb = memory[-1] - memory[0]
    first, last = memory[1] - memory[0], memory[-1] - memory[-2]
    return {
        "cpu": Figure.of("year: cpu", "s", [long["cpu"]]),
        "peak": Figure.of("year: peak memory", "MB", [memory[-1]]),
        "daily": Figure.of("year: memory kept a day", "kB", [1000 * grown_mb / (days * (1 - 1 / MARKS))]),
        "files": Figure.of("year: events and evidence", "MB", [disk[-1]]),
        "share": Figure.of("year: growth of memory over that of files", "x",
                           [grown_mb / (disk[-1] - disk[0])]),
        "late": Figure.of("year: growth in the last quarter over the second", "x",
                          [last / first if first > 0 else 0.0]),
    }  # fmt: skip


def grown(scenario: Scenario, times: int) -> Scenario:
    """Return *scenario* with *times* the crowd, in a network that is as much larger."""
    agents = tuple(
        spec.model_copy(update={"count": spec.count * times}) if spec.family in CROWD else spec
        for spec in scenario.agents
    )

    def larger(part: Any, *names: str) -> Any:
        return part.model_copy(update={name: getattr(part, name) * times for name in names})

    protocol, market = scenario.protocol, scenario.market
    changed = {
        "pool": larger(protocol.pool, "pt", "stable"),
        "reserve": larger(
            protocol.reserve, "stable", "bills", "gold", "daily_limit", "redeemer_limit"
        ),
    }
    venues = {name: larger(venue, "depth") for name, venue in market.venues.items()}
    banks = {
        name: bank.model_copy(
            update={"accounts": {key: held * times for key, held in bank.accounts.items()}}
        )
        for name, bank in market.banks.items()
    }
    custodians = {
        name: item.model_copy(
            update={"holdings": {key: larger(line, "quantity") for key, line in item.holdings.items()}}
        )
        for name, item in market.custodians.items()
    }  # fmt: skip
    outside = {"venues": venues, "banks": banks, "custodians": custodians}
    return scenario.model_copy(
        update={
            "agents": agents,
            "protocol": protocol.model_copy(update=changed),
            "market": market.model_copy(update=outside),
        }
    )


def yearly(scenario: Scenario, days: int) -> Scenario:
    """Return *scenario* for *days*: each commodity by the model, since no file holds a year."""
    paths = {
        name: SchwartzSmithSpec(model="schwartz-smith", initial=80 * 10**8)
        for name in scenario.market.commodities
    }
    market = scenario.market.model_copy(update={"commodities": paths})
    return scenario.model_copy(update={"market": market, "duration": days * DAY})


def timed(*, engine: str, until: int | None, times: int = 1) -> dict[str, Any]:
    """Run the month on *engine* with *times* the crowd; return what it took and how large it was."""
    from twin.bench.worlds import peak_mb, prepared
    from twin.runner import Request, simulate

    library, spec = prepared(MONTH, engine=engine)
    made = grown(spec, times) if times > 1 else spec
    with tempfile.TemporaryDirectory(prefix="twin-bench-") as place:
        cpu = time.process_time()
        request = Request(made, library.parts, until=until)
        done = simulate(request, events=Path(place) / "events.jsonl")
        cpu = time.process_time() - cpu
    return {"cpu": cpu, "peak_mb": peak_mb(), "transactions": done.transactions,
            "agents": sum(item.count for item in made.agents)}  # fmt: skip


def year(*, engine: str, until: int) -> dict[str, Any]:
    """Run the baseline on *engine* for *until* seconds; return memory and files at each mark."""
    from twin.bench.worlds import peak_mb, prepared
    from twin.runner.simulation import Simulation

    library, spec = prepared("baseline", engine=engine)
    made = yearly(spec, max(1, until // DAY))
    memory, disk = [], []
    with tempfile.TemporaryDirectory(prefix="twin-bench-") as place:
        events = Path(place) / "events.jsonl"
        cpu = time.process_time()
        simulation = Simulation(made, library.parts, events=events)
        for mark in range(1, MARKS + 1):
            simulation.run(made.start + until * mark // MARKS, made.name)
            memory.append(peak_mb())
            written = events.stat().st_size + simulation.records.size
            disk.append(written / 2**20)
        simulation.finish()
        cpu = time.process_time() - cpu
    return {"cpu": cpu, "memory_mb": memory, "disk_mb": disk, "days": until / DAY,
            "transactions": simulation.transactions}  # fmt: skip
