"""`twin procedures`: the catalogue, and what proves each: rules, cases, and the runs of one run."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.markup import escape

from twin.bundled import folder
from twin.catalog import Procedure
from twin.commands.screen import as_json, console, say, table
from twin.coverage import Cover, Exercise, covers, exercises
from twin.errors import UnknownName, UsageError
from twin.library import Library, find
from twin.results import RunFolder, latest

__all__ = ["main"]


def main(arguments: argparse.Namespace) -> int:
    """Show the catalogue, or the one procedure that *arguments* name, beside a run's evidence."""
    library = Library()
    catalog = library.parts.catalog
    run = _run(arguments.run)
    done = exercises(run, catalog) if run else {}
    cover = covers(
        catalog, library.parts.rules, map(library.load, find([str(folder("scenarios"))]))
    )
    names = list(catalog)
    if arguments.only:
        names = [name.strip() for name in arguments.only.split(",")]
        for name in names:
            if name not in catalog:
                raise UnknownName("procedure", name, catalog)
    rows = [_row(catalog[name], cover[name], done.get(name, Exercise())) for name in names]
    if arguments.json:
        as_json({"run": str(run.path) if run else None, "procedures": rows})
        return 0
    if arguments.only:
        for row in rows:
            _tell(row)
        return 0
    shown = (
        (row["id"], escape(row["title"]), row["level"], row["cadence"], str(row["runs"]),
         str(row["evidence"]), row["last_verdict"] or "-", str(len(row["rules"])), str(len(row["cases"])))
        for row in rows
    )  # fmt: skip
    columns = ("id", "procedure", "level", "cadence", "runs", "evidence", "last", "rules", "cases")
    about = f"procedures in {run.path}" if run else "procedures (no run yet: `twin run SCENARIO`)"
    console().print(table(escape(about), columns, shown))
    return 0


def _run(given: Path | None) -> RunFolder | None:
    """Return the run that is named, the latest one, or None where nothing ran yet."""
    if given:
        return RunFolder.load(given)
    try:
        return latest(Path("runs"))
    except UsageError:
        return None


def _row(item: Procedure, cover: Cover, done: Exercise) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": item.title,
        "seed": item.seed,
        "level": item.level,
        "kind": item.kind,
        "cadence": str(item.cadence),
        "role": item.role,
        "effort": item.effort,
        "inputs": list(item.inputs),
        "leaves": item.evidence,
        "rules": list(cover.rules),
        "faults": list(cover.faults),
        "cases": list(cover.cases),
        "runs": done.runs,
        "evidence": done.evidence,
        "verdicts": dict(done.verdicts),
        "last_run": done.last_run,
        "last_verdict": done.last_verdict,
    }


def _tell(row: dict[str, Any]) -> None:
    """Say everything about one procedure."""
    last = row["last_run"]
    when = datetime.fromtimestamp(last, UTC).isoformat() if last is not None else "never"
    says = [
        f"{row['id']} {row['title']}",
        f"  seed      {row['seed']}",
        f"  level     {row['level']}, a {row['kind']}, {row['cadence']}, by {row['role']}",
        f"  reads     {', '.join(row['inputs'])}",
        f"  leaves    {row['leaves']}",
        f"  rules     {', '.join(row['rules']) or 'none'}",
        f"  faults    {', '.join(row['faults']) or 'none'}",
        f"  cases     {', '.join(row['cases']) or 'none'}",
        f"  runs      {row['runs']}, {row['evidence']} records, the last {when} {row['last_verdict'] or ''}",
    ]
    say("\n".join(line.rstrip() for line in says))
