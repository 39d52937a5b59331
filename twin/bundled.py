"""Where the data folders are: `agents`, `scenarios` and `contracts_abi`.

In a checkout they stand beside `twin/`; in a wheel they travel inside it under `_bundled/`, since
a top-level `agents` in site-packages would overwrite that of `openai-agents`. Everything that
needs one of them asks here, and nothing else builds a path to them.
"""

from __future__ import annotations

from pathlib import Path

from twin.errors import UnknownName, UsageError

__all__ = ["FOLDERS", "SUFFIX", "folder"]

FOLDERS = ("agents", "contracts_abi", "scenarios")
"""The data folders there are."""

SUFFIX = ".twin.yaml"
"""How the name of a scenario file ends."""

PACKAGE = Path(__file__).resolve().parent


def folder(name: str, *, package: Path = PACKAGE) -> Path:
    """Return the data folder called *name*.

    *package* is the folder of `twin` itself. The wheel's copy is looked for first: beside an
    installed package stand the packages of other people, so a folder there counts only where
    `pyproject.toml` marks a checkout. An unknown *name* raises UnknownName, one that is missing
    UsageError.
    """
    if name not in FOLDERS:
        raise UnknownName("data folder", name, FOLDERS)
    bundled = package / "_bundled" / name
    if bundled.is_dir():
        return bundled
    root = package.parent
    if (root / "pyproject.toml").is_file() and (root / name).is_dir():
        return root / name
    raise UsageError(
        f"the data folder {name!r} is neither at {bundled} (a wheel) nor at {root / name} beside "
        "a pyproject.toml (a checkout); install the wheel again or run from a full checkout"
    )
