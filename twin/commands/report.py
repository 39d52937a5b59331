"""`twin report`: write the report of a run again, or the after-action report of an incident."""

from __future__ import annotations

import argparse
from pathlib import Path

from twin.commands.screen import as_json, say
from twin.errors import UsageError
from twin.report import write
from twin.results import RunFolder, latest

__all__ = ["main"]


def main(arguments: argparse.Namespace) -> int:
    """Write the report of the run that *arguments* name, or of the latest."""
    run = RunFolder.load(arguments.run) if arguments.run else latest(Path("runs"))
    if arguments.incident is not None:
        from twin.commands.after import after  # it runs the controls: a plain report does not

        return after(run, arguments)
    if arguments.seeds is not None or arguments.study is not None:
        raise UsageError("--seeds and --study go with --incident: they ask how lucky it was")
    write(run)
    if arguments.json:
        as_json({"run": str(run.path), "report": str(run.report)})
    else:
        say(f"report: {run.report}")
    return 0
