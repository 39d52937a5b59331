"""Agent families, found by path: each file of an `agents` folder is one family.

The folder is loaded as the module `twin_agents`, never as a top-level `agents`, which in
site-packages would overwrite somebody else's. A user's own folders load beside it as
`twin_agents_1`, `twin_agents_2` and so on, and may import from `twin_agents`.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from twin.bundled import folder
from twin.errors import TwinError, UsageError

__all__ = ["NAMESPACE", "load_agents"]

NAMESPACE = "twin_agents"

NEEDED = ("Params", "endowment", "live", "model", "roles", "settle_in", "venue_deposits")
"""What the world asks of an agent class."""


def load_agents(extra: Iterable[Path] = ()) -> Mapping[str, type[Any]]:
    """Return every agent class by family: the bundled folder's first, then those of *extra*.

    A file whose name starts with an underscore is no family. Two classes of one family are an
    error, wherever they come from, and so is a file that cannot be imported; both name the file.
    """
    found: dict[str, type[Any]] = {}
    _bare("mesa")
    for number, given in enumerate([folder("agents"), *extra]):
        home = given.resolve()
        if not home.is_dir():
            raise UsageError(f"{given} is no folder of agents")
        package = NAMESPACE if number == 0 else f"{NAMESPACE}_{number}"
        _open(package, home)
        for path in sorted(home.glob("[!_]*.py")):
            module = _load(f"{package}.{path.stem}", path)
            for family, kind in _families(module, path):
                if family in found:
                    raise UsageError(f"{path}: the agent family {family!r} is there already")
                found[family] = kind
    return found


class _Bare(ModuleType):
    """A package whose own `__init__` runs when somebody wants what only that gives."""

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        if spec is None or spec.loader is None:
            raise AttributeError(name)
        self.__class__ = ModuleType  # type: ignore[assignment]  # from here on as any other
        spec.loader.exec_module(self)
        return getattr(self, name)


def _bare(package: str) -> None:
    """Let *package*'s modules be imported without its `__init__`, unless that ran already.

    Mesa's imports pandas and scipy for its grids and data collectors, half a second that no agent
    here needs, and makes `spawn` the start method of the whole process. Whoever uses them gets
    them by `import mesa` as ever.
    """
    if package in sys.modules:
        return
    spec = importlib.util.find_spec(package)
    if spec is None:  # the import says so at its place
        return
    module = importlib.util.module_from_spec(spec)
    module.__class__ = _Bare
    sys.modules[package] = module


def _open(package: str, home: Path) -> None:
    """Make *home* the package called *package*, once per process; it needs no `__init__.py`."""
    importlib.invalidate_caches()  # the folder may be younger than the last look at it
    known = sys.modules.get(package)
    if known is not None and list(known.__path__) == [str(home)]:
        return
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        del sys.modules[name]
    spec = importlib.util.spec_from_loader(package, loader=None, is_package=True)
    assert spec is not None  # noqa: S101 - without a loader there is nothing to fail
    spec.submodule_search_locations = [str(home)]
    sys.modules[package] = importlib.util.module_from_spec(spec)


def _load(name: str, path: Path) -> ModuleType:
    """Import module *name*, the file at *path*; UsageError says at which line it is broken."""
    try:
        return importlib.import_module(name)
    except TwinError:
        raise
    except Exception as error:
        raise UsageError(f"{_where(error, path)}: {type(error).__name__}: {error}") from error


def _where(error: Exception, path: Path) -> str:
    """Return `file:line` of the deepest line of *path* that had a part in *error*."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    return f"{path}:{lines[-1]}" if lines else str(path)


def _families(module: ModuleType, path: Path) -> Iterable[tuple[str, type[Any]]]:
    """Yield the families that *module* defines itself, in the order of the file."""
    for kind in vars(module).values():
        family = getattr(kind, "family", None)
        if (
            not isinstance(kind, type)
            or kind.__module__ != module.__name__
            or not isinstance(family, str)
        ):
            continue
        missing = [name for name in NEEDED if not hasattr(kind, name)]
        if missing:
            raise UsageError(
                f"{path}: the agent family {family!r} lacks {', '.join(missing)}: "
                f"derive {kind.__name__} from {NAMESPACE}.base.TwinAgent"
            )
        yield family, kind
