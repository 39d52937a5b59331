"""`twin export`: a run in the forms of other tools."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from twin.commands.public import public_lines
from twin.commands.screen import as_json, say
from twin.errors import UsageError
from twin.monitoring.metrics import metric_table
from twin.monitoring.openmetrics import write_openmetrics
from twin.monitoring.series import read_sqlite
from twin.results import RunFolder, latest, saving

__all__ = ["main"]


def main(arguments: argparse.Namespace) -> int:
    """Write what *arguments* ask for of the run that they name, or of the latest."""
    run = RunFolder.load(arguments.run) if arguments.run else latest(Path("runs"))
    if arguments.public is not None:
        return _public(run, arguments.public, as_document=arguments.json)
    return _prometheus(run, arguments.prometheus, as_document=arguments.json)


def _file(target: Path, option: str) -> Path:
    """Return where the draft of *target* is written; UsageError where it is a folder."""
    if target.is_dir():
        raise UsageError(f"{option} {target} is a folder; name a file")
    return target.with_name(f".{target.name}.part")


def _prometheus(run: RunFolder, target: Path, *, as_document: bool) -> int:
    """Write all samples for Prometheus."""
    draft = _file(target, "--prometheus")
    store = read_sqlite(run.metrics)
    with saving(target):
        with draft.open("w", encoding="utf-8") as out:
            samples = write_openmetrics(store, metric_table(), out)
        draft.replace(target)
    told = {"run": str(run.path), "file": str(target), "series": len(store), "samples": samples}
    if as_document:
        as_json(told)
    else:
        say(f"{samples:,} samples of {len(store)} series: {target}")
        say(f"into Prometheus: promtool tsdb create-blocks-from openmetrics {target} DATA_FOLDER")
    return 0


def _public(run: RunFolder, target: Path, *, as_document: bool) -> int:
    """Write what anybody outside could know."""
    draft, count = _file(target, "--public"), 0
    with saving(target):
        with draft.open("w", encoding="utf-8") as out:
            for line in public_lines(run):
                count += 1
                out.write(json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n")
        draft.replace(target)
    if as_document:
        as_json({"run": str(run.path), "file": str(target), "lines": count})
    else:
        say(f"{count:,} lines: {target}")
        say(f"find the published figures again: scripts/recompute {target}")
    return 0
