"""A change before its vote: the gates at a time of a scenario, then paired seeds with and without.

The gates see the scenario's world as the desk shows it and know nothing of its future. The paired
runs are outside the desk: whole worlds, in one of which the authority's account sends the change's
calldata. What is compared is what its criteria ask for and what no change should make worse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twin.chain.receipts import Receipt
from twin.clock import MINUTE
from twin.errors import UsageError
from twin.procedures.change.effects import WATCHED
from twin.procedures.change.gates import impact
from twin.procedures.change.inbox import wrong_with
from twin.procedures.change.trial import caller_of
from twin.protocol.operations import Operation
from twin.runner.simulation import Simulation
from twin.scenario import Scenario
from twin.scenario.change import Change
from twin.study.paired import Paired, paired
from twin.world import Parts, World

__all__ = ["Effect", "Gated", "Sent", "Study", "gated", "study", "undone", "verdict_of"]

GAS, TIP = 1_000_000, 50 * 10**9
HARM_PPM = 100_000
"""What is watched may grow worse by a tenth of its level, or by its own floor where that is more."""

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Gated:
    """What the gates say at unix second *at*: reasons by gate, and the *facts* beneath them."""

    at: int
    delay: int
    wrong: Mapping[str, list[str]]
    facts: Mapping[str, Any]
    plan: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Effect:
    """One measure: a *criterion* with its bounds, or what is *watched*; and its *paired* values.

    The *high* of what is watched is by how much it may grow worse at least.

    *verdict* is good, harm, open or no-data.
    """

    name: str
    expr: str
    kind: str
    low: float | None
    high: float | None
    without: tuple[float, ...]
    with_: tuple[float, ...]
    paired: Paired | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Study:
    """The gates, the effects over *seeds*, and GO, NO-GO or INCONCLUSIVE with the reasons."""

    gates: Gated
    seeds: tuple[int, ...]
    effects: tuple[Effect, ...]
    verdict: str
    reasons: tuple[str, ...]


Tell = Callable[[str, bool], object]


def gated(change: Change, scenario: Scenario, parts: Parts, *, at: int) -> Gated:
    """Return what the gates say of *change*, *at* seconds after the start of *scenario*."""
    if not 0 < at < scenario.duration:
        raise UsageError(f"--at {at} s is not inside the {scenario.duration} s of {scenario.name}")
    simulation = Simulation(scenario, parts)
    simulation.run(scenario.start + at, scenario.name)
    simulation.close()
    world = simulation.world
    plan = world.services.changes.resolved(change.plain())
    found = impact(world.desk, plan)
    wrong = {**wrong_with(world.desk, plan), **found["wrong"]}
    _account, delay = (
        caller_of(world.desk, plan["authority"]) if "authority" not in wrong else (b"", 0)
    )
    facts = {key: value for key, value in found.items() if key != "wrong"}
    return Gated(world.clock.now, delay, wrong, facts, plan)


def study(
    change: Change, scenario: Scenario, parts: Parts, *, at: int, seeds: tuple[int, ...],
    tell: Tell = lambda _name, _ended: None,
) -> Study:  # fmt: skip
    """Return gates and, where they pass, paired runs of *seeds*; GO needs both."""
    tell("gates", False)
    gates = gated(change, scenario.with_seed(seeds[0]), parts, at=at)
    tell("gates", True)
    if gates.wrong:
        reasons = tuple(f"{gate}: {text}" for gate, found in gates.wrong.items() for text in found)
        return Study(gates, seeds, (), "NO-GO", reasons)
    horizon = change.success.horizon
    end = at + gates.delay + 5 * MINUTE + horizon
    if end > scenario.duration:
        raise UsageError(
            f"the change would be judged {end} s after the start, and {scenario.name} lasts "
            f"{scenario.duration} s: choose an earlier --at"
        )
    rows = _measures(change)
    values: dict[str, tuple[list[float | None], list[float | None]]] = {
        name: ([], []) for name, *_rest in rows
    }
    failed: list[str] = []
    for seed in seeds:
        for side in (0, 1):
            label = f"seed {seed} {'with' if side else 'without'}"
            tell(label, False)
            sent: list[Sent] = []
            world = _run(scenario.with_seed(seed), parts, gates, at=at, end=end,
                         sent=sent if side else None)  # fmt: skip
            failed += [f"seed {seed}: {one}" for one in undone(sent, world.chain.receipt)]
            for name, expr, *_bounds in rows:
                values[name][side].append(_mean(world, expr, horizon))
            tell(label, True)
    effects = tuple(_effect(row, *values[row[0]]) for row in rows)
    verdict, reasons = verdict_of(effects)
    if (
        failed
    ):  # what was never in force has harmed nobody: such a pair compares a world with itself
        verdict, reasons = "NO-GO", (*failed, *(reasons if verdict != "GO" else ()))
    return Study(gates, seeds, effects, verdict, reasons)


Measure = tuple[str, str, str, float | None, float | None]


def _measures(change: Change) -> list[Measure]:
    rows: list[Measure] = [
        (f"criterion {number}", one.expr, "criterion", one.min, one.max)
        for number, one in enumerate(change.success.criteria, 1)
    ]
    return rows + [
        (name, expr, "watched", None, least / MILLION) for name, (expr, least) in WATCHED.items()
    ]


def _run(
    scenario: Scenario, parts: Parts, gates: Gated, *, at: int, end: int, sent: list[Sent] | None
) -> World:
    simulation = Simulation(scenario, parts)
    world = simulation.world
    if sent is not None:
        _send(world, gates, at, sent)
    simulation.run(scenario.start + end, scenario.name)
    simulation.close()
    return world


@dataclass(slots=True)
class Sent:
    """One transaction of the change: *what* it is, and its *hash*, None before it was sent."""

    what: str
    hash: bytes | None = None


def undone(sent: Sequence[Sent], receipt: Callable[[bytes], Receipt | None]) -> list[str]:
    """Say which transaction of the change was not sent, is in no block, or reverted."""
    wrong = []
    for one in sent:
        found = None if one.hash is None else receipt(one.hash)
        if found is None:
            wrong.append(f"{one.what} {'was not sent' if one.hash is None else 'is in no block'}")
        elif not found.success:
            wrong.append(f"{one.what} reverted in block {found.block}")
    return wrong


def _send(world: World, gates: Gated, at: int, sent: list[Sent]) -> None:
    """Let the authority's account send the exact calldata: at once, or scheduled and executed.

    Every transaction that is due is put into *sent*, with its hash as soon as it has one.
    """
    account, delay = caller_of(world.desk, gates.plan["authority"])
    start, chain = world.clock.start + at, world.chain
    for call in gates.plan["calls"]:
        to, data = bytes.fromhex(call["to"][2:]), bytes.fromhex(call["data"][2:])
        what = Operation(account, to, data, delay, world.deployment.contract("Authority"))
        times = (start, start + delay + 2 * MINUTE)
        stages = ("schedule", "execute") if delay else ("call",)
        for message, when, stage in zip(what.messages, times, stages, strict=False):
            record = Sent(f"{call['contract']}.{call['function']} ({stage})")
            sent.append(record)

            def send(message: tuple[bytes, bytes] = message, record: Sent = record) -> None:
                record.hash = chain.send(account, *message, gas=GAS, tip=TIP)

            world.clock.call_at(when, send)


def _mean(world: World, expr: str, horizon: int) -> float | None:
    """Return the mean of *expr* over the horizon, None where it had no data in it."""
    step = max(60, min(300, horizon // 12))
    found = world.desk.metrics.query(f"avg_over_time(({expr})[{horizon}s:{step}s])")
    return found[0][1] if found else None


def _effect(row: Measure, without: list[float | None], with_: list[float | None]) -> Effect:
    name, expr, kind, low, high = row
    pairs = [(a, b) for a, b in zip(without, with_, strict=True) if a is not None and b is not None]
    before, after = tuple(a for a, _b in pairs), tuple(b for _a, b in pairs)
    if len(pairs) < len(without):  # one run without data is enough to know nothing
        return Effect(name, expr, kind, low, high, before, after, None, "no-data")
    found = paired(before, after)
    judge = _met(low, high, after) if kind == "criterion" else _harm(found, high or 0.0)
    return Effect(name, expr, kind, low, high, before, after, found, judge)


def _met(low: float | None, high: float | None, values: tuple[float, ...]) -> str:
    """Say whether the criterion holds on all seeds (good), on none (harm), or on some (open)."""
    met = [(low is None or value >= low) and (high is None or value <= high) for value in values]
    return "good" if all(met) else "open" if any(met) else "harm"


def _harm(found: Paired, floor: float) -> str:
    """Say whether the whole interval lies within what is no harm, beyond it, or across its edge."""
    edge = max(floor, found.level * HARM_PPM / MILLION)
    if found.low is None or found.high is None:
        return "open" if found.difference > edge else "good"
    if found.low > edge:
        return "harm"
    return "good" if found.high <= edge else "open"


def verdict_of(effects: tuple[Effect, ...]) -> tuple[str, tuple[str, ...]]:
    """Return GO, NO-GO or INCONCLUSIVE of *effects*, and why; one pair alone is never a GO."""
    harm = [f"{one.name}: {one.expr} fails" for one in effects if one.verdict == "harm"]
    if harm:
        return "NO-GO", tuple(harm)
    open_ones = [
        f"{one.name}: {one.expr} has no data" if one.verdict == "no-data"
        else f"{one.name}: {one.expr} is not decided by so few seeds"
        for one in effects if one.verdict in {"open", "no-data"}
    ]  # fmt: skip
    if not effects or any(one.paired is not None and one.paired.pairs < 2 for one in effects):
        open_ones.append("one seed has no interval: give --seeds 2 or more")
    if open_ones:
        return "INCONCLUSIVE", tuple(open_ones)
    return "GO", ("every gate passed, every criterion holds on every seed, nothing grew worse",)
