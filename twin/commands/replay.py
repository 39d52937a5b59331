"""`twin replay`: run a run folder again; the digest must come out the same."""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from twin.commands.screen import as_json, progress, say
from twin.console.visits import Again
from twin.errors import NotDeterministic, UsageError
from twin.events import StepTaken, read_events
from twin.library import Library
from twin.results import Manifest, RunFolder
from twin.runner import Request, simulate
from twin.team.policies import Recorded

__all__ = ["main"]

DECIDED = "decide: "
"""How the action of a decision begins in the log (`Decide.describe`)."""


def main(arguments: argparse.Namespace) -> int:
    """Replay the run; exit code 4 where the digest differs, with the first event that does."""
    run = RunFolder.load(arguments.run)
    manifest = run.read_manifest()
    engine = arguments.engine or manifest.engine  # what ran then, not what is fastest here
    request = _again(run, manifest, Library(agents=arguments.agents, engine=engine))
    with tempfile.TemporaryDirectory(prefix="twin-replay-") as folder:
        events = Path(folder) / "events.jsonl"
        with progress(quiet=arguments.json) as report:
            digest = simulate(request, report, events=events).digest
        same = digest == manifest.digest
        difference = "" if same else _first_difference(run.events, events)
    if arguments.json:
        as_json({"passed": same, "run": str(run.path), "digest": manifest.digest,
                 "replayed": digest, "difference": difference})  # fmt: skip
    if same:
        say(f"the same digest: {digest}", stderr=arguments.json)
        return 0
    say(f"{run.path} gave {manifest.digest}, its replay {digest}\n{difference}", stderr=True)
    return NotDeterministic.exit_code


def _again(run: RunFolder, manifest: Manifest, library: Library) -> Request:
    """Return what was asked for then; UsageError for a run that cannot be held to its digest."""
    if manifest.digest is None or manifest.virtual_reached is None:
        raise UsageError(f"{run.path} has no digest: the run is {manifest.state}, not at its end")
    altered = run.altered()
    if altered:
        raise UsageError(f"{run.path} was altered since the run: {', '.join(altered)}")
    return Request(
        library.load(run.scenario).with_seed(manifest.seed),
        replace(library.parts_without(manifest.without), ask=Recorded(_decisions(run)).act),
        policy=manifest.policy,
        control=manifest.control,
        until=manifest.virtual_reached - manifest.virtual_start,
        visit=lambda world: Again(world.clock, world.chain, world.log).schedule(
            read_events(run.events)
        ),
    )


def _decisions(run: RunFolder) -> Iterator[tuple[str, str, str]]:
    """Yield (procedure, question, option) of each decision of *run*, in order."""
    for event in read_events(run.events):
        if event["kind"] == StepTaken.kind and event["action"].startswith(DECIDED):
            question = event["action"].removeprefix(DECIDED)
            yield event["procedure"], question, json.loads(event["result"])


def _first_difference(then: Path, now: Path) -> str:
    """Return the first event in which two logs differ."""
    with then.open("rb") as left, now.open("rb") as right:
        pairs = itertools.zip_longest(left, right, fillvalue=b"(nothing)")
        for number, (a, b) in enumerate(pairs, start=1):
            if a != b:
                return (
                    f"first difference at {then}:{number}\n"
                    f"  then {a.decode(errors='replace').strip()}\n"
                    f"  now  {b.decode(errors='replace').strip()}"
                )
    return f"{then} and its replay are the same: the digest in manifest.json is not that of the run"
