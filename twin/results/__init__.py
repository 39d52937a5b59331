"""The run folder: where a run leaves what it did, and how that is found again.

A folder holds `manifest.json` (what ran and how far), `events.jsonl`, `evidence.jsonl`,
`metrics.sqlite`, `summary.json` (checks, loss, counts), a copy of the scenario, and
`report.html`. The manifest is written first, in state *running*, and last, as *finished*,
*partial* or *crashed*; everything but the two logs, which only grow, is replaced in one step, so
that neither a kill nor a full disk damages what was finished.
"""

from __future__ import annotations

from twin.results.disk import saving, write_atomic
from twin.results.folder import Described, RunFolder, latest
from twin.results.manifest import Manifest
from twin.results.summary import Check, Counts, IncidentRow, Loss, Part, Speed, Summary

__all__ = [
    "Check",
    "Counts",
    "Described",
    "IncidentRow",
    "Loss",
    "Manifest",
    "Part",
    "RunFolder",
    "Speed",
    "Summary",
    "latest",
    "saving",
    "write_atomic",
]
