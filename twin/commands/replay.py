"""`twin replay`: run a run folder again; the digest must come out the same."""

from __future__ import annotations

import argparse
import itertools
import tempfile
from dataclasses import replace
from pathlib import Path

from twin.commands.screen import as_json, console
from twin.errors import NotDeterministic, UsageError
from twin.library import Library
from twin.results import RunFolder
from twin.runner import Request, execute

__all__ = ["main"]


def main(arguments: argparse.Namespace) -> int:
    """Replay the run; exit code 4 where the digest differs, with the first event that does."""
    run = RunFolder.load(arguments.run)
    manifest = run.read_manifest()
    if manifest.digest is None or manifest.virtual_reached is None:
        raise UsageError(f"{run.path} has no digest: the run {manifest.state}; run it to its end")
    altered = run.altered()
    if altered:
        raise UsageError(f"{run.path} was altered since the run: {', '.join(altered)}")
    library = Library(agents=arguments.agents, engine=arguments.engine)
    scenario = library.load(run.scenario).with_seed(manifest.seed)
    request = Request(
        scenario, library.parts_without(manifest.without), control=manifest.control,
        without=manifest.without, until=manifest.virtual_reached - manifest.virtual_start,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="twin-replay-") as folder:
        outcome = execute(replace(request, out=Path(folder) / "run"))
        same = outcome.summary.digest == manifest.digest
        difference = "" if same else _first_difference(run, outcome.folder)
    if arguments.json:
        as_json({"passed": same, "run": str(run.path), "digest": manifest.digest,
                 "replayed": outcome.summary.digest, "difference": difference})  # fmt: skip
    elif same:
        console().print(f"the same digest: {manifest.digest}")
    if not same:
        raise NotDeterministic(
            f"{run.path} gave {manifest.digest}, its replay {outcome.summary.digest}\n{difference}"
        )
    return 0


def _first_difference(one: RunFolder, other: RunFolder) -> str:
    """Return the first event in which two logs differ."""
    with one.events.open("rb") as left, other.events.open("rb") as right:
        pairs = itertools.zip_longest(left, right, fillvalue=b"(nothing)")
        for number, (a, b) in enumerate(pairs, start=1):
            if a != b:
                return (
                    f"first difference at {one.events}:{number}\n"
                    f"  then {a.decode(errors='replace').strip()}\n"
                    f"  now  {b.decode(errors='replace').strip()}"
                )
    return "the logs are the same"
