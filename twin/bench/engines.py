"""The part `engines`: the same three operations through the twin's engines and their peers.

All peers take turns in rounds, each in a fresh process, so that a ratio compares neighbours in
time; a round gives one ratio, and the median over the rounds is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from twin.bench.fresh import ask
from twin.bench.race import LEAVES_OUT, installed, missing
from twin.bench.records import Effort, Figure, Part, Say, Target
from twin.bench.workload import KINDS
from twin.errors import CrashError

__all__ = ["engines", "targets"]

Rates = Mapping[str, Sequence[Mapping[str, float]]]
"""For each peer, round by round, operations a second by kind."""


def engines(effort: Effort, say: Say) -> Part:
    """Race the twin's engines against every peer that is installed."""
    rates: dict[str, list[Mapping[str, float]]] = {name: [] for name in installed()}
    broken: list[str] = []
    for number in range(effort.rounds):
        for name in tuple(rates):
            say(f"engines: {name}, round {number + 1} of {effort.rounds}")
            try:
                answer = ask({"job": "peer", "peer": name, "ops": effort.ops})
            except CrashError as error:  # a peer that breaks is a finding, the others go on
                broken.append(f"{name} is left out: {error}")
                del rates[name]
            else:
                rates[name].append(answer["rates"])
    names = tuple(rates)
    figures = [
        Figure.of(f"{name}: {kind}", "1/s", [each[kind] for each in rates[name]])
        for name in names
        for kind in KINDS
    ]
    figures += _ratios(rates)
    return Part(
        "engines", "operations a second of processor time",
        tuple(figures), tuple(targets(rates)), notes=tuple(broken), missing=tuple(missing()),
        leaves_out={name: LEAVES_OUT[name] for name in names}, columns=KINDS,
    )  # fmt: skip


def _ratio(rates: Rates, one: str, other: str, kind: str) -> list[float]:
    """Return how many times faster *one* was than *other*, round by round."""
    return [a[kind] / b[kind] for a, b in zip(rates[one], rates[other], strict=True)]


def _ratios(rates: Rates) -> list[Figure]:
    """Return the ratios of the twin's fastest engine, as users call it, over everybody else."""
    ours = "twin-revm" if "twin-revm" in rates else "twin-pyevm"
    if ours not in rates:
        return []
    return [
        Figure.of(f"{ours} over {name}: {kind}", "x", _ratio(rates, ours, name, kind))
        for name in rates
        if name != ours
        for kind in KINDS
    ]


# (one, others, kinds, limit): one is at least limit times the best of the others that are here.
_AT_LEAST: tuple[tuple[str, tuple[str, ...], float], ...] = (
    ("twin-revm", ("simular-evm",), 1.3),
    ("twin-revm", ("web3 + eth-tester",), 2000),
    ("twin-revm batch", ("raw loop",), 0.8),
    ("twin-revm batch", ("verbs",), 1.0),
)


def targets(rates: Rates) -> list[Target]:
    """Return the targets for which both sides were measured."""
    found = [
        Target(f"{one} over {other}: {kind}", median(_ratio(rates, one, other, kind)),
               "at least", limit, "x")
        for one, others, limit in _AT_LEAST
        for other in others
        for kind in ("transfer", "swap")
        if one in rates and other in rates
    ]  # fmt: skip
    if {"twin-revm encoded", "raw loop"} <= rates.keys():
        pairs = zip(rates["twin-revm encoded"], rates["raw loop"], strict=True)
        above = median(1e6 / one["view"] - 1e6 / raw["view"] for one, raw in pairs)
        found.append(Target("view call above raw", above, "at most", 3, "us"))
    return found
