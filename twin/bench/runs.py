"""The parts `help`, `idle`, `blocks` and `baseline`: whole programs and whole runs.

Times are processor time where nothing else is said: other work on the machine stretches the
clock on the wall, and hardly this. Wall time stands beside it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twin.bench.fresh import Spent, ask, run
from twin.bench.records import Effort, Figure, Part, Say, Target
from twin.chain.engines import available
from twin.clock import DAY
from twin.errors import CrashError

__all__ = ["baseline", "blocks", "idle", "start_up"]

SCENARIO = "baseline"


def _column(answers: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [float(answer[name]) for answer in answers]


def baseline(effort: Effort, say: Say) -> Part:
    """Time `twin run baseline` as a user starts it, on each engine in turn; say what takes it."""
    runs: dict[str, list[tuple[Spent, dict[str, Any]]]] = {name: [] for name in available()}
    for number in range(effort.heavy):
        for engine, done in runs.items():
            say(f"baseline on {engine}, run {number + 1} of {effort.heavy}")
            done.append(_whole(engine, effort.baseline))
    figures: list[Figure] = []
    targets: list[Target] = []
    for engine, done in runs.items():
        made = _costs(engine, done)
        figures += made
        if effort.baseline is None:
            targets.append(Target(made[0].name, made[0].value, "at most", 90, "s"))
            targets.append(Target(made[2].name, made[2].value, "at most", 400, "MB"))
    if {"pyevm", "revm"} <= runs.keys():
        pairs = zip(runs["pyevm"], runs["revm"], strict=True)
        ratio = Figure.of("pyevm over revm: cpu", "x", [a.cpu / b.cpu for (a, _), (b, _) in pairs])
        figures.append(ratio)
        targets.append(Target(ratio.name, ratio.value, "at least", 10, "x"))
    digests = {engine: str(done[0][1]["digest"]) for engine, done in runs.items()}
    same = "the same digest" if len(set(digests.values())) == 1 else f"different digests: {digests}"
    return Part(
        "baseline", "a whole `twin run` in a fresh process: start-up, run, verdict, report",
        tuple(figures), tuple(targets), profile=_profiles(runs),
        notes=(f"every engine gave {same}", "the profile leaves out start-up and imports"),
    )  # fmt: skip


def _costs(engine: str, done: Sequence[tuple[Spent, dict[str, Any]]]) -> list[Figure]:
    """Return processor time, wall time, peak memory and rate of the runs *done* on *engine*."""
    count = done[0][1]["counts"]["transactions"]
    return [
        Figure.of(f"{engine}: cpu", "s", [spent.cpu for spent, _ in done]),
        Figure.of(f"{engine}: wall", "s", [spent.wall for spent, _ in done]),
        Figure.of(f"{engine}: peak memory", "MB", [spent.peak_mb for spent, _ in done]),
        Figure.of(f"{engine}: transactions", "1/s", [count / spent.cpu for spent, _ in done]),
    ]


def _profiles(
    runs: Mapping[str, Sequence[tuple[Spent, dict[str, Any]]]],
) -> dict[str, dict[str, float]]:
    """Return each engine's shares by part, as the run itself sampled them."""
    return {
        engine: {item["part"]: item["share"] for item in done[0][1]["speed"]["parts"]}
        for engine, done in runs.items()
    }


def _whole(engine: str, until: int | None) -> tuple[Spent, dict[str, Any]]:
    """Run the baseline as the command line does; return what it took and its summary."""
    cut = [] if until is None else ["--until", f"{until}s"]
    with tempfile.TemporaryDirectory(prefix="twin-bench-") as place:
        out = str(Path(place) / "run")
        spent = run(
            ["-m", "twin", "run", SCENARIO, "--engine", engine, "--json", "--out", out, *cut]
        )
    # 1: a threshold failed, which a shortened run always does
    summary: dict[str, Any] = json.loads(_well(spent, (0, 1)).output)
    return spent, summary


