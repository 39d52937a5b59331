"""How the team went about it: adherence, communication, readiness, diagnosis, collateral harm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from twin.scoring.alerting import Alerting
from twin.scoring.diagnosis import diagnosis
from twin.scoring.marks import Marks
from twin.scoring.steps import acts, runs_of
from twin.scoring.trace import Record, Trace

__all__ = ["CHAIN", "Collateral", "Conduct", "Readiness", "collateral", "conduct", "readiness"]

CHAIN = ("ND1", "ND3", "NR1", "NR3")
"""What an incident goes through by the book: triage, class, containment, recovery."""

GOOD = frozenset(("ok", "done"))


@dataclass(frozen=True, slots=True)
class Conduct:
    """*steps* of the chain that were done, by procedure; acts, notices, diagnosis.

    *refused* acts did not take effect. *first_notice* is the seconds from the declaration to the
    first notice, *longest_silence* the longest time without one until it was closed. *diagnosis*
    says whether the cause stood among the hypotheses, None where there were none; *rank* where.
    """

    steps: Mapping[str, bool]
    acts: int
    refused: int
    notices: int
    first_notice: int | None
    longest_silence: int | None
    diagnosis: bool | None
    rank: int | None

    @property
    def adherence(self) -> float:
        """The share of the chain that was done."""
        return round(len([1 for done in self.steps.values() if done]) / len(self.steps), 3)


def conduct(trace: Trace, incident: str | None, marks: Marks, cause: Record | None) -> Conduct:
    """Return how *incident* was handled."""
    runs = runs_of(trace, incident)
    ended = {(e["procedure"], e["run"]): e["verdict"] for e in trace.of("procedure-ended")}
    steps = {name: any(run[0] == name and ended.get(run) in GOOD for run in runs) for name in CHAIN}
    mine = [act for act in acts(trace) if (act.procedure, act.run) in runs]
    told = [e["t"] for e in trace.of("notice")
            if marks.declared is not None and marks.declared <= e["t"]
            <= (marks.closed or trace.end)]  # fmt: skip
    hit, rank = diagnosis(trace, incident, cause)
    gaps = [b - a for a, b in pairwise([marks.declared or 0, *told, marks.closed or trace.end])]
    return Conduct(
        steps=steps,
        acts=len(mine),
        refused=len([act for act in mine if act.effective is None]),
        notices=len(told),
        first_notice=told[0] - (marks.declared or 0) if told else None,
        longest_silence=max(gaps) if marks.declared is not None else None,
        diagnosis=hit,
        rank=rank,
    )


@dataclass(frozen=True, slots=True)
class Readiness:
    """Of the *latent* faults before the cause, those *found* by alerts before it struck."""

    latent: tuple[str, ...]
    found: tuple[str, ...]


def readiness(told: Alerting, cause: Record | None) -> Readiness:
    """Return which latent faults routine work had found before the cause began."""
    before = [item for item in told.told if cause is not None and item.began < cause["t"]]
    return Readiness(
        tuple(item.fault for item in before),
        tuple(item.fault for item in before
              if item.at is not None and cause is not None and item.at < cause["t"]),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Collateral:
    """What the response cost those who had done nothing.

    *stopped* holds seconds by contract; *refused* counts the transactions that failed beyond those
    of the same seed without faults; *cost* is what the stops cost by the scenario's declaration.
    """

    stopped: Mapping[str, int]
    refused: int
    cost: int


def collateral(trace: Trace, quiet: Trace) -> Collateral:
    """Return the harm that stops did in the run *trace*."""
    since: dict[str, int] = {}
    stopped: dict[str, int] = {}
    for act in acts(trace):
        contract, _, rest = act.what.partition(".")
        function = rest.split(" ")[0]
        if act.effective is None:
            continue
        if function == "pause":
            since.setdefault(contract, act.effective)
        elif function == "unpause" and contract in since:
            stopped[contract] = stopped.get(contract, 0) + act.effective - since.pop(contract)
    for contract, at in since.items():
        stopped[contract] = stopped.get(contract, 0) + trace.end - at
    more = len(list(trace.of("tx"))) - len(list(quiet.of("tx")))
    cost = trace.losses[1].total if len(trace.losses) > 1 else 0
    return Collateral(stopped, max(0, more), cost)
