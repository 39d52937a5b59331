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

__all__ = ["TOLERANCE", "Difference", "compare", "path_of", "read", "write"]

TOLERANCE = 1e-9
"""The relative tolerance that a new float is written with."""

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that is not what the golden file says; None where one side lacks it."""

    name: str
    golden: Any
    got: Any

    def __str__(self) -> str:
        return f"{self.name}: golden {self.golden}, got {self.got}"


def path_of(scenario: Path, label: str) -> Path:
    """Return the golden file of *scenario* run as *label*, beside it under `golden/`."""
    return scenario.parent / "golden" / f"{label}.json"


def read(path: Path) -> dict[str, Any] | None:
    """Return the figures in the golden file at *path*, or None where there is none."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise UsageError(f"{path} is no JSON ({error}); write it again with --update") from None
    if not isinstance(body, dict) or body.get("schema_version") != SCHEMA_VERSION:
        raise UsageError(f"{path} is no golden file of this version; write it with --update")
    figures: dict[str, Any] = body["figures"]
    return figures


def write(path: Path, figures: Mapping[str, Any]) -> None:
    """Write *figures* as the golden file at *path*; floats with the standard tolerance."""
    marked = {
        name: {"value": value, "tolerance": TOLERANCE} if isinstance(value, float) else value
        for name, value in figures.items()
    }
    body = {"schema_version": SCHEMA_VERSION, "figures": marked}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(body, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    temporary.replace(path)


def _agree(golden: Any, got: Any) -> bool:
    if isinstance(golden, dict):
        value, tolerance = golden["value"], golden["tolerance"]
        if not isinstance(got, (int, float)):
            return False
        return abs(got - value) <= tolerance * max(abs(value), abs(got))
    return type(golden) is type(got) and bool(golden == got)


def compare(golden: Mapping[str, Any], got: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield every figure in which *got* is not what *golden* says, by name."""
    for name in sorted({*golden, *got}):
        if name not in golden or name not in got or not _agree(golden[name], got[name]):
            old = golden.get(name)
            shown = old["value"] if isinstance(old, dict) else old
            yield Difference(name, shown, got.get(name))
