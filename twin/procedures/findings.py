"""How procedures sum up what they counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.desk.steps import Finding

__all__ = ["concluded", "named"]


def named(problems: Mapping[str, int]) -> str:
    """Return the items of *problems* that were counted, as a list in words; empty for none."""
    return ", ".join(item for item, count in problems.items() if count)


def concluded(
    problems: Mapping[str, int], data: Mapping[str, Any], *, head: str, good: str
) -> Finding:
    """Return ok, told as *good*, or a finding that names the problems after *head*."""
    wrong = named(problems)
    summary = f"{head}: {wrong}" if wrong else good
    return Finding("finding" if wrong else "ok", summary, data, problems)