def _well(spent: Spent, codes: Sequence[int] = (0,)) -> Spent:
    """Return *spent*; CrashError where the process did not end with one of *codes*."""
    if spent.code not in codes:
        raise CrashError(f"a measured process ended with {spent.code}: {spent.errors.strip()}")
    return spent


def blocks(effort: Effort, say: Say) -> Part:
    """Compare the cost of a transaction under 2 s blocks with that under 12 s blocks."""
    figures: list[Figure] = []
    targets: list[Target] = []
    notes: list[str] = []
    for engine in available():
        costs: dict[int, list[float]] = {2: [], 12: []}
        counts: dict[int, dict[str, Any]] = {}
        for number in range(effort.rounds):
            order = (12, 2) if number % 2 else (2, 12)  # what warms the machine warms both
            for interval in order:
                say(f"blocks of {interval} s on {engine}, round {number + 1} of {effort.rounds}")
                done = ask({"job": "world", "scenario": SCENARIO, "engine": engine,
                            "interval": interval, "until": effort.blocks})  # fmt: skip
                costs[interval].append(1e6 * done["cpu"] / max(1, done["transactions"]))
                counts[interval] = done
        ratio = Figure.of(f"{engine}: 2 s over 12 s", "",
                          [a / b for a, b in zip(costs[2], costs[12], strict=True)])  # fmt: skip
        for interval, cost in costs.items():
            figures.append(Figure.of(f"{engine}: {interval} s blocks", "us/tx", cost))
            notes.append(f"{engine}, {interval} s blocks: {counts[interval]['transactions']} "
                         f"transactions in {counts[interval]['blocks']} blocks with any")  # fmt: skip
        figures.append(ratio)
        targets.append(Target(ratio.name, ratio.value, "at most", 1.2))
    about = (
        f"processor time for each executed transaction, {effort.blocks / DAY:g} days of {SCENARIO}"
    )
    return Part("blocks", about, tuple(figures), tuple(targets), notes=tuple(notes))


def idle(effort: Effort, say: Say) -> Part:
    """Time a week in which no agent lives; background, team and 5-minute scrapes are there."""
    figures: list[Figure] = []
    targets: list[Target] = []
    profile: dict[str, Mapping[str, float]] = {}
    job: dict[str, Any] = {"scenario": SCENARIO, "agents": False, "until": effort.idle}
    for engine in available():
        answers = []
        for number in range(effort.rounds):
            say(f"idle on {engine}, round {number + 1} of {effort.rounds}")
            answers.append(ask({"job": "world", "engine": engine, **job}))
        taken = Figure.of(f"{engine}: cpu", "s", _column(answers, "cpu"))
        figures += [taken, Figure.of(f"{engine}: wall", "s", _column(answers, "wall"))]
        targets.append(Target(taken.name, taken.value, "at most", 2, "s"))
        profile[engine] = answers[0]["shares"]
    return Part(
        "idle", f"{effort.idle / DAY:g} days of {SCENARIO} without any agent, without imports",
        tuple(figures), tuple(targets), profile=profile,
        notes=("without oracle nodes the feed goes stale: alerts, pages and procedures are in it",),
    )  # fmt: skip


def start_up(effort: Effort, say: Say) -> Part:
    """Time `twin --help` from nothing."""
    runs = []
    for number in range(2 * effort.rounds + 1):
        say(f"help, run {number + 1} of {2 * effort.rounds + 1}")
        runs.append(_well(run(["-m", "twin", "--help"])))
    bare = [_well(run(["-c", "pass"])) for _number in range(effort.rounds)]
    wall = Figure.of("twin --help: wall", "s", [item.wall for item in runs])
    cpu = Figure.of("twin --help: cpu", "s", [item.cpu for item in runs])
    python = Figure.of("python -c pass: cpu", "s", [item.cpu for item in bare])
    target = Target(wall.name, wall.value, "at most", 0.3, "s")
    about = "`twin --help` in a fresh process"
    return Part("help", about, (wall, cpu, python), (target,))
