"""The part `month`: the standard benchmark scenario, and its transactions through the engine alone.

What a month costs beyond its transactions is the price of everything that is not the EVM: the
chain around it, agents, markets, monitoring, the team, the records. The ratio says how much.
"""

from __future__ import annotations

from statistics import median
from typing import Any

from twin.bench.fresh import ask
from twin.bench.records import Effort, Figure, Part, Say, Target
from twin.chain.engines import available
from twin.clock import DAY

__all__ = ["SCENARIO", "month"]

SCENARIO = "bench-month"


def month(effort: Effort, say: Say) -> Part:
    """Run the month on revm, replay its transactions through the engine, and compare."""
    about = f"{SCENARIO} on revm, and its transactions again through the engine alone"
    if "revm" not in available():
        return Part("month", about, (), notes=("the fast engine is not built here: not measured",))
    answers: list[dict[str, Any]] = []
    for number in range(effort.heavy):
        say(f"month, run {number + 1} of {effort.heavy}")
        answers.append(ask({"job": "tape", "scenario": SCENARIO, "until": effort.month}))
    first = answers[0]
    ratios = [answer["run"]["cpu"] / answer["one by one"]["cpu"] for answer in answers]
    return Part(
        "month", about,
        (*_figures(answers), Figure.of("run over engine: cpu", "x", ratios)),
        (Target("run over engine: cpu", median(ratios), "at most", 3, "x"),),
        profile={"revm": first["shares"]},
        notes=(
            f"{first['transactions']:,} transactions in {first['blocks']:,} blocks"
            + ("" if effort.month is None else f", cut after {effort.month / DAY:g} days"),
            "the run: wiring, life, events in a file; without imports, verdict and report",
            "the engine alone ends in the same state root",
        ),
    )  # fmt: skip


def _figures(answers: list[dict[str, Any]]) -> list[Figure]:
    rows = (("run", "run"), ("engine, one by one", "one by one"), ("engine, blocks", "batches"))
    timed = [
        Figure.of(f"{shown}: {clock}", "s", [answer[name][clock] for answer in answers])
        for shown, name in rows
        for clock in ("wall", "cpu")
    ]
    rate = [answer["transactions"] / answer["run"]["cpu"] for answer in answers]
    peak = [answer["peak_mb"] for answer in answers]
    return [
        *timed, Figure.of("run: transactions", "1/s", rate),
        Figure.of("run: peak memory", "MB", peak),
    ]  # fmt: skip
