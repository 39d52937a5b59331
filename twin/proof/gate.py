"""The gate: whether cases hold every alert rule, and would notice if it were wrong.

A case is held against what its world did; a mutant against what the case states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from twin.monitoring.promql import compile_expression
from twin.monitoring.rules import Rule
from twin.monitoring.series import SeriesStore
from twin.proof.episodes import Episode, differences
from twin.proof.missing import Silence, silence
from twin.proof.mutants import Mutant, mutants
from twin.proof.play import Played
from twin.proof.replay import replay

__all__ = ["PASSING", "Gate", "RuleProof", "Verdict", "gate", "slack"]

PASSING = 0.9
"""The share of mutants that the cases must notice."""

Tell = Callable[[str], object]
"""Told the name of the rule that is looked at now."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a case noticed about a *mutant*: *caught* names the case, None where none did."""

    mutant: Mutant
    caught: str | None


@dataclass(frozen=True, slots=True)
class RuleProof:
    """What is known of one rule: the cases in which it *fires*, stays *quiet* and *resolves*."""

    rule: Rule
    fires: tuple[str, ...]
    quiet: tuple[str, ...]
    resolves: tuple[str, ...]
    silence: Silence
    mutants: tuple[Verdict, ...]

    @property
    def lacks(self) -> tuple[str, ...]:
        """The kinds of case that are not there."""
        found = [("fires", self.fires), ("quiet", self.quiet), ("resolves", self.resolves)]
        lacking = [name for name, cases in found if not cases]
        return tuple(lacking if self.silence.right else [*lacking, "missing data"])

    @property
    def survivors(self) -> tuple[Mutant, ...]:
        """The mutants that no case noticed."""
        return tuple(item.mutant for item in self.mutants if item.caught is None)


@dataclass(frozen=True, slots=True)
class Gate:
    """The whole: a proof for each rule, and by case what differed from what it states.

    *waiting* are rules that still wait for a case, with the reason: a named list, which may only
    grow shorter. A rule that is on it and proved breaks the gate like one that is neither.
    """

    rules: tuple[RuleProof, ...]
    differences: dict[str, tuple[str, ...]]
    waiting: Mapping[str, str] = field(default_factory=dict)

    @property
    def held(self) -> tuple[RuleProof, ...]:
        """The proofs of the rules that do not wait."""
        return tuple(proof for proof in self.rules if proof.rule.name not in self.waiting)

    @property
    def overdue(self) -> tuple[str, ...]:
        """The names on the list that are proved, or that no rule has."""
        lacking = {proof.rule.name for proof in self.rules if proof.lacks}
        return tuple(name for name in self.waiting if name not in lacking)

    @property
    def count(self) -> int:
        """How many mutants there are of the rules that do not wait."""
        return len([one for proof in self.held for one in proof.mutants])

    @property
    def caught(self) -> int:
        """How many of them some case noticed."""
        return self.count - len([one for proof in self.held for one in proof.survivors])

    @property
    def score(self) -> float:
        """The share of mutants that some case noticed; 0 where there is none."""
        return self.caught / self.count if self.count else 0.0

    @property
    def passed(self) -> bool:
        """Whether every case is as stated, every rule has its cases or waits, the score suffices."""
        whole = not any(self.differences.values()) and not any(one.lacks for one in self.held)
        return whole and not self.overdue and self.score >= PASSING


def slack(played: Played) -> int:
    """Return how many seconds an episode may begin or end beside what its case states."""
    return min(2 * played.interval, 120)


def gate(
    rules: Iterable[Rule],
    played: Sequence[Played],
    tell: Tell,
    *,
    waiting: Mapping[str, str] | None = None,
) -> Gate:
    """Hold the alert rules among *rules*, some *waiting*, against the worlds that were *played*."""
    alerts = [rule for rule in rules if rule.kind == "alert"]
    proofs = []
    for rule in alerts:
        tell(rule.name)
        proofs.append(_proof(rule, played))
    differences = {one.case.name: _wrong(one) for one in played}
    return Gate(tuple(proofs), differences, waiting or {})


def _wrong(played: Played) -> tuple[str, ...]:
    found = differences(played.case.fires, played.episodes, slack=slack(played))
    if "rule-breaks" in played.case.kinds:
        return found  # there evaluations fail because they are made to
    failed = (f"{count} evaluations of {name} failed" for name, count in played.failures.items())
    return (*found, *failed)


def _proof(rule: Rule, played: Sequence[Played]) -> RuleProof:
    names = compile_expression(rule.expr, SeriesStore()).names
    firing = [one for one in played if one.of(rule.name)]
    seen = [one for one in played if all(one.store.select(name) for name in names)]
    resolving = [one for one in firing if any(e.end is not None for e in one.of(rule.name))]
    first = resolving[:1] or firing[:1]
    episode: Episode | None = first[0].of(rule.name)[0] if first else None
    order = [*firing, *(one for one in seen if one not in firing)]
    return RuleProof(
        rule,
        fires=tuple(one.case.name for one in firing),
        quiet=tuple(one.case.name for one in seen if not one.of(rule.name)),
        resolves=tuple(one.case.name for one in resolving),
        silence=silence(rule, first[0] if first else None, episode),
        mutants=tuple(Verdict(one, _catcher(one, order)) for one in mutants(rule)),
    )


def _catcher(mutant: Mutant, played: Sequence[Played]) -> str | None:
    """Return the first case in which *mutant* does other than the rule should."""
    for one in played:
        done = replay(mutant.rule, one.store, one.times)
        expected = [item for item in one.case.fires if item.rule == mutant.rule.name]
        if done.failed or differences(expected, done.episodes, slack=slack(one)):
            return one.case.name
    return None
