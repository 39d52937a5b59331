"""What stands behind a procedure: the rules that lead to it, the cases that prove it, its runs.

A case is a scenario (or a control of one) that injects a fault and expects the procedure to end in
a finding, or to do its work, after it. A run is read from its folder, from events and evidence
alone, as an outsider would.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from twin.catalog import Catalog
from twin.events import ProcedureEnded
from twin.monitoring.rules import RuleSet
from twin.results import RunFolder
from twin.scenario import Scenario
from twin.scenario.expectations import Expectation, ProcedureExpected

__all__ = ["Cover", "Exercise", "covers", "exercises"]

PROVES = frozenset({"finding", "done", "refused", "failed"})
"""Verdicts that say that something was found or done; `ok` and `no-data` prove no detection."""


@dataclass(frozen=True, slots=True)
class Cover:
    """*rules* that name a procedure; *faults* (kinds) that it answers to in *cases* (scenarios)."""

    rules: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exercise:
    """What one run holds of a procedure: *runs*, records of *evidence*, and the last of them.

    *verdicts* counts the records by verdict; *last_run* is unix seconds, None where there is none.
    """

    runs: int = 0
    evidence: int = 0
    last_run: int | None = None
    last_verdict: str | None = None
    verdicts: Mapping[str, int] = field(default_factory=dict)


def covers(catalog: Catalog, rules: RuleSet, scenarios: Iterable[Scenario]) -> dict[str, Cover]:
    """Return what covers each procedure of *catalog*, by id."""
    found = {name: Cover() for name in catalog}
    for rule in rules.rules:
        name = rule.annotations.get("procedure", "")
        if name in found:
            found[name] = replace(found[name], rules=(*found[name].rules, rule.name))
    for scenario in scenarios:
        own = {fault.name: fault.kind for fault in scenario.sealed.faults}
        _case(found, scenario.name, own, scenario.expect)
        for control in scenario.controls:
            kinds = {fault.name: fault.kind for fault in control.faults}
            _case(found, f"{scenario.name}.{control.name}", kinds, control.expect)
    return found


def _case(
    found: dict[str, Cover], case: str, faults: Mapping[str, str], expect: Sequence[Expectation]
) -> None:
    """Add *case* to every procedure that it expects to answer one of its *faults*, kinds by name."""
    for item in expect:
        if not isinstance(item, ProcedureExpected) or item.verdict not in PROVES:
            continue
        kind, cover = faults.get(item.after), found.get(item.procedure)
        if kind is None or cover is None:
            continue
        found[item.procedure] = replace(
            cover,
            faults=cover.faults if kind in cover.faults else (*cover.faults, kind),
            cases=cover.cases if case in cover.cases else (*cover.cases, case),
        )


def exercises(run: RunFolder, catalog: Catalog) -> dict[str, Exercise]:
    """Return what *run* holds of each procedure of *catalog*, by id."""
    found = {name: Exercise() for name in catalog}
    for record in run.read_evidence():
        name, verdict = record["procedure"], record["verdict"]
        if name not in found:
            continue
        before = found[name]
        found[name] = Exercise(
            runs=before.runs + (catalog[name].kind == "check"),
            evidence=before.evidence + 1,
            last_run=record["at"],
            last_verdict=verdict,
            verdicts={**before.verdicts, verdict: before.verdicts.get(verdict, 0) + 1},
        )
    for event in run.read_events():
        if event["kind"] == ProcedureEnded.kind and event["procedure"] in found:
            name = event["procedure"]
            found[name] = replace(found[name], runs=found[name].runs + 1)
    return found
