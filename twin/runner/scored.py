"""Scoring a run: its controls are run on the same seed, then everything is held together.

The controls are the same world without faults, without a response, and with the ideal one, which
acts when harm starts: what nobody on the team could know. With the run itself these are four runs.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from twin.catalog import Catalog
from twin.errors import UsageError
from twin.events import ContractLogged, EventLog, read_events
from twin.faults.calls import RogueCalls
from twin.protocol.roles import ROLES, role_named
from twin.results import RunFolder
from twin.runner.request import Progress, Request, nothing
from twin.runner.simulation import Simulation, simulate
from twin.scenario import Scenario
from twin.scenario.models import FaultSpec, MonitoringSpec, SealedSpec
from twin.scoring.loss import Course, Truth, stop_course
from twin.scoring.marks import harm_start
from twin.scoring.score import Controls, Score, score
from twin.scoring.trace import Trace, kept
from twin.witness import Witness
from twin.world import Parts

__all__ = [
    "acting",
    "controls_of",
    "of_folder",
    "reads_of",
    "score_folder",
    "score_request",
    "trace_of",
    "unanswered",
]

SETTLING = 60
"""Seconds after its delay at which a scheduled call of `rogue-calls` is executed."""

_METRIC = re.compile(r"\bfictra_\w+")
_FILES = ("NR2",)
"""Procedures whose evidence the scorer reads."""


def reads_of(parts: Parts) -> Callable[[str], tuple[str, ...]]:
    """Return what names the metrics that an alert rule reads, recording rules looked through."""
    rules = {rule.name: rule for rule in parts.rules.rules}

    def reads(name: str) -> tuple[str, ...]:
        rule = rules.get(name)
        if rule is None:
            return ()
        inner = [rules[part].expr for part in re.findall(r"\w+:fictra_\w+", rule.expr)
                 if part in rules]  # fmt: skip
        return tuple(sorted(set(_METRIC.findall(" ".join([rule.expr, *inner])))))

    return reads


def trace_of(request: Request, progress: Progress = nothing) -> Trace:
    """Run *request* without a run folder and return its trace."""
    with tempfile.TemporaryDirectory(prefix="twin-score-") as folder:
        events = Path(folder) / "events.jsonl"
        done = simulate(request, progress, events=events)
        return _trace(done, kept(read_events(events)))


def unanswered(request: Request, progress: Progress = nothing) -> Trace:
    """Run *request*, in which nobody answers, for its loss alone: nobody watches either.

    Where no runbook begins, what is measured and checked moves nothing on chain; so nothing is
    measured or checked, and the loss is the same in half of the time. Only it is in the trace.
    """
    scenario, parts = request.world, request.parts
    blind = MonitoringSpec(scrape_interval=scenario.duration)
    done = simulate(
        replace(
            request,
            scenario=scenario.with_policy("none").model_copy(update={"monitoring": blind}),
            parts=replace(parts, catalog=Catalog(()), rules=parts.rules.only(())),
            control=None, policy=None,
        ),
        progress,
    )  # fmt: skip
    return Trace(start=scenario.start, end=done.world.clock.now, events=(),
                 losses=done.courses() or ())  # fmt: skip


def _trace(done: Simulation, events: list[Any]) -> Trace:
    world = done.world
    told = [f'"procedure":"{name}"' for name in _FILES]
    evidence = [json.loads(line) for line in done.records.lines()
                if any(name in line for name in told)]  # fmt: skip
    return Trace(
        start=done.scenario.start,
        end=world.clock.now,
        events=events,
        evidence=_evidence(evidence),
        store=world.monitor.store,
        losses=done.courses() or (),
    )


def _evidence(records: Iterable[dict[str, Any]]) -> list[Any]:
    return [record for record in records if record["procedure"] in _FILES]


def of_folder(run: RunFolder, stops: Mapping[str, int]) -> Trace:
    """Return the trace of a finished run from its folder.

    Of the course of its loss only what *stops* cost is known; the rest stands at its end.
    """
    manifest, summary = run.read_manifest(), run.read_summary()
    if manifest.state != "finished" or manifest.virtual_reached is None or summary is None:
        raise UsageError(f"{run.path} is {manifest.state}: only a finished run can be scored")
    end = manifest.virtual_reached
    losses: tuple[Course, ...] = ()
    if summary.loss is not None:
        stopped = _stopped(run, stops, end)
        losses = (Course(((end, summary.loss.value - stopped.total),)), stopped)
    return Trace(
        start=manifest.virtual_start,
        end=end,
        events=kept(run.read_events()),
        evidence=_evidence(run.read_evidence()),
        store=run.series(),
        losses=losses,
    )


def _stopped(run: RunFolder, stops: Mapping[str, int], end: int) -> Course:
    """Return what the stops of a run cost, from its log."""
    log = EventLog()
    witness = Witness(log)
    for event in run.read_events():
        if event["kind"] == ContractLogged.kind and event["event"] in {"Paused", "Unpaused"}:
            log.emit(event["t"], ContractLogged(block=event["block"], contract=event["contract"],
                                                event=event["event"], args={}))  # fmt: skip
    return stop_course(witness, Truth({}, 0, b"", 0, end), stops)


def acting(scenario: Scenario, at: int) -> Scenario:
    """Return *scenario* in which nobody answers but the ideal response acts at unix second *at*.

    Its calls are signed and scheduled before, so that they take effect then and in a block's time.
    """
    assert scenario.loss is not None  # noqa: S101 - asked for where a loss is declared
    faults = list(scenario.sealed.faults)
    ends = {item.name: item.until for item in faults}
    delays = {item.role: item.delay for item in ROLES}
    for number, item in enumerate(scenario.loss.ideal):
        when = at - scenario.start
        if item.ended is not None:
            if item.ended not in ends:
                raise UsageError(f"loss.ideal waits for {item.ended}, which is none of the faults")
            when = max(when, ends[item.ended] or scenario.duration)
        delay = delays[role_named(item.caller)]
        begins = max(0, when + item.after - (delay + SETTLING if delay else 0))
        if begins >= scenario.duration:
            continue
        params = RogueCalls.Params.model_validate(
            {"caller": item.caller, "calls": [call.model_dump() for call in item.calls]}
        )
        faults.append(
            FaultSpec(name=f"ideal-{number}", kind=RogueCalls.kind, at=begins, params=params)
        )
    sealed = SealedSpec(faults=tuple(faults), cause=scenario.sealed.cause)
    return scenario.model_copy(update={"sealed": sealed}).with_policy("none")


def controls_of(
    request: Request, *, quiet: Trace | None = None, progress: Progress = nothing
) -> Controls:
    """Run the controls of *request*: two runs more where *quiet* is known, three where not."""
    scenario = request.world
    bare = replace(request, scenario=scenario, control=None, policy=None, visit=None, out=None)
    calm = scenario.without_faults()
    if calm.team.policy != "none":
        calm = calm.with_policy("playbook")
    if quiet is None:
        quiet = trace_of(replace(bare, scenario=calm), progress)
    idle = unanswered(bare, progress)
    harm = harm_start(idle, quiet)
    ideal = None
    if harm is not None and scenario.loss is not None and scenario.loss.ideal:
        ideal = unanswered(replace(bare, scenario=acting(scenario, harm)), progress)
    return Controls(quiet=quiet, nothing=idle, ideal=ideal, harm=harm)


def score_request(request: Request, progress: Progress = nothing) -> tuple[Score, Trace, Controls]:
    """Run *request* and its controls, four runs, and score it; nothing is written."""
    trace = trace_of(request, progress)
    controls = controls_of(request, progress=progress)
    return _scored(request, trace, controls), trace, controls


def score_folder(
    run: RunFolder,
    scenario: Scenario,
    parts: Parts,
    *,
    incident: str | None = None,
    progress: Progress = nothing,
) -> tuple[Score, Trace, Controls, Request]:
    """Score the finished *run* of *scenario*: its controls are run, three runs more."""
    manifest = run.read_manifest()
    trace = of_folder(run, scenario.loss.stops if scenario.loss else {})
    if manifest.policy == "human":
        raise UsageError("a run decided by a person is not scored: its controls have no person")
    request = Request(
        scenario.with_seed(manifest.seed), parts, policy=manifest.policy, control=manifest.control,
        until=trace.end - trace.start,
    )  # fmt: skip
    controls = controls_of(request, progress=progress)
    return _scored(request, trace, controls, incident), trace, controls, request


def _scored(
    request: Request, trace: Trace, controls: Controls, incident: str | None = None
) -> Score:
    world = request.world
    return score(
        trace,
        controls,
        scenario=world.name,
        seed=world.seed,
        policy=world.team.policy,
        cause=world.sealed.cause,
        reads=reads_of(request.parts),
        unit=world.loss.unit if world.loss else "",
        floor=world.loss.floor if world.loss else 0,
        incident=incident,
    )
