"""`twin export`: a run in the forms of other tools."""

from __future__ import annotations

import argparse
from pathlib import Path

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
    target: Path = arguments.prometheus
    if target.is_dir():
        raise UsageError(f"--prometheus {target} is a folder; name a file")
    store = read_sqlite(run.metrics)
    draft = target.with_name(f".{target.name}.part")
    with saving(target):
        with draft.open("w", encoding="utf-8") as out:
            samples = write_openmetrics(store, metric_table(), out)
        draft.replace(target)
    told = {"run": str(run.path), "file": str(target), "series": len(store), "samples": samples}
    if arguments.json:
        as_json(told)
    else:
        say(f"{samples:,} samples of {len(store)} series: {target}")
        say(f"into Prometheus: promtool tsdb create-blocks-from openmetrics {target} DATA_FOLDER")
    return 0
