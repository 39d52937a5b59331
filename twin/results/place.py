"""The place of a run folder: the first free number under a root, or exactly where one wants it."""

from __future__ import annotations

from pathlib import Path

from twin.errors import UsageError
from twin.results.disk import saving
from twin.results.manifest import Manifest

__all__ = ["MANIFEST", "exactly", "numbered"]

MANIFEST = "manifest.json"
"""The file that makes a folder a run folder."""


def numbered(root: Path, stem: str) -> Path:
    """Make the first free folder of *stem* under *root*; two runs never get the same one."""
    with saving(root / stem):
        root.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            path = root / f"{stem}-{number}"
            try:
                path.mkdir()
            except FileExistsError:
                number += 1
            else:
                return path


def exactly(out: Path) -> Path:
    """Make or take the folder *out*; raises UsageError where something else lives there."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file; a run is written to a folder")
    if out.is_dir() and any(out.iterdir()):
        try:
            Manifest.read(out / MANIFEST)
        except UsageError as problem:
            raise UsageError(
                f"--out {out} is not empty and holds no run; name a new folder or an older run's"
            ) from problem
    with saving(out):
        out.mkdir(parents=True, exist_ok=True)
    return out
