"""Golden files: what a scenario gave when somebody last looked and found it right.

Integers must be equal. Floats must agree within the tolerance that stands beside each in the
file, relative to its size. `--update` writes the new figures and prints what changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.errors import UsageError
from twin.results import write_atomic

__all__ = ["TOLERANCE", "Difference", "compare", "path_of", "read", "values", "write"]

TOLERANCE = 2e-5
"""The relative tolerance of a float: samples are shown with six digits, and the last one may fall
otherwise on another build of numpy."""

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that is not what the golden file says; None where one side lacks it."""

    name: str
    golden: Any
    got: Any

    def __str__(self) -> str:
        if self.golden is None:
            return f"{self.name}: new, got {self.got}"
        if self.got is None:
            return f"{self.name}: golden {self.golden}, got nothing"
        return f"{self.name}: golden {self.golden}, got {self.got}"


def path_of(scenario: Path, label: str) -> Path:
    """Return the golden file of *scenario* run as *label*, beside it under `golden/`."""
    return scenario.parent / "golden" / f"{label}.json"


def read(path: Path) -> dict[str, Any] | None:
    """Return the figures in the golden file at *path*, or None where there is none.

    A float is a mapping of its `value` and its `tolerance`. UsageError for what is no golden file.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise UsageError(f"{path} is no JSON ({error}); write it again with --update") from None
    if not isinstance(body, dict) or body.get("schema_version") != SCHEMA_VERSION:
        raise UsageError(f"{path} is no golden file of this version; write it with --update")
    figures = body.get("figures")
    if not isinstance(figures, dict) or not all(map(_well_formed, figures.values())):
        raise UsageError(f"{path} holds figures that are no figures; write it with --update")
    return figures


def _well_formed(figure: object) -> bool:
    if isinstance(figure, dict):
        return {*figure} == {"value", "tolerance"} and all(map(_is_number, figure.values()))
    return isinstance(figure, int) and not isinstance(figure, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def write(path: Path, figures: Mapping[str, int | float]) -> None:
    """Write *figures* as the golden file at *path*; floats with the standard tolerance."""
    marked = {
        name: {"value": value, "tolerance": TOLERANCE} if isinstance(value, float) else value
        for name, value in figures.items()
    }
    body = {"schema_version": SCHEMA_VERSION, "figures": marked}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, (json.dumps(body, indent=2, sort_keys=True) + "\n").encode())


def values(figures: Mapping[str, Any]) -> dict[str, int | float]:
    """Return *figures* of a golden file without their tolerances."""
    return {
        name: figure["value"] if isinstance(figure, dict) else figure
        for name, figure in figures.items()
    }


def _agree(golden: Any, got: Any) -> bool:
    if isinstance(golden, dict):
        value, tolerance = golden["value"], golden["tolerance"]
        if not _is_number(got):
            return False
        return bool(abs(got - value) <= tolerance * max(abs(value), abs(got)))
    return type(golden) is type(got) and bool(golden == got)


def compare(golden: Mapping[str, Any], got: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield every figure in which *got* is not what *golden* says, by name."""
    old = values(golden)
    for name in sorted({*golden, *got}):
        if name not in golden or name not in got or not _agree(golden[name], got[name]):
            yield Difference(name, old.get(name), got.get(name))
