"""Agent families, found by path: each file of an `agents` folder is one family.

The folder is loaded as the module `twin_agents`, never as a top-level `agents`, which in
site-packages would overwrite somebody else's. A user's own folders load beside it.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from twin.bundled import folder
from twin.errors import UsageError

__all__ = ["NAMESPACE", "load_agents"]

NAMESPACE = "twin_agents"


def _load(name: str, path: Path, *, package: bool) -> ModuleType:
    """Load the file at *path* as module *name*, once per process."""
    known = sys.modules.get(name)
    if known is not None and known.__file__ == str(path):
        return known
    search = [str(path.parent)] if package else None
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=search)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python file that agents can be loaded from")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _families(module: ModuleType) -> Iterable[tuple[str, type[Any]]]:
    for value in vars(module).values():
        if (
            isinstance(value, type)
            and value.__module__ == module.__name__
            and isinstance(getattr(value, "family", None), str)
        ):
            yield value.family, value


def load_agents(extra: Iterable[Path] = ()) -> Mapping[str, type[Any]]:
    """Return every agent class by family: the bundled folder's first, then those of *extra*.

    A file whose name starts with an underscore is no family. Two classes of one family are an
    error, wherever they come from.
    """
    found: dict[str, type[Any]] = {}
    for number, home in enumerate([folder("agents"), *extra]):
        if not home.is_dir():
            raise UsageError(f"{home} is no folder of agents")
        package = NAMESPACE if number == 0 else f"{NAMESPACE}_{number}"
        _load(package, home / "__init__.py", package=True)
        for path in sorted(home.glob("[!_]*.py")):
            module = _load(f"{package}.{path.stem}", path, package=False)
            for family, kind in _families(module):
                if family in found and found[family] is not kind:
                    raise UsageError(f"{path}: the agent family {family!r} is there already")
                found[family] = kind
    return found
