"""Writes an after-action report into the run folder: HTML, Markdown and JSON of one tree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twin.report.build import environment
from twin.report.text import printable
from twin.results import RunFolder, write_atomic

__all__ = ["render_after", "write_after"]


def render_after(tree: Mapping[str, Any], form: str) -> str:
    """Return the report *tree* as `html` or `md` text."""
    page = environment().get_template(f"after.{form}.j2")
    return printable(page.render(**tree))


def write_after(run: RunFolder, tree: Mapping[str, Any]) -> dict[str, Path]:
    """Write the three forms beside the run and return their paths by form."""
    stem = f"after-{tree['incident']['id']}"
    made = {form: run.path / f"{stem}.{form}" for form in ("html", "md", "json")}
    write_atomic(made["html"], render_after(tree, "html").encode())
    write_atomic(made["md"], render_after(tree, "md").encode())
    body = json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False)
    write_atomic(made["json"], (printable(body) + "\n").encode())
    return made
