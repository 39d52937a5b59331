"""The library: scenarios by name or path, and the parts that every run is made from.

It is where the vocabularies of agents, faults, procedures, rules, metrics, invariants and losses
meet, so that a scenario file is checked against everything there is, once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from twin import procedures
from twin.bundled import SUFFIX, folder
from twin.catalog import Catalog
from twin.chain.engines import best, names
from twin.errors import UnknownName, UsageError
from twin.faults.injector import vocabulary as fault_vocabulary
from twin.monitoring.metrics import metric_table
from twin.monitoring.rules import default_rules
from twin.plugins import load_agents
from twin.protocol.invariants import INVARIANTS
from twin.scenario import Scenario, Vocabulary, load
from twin.scoring.loss import MEASURES
from twin.world import Parts

__all__ = ["SUFFIX", "Library", "bundled", "find"]


def find(given: Iterable[str]) -> list[Path]:
    """Return the scenario files that *given* names: paths, folders, or names of bundled ones.

    A folder stands for every scenario in it, but for the copies that run folders keep. UsageError
    where there is nothing.
    """
    found: list[Path] = []
    for item in given:
        path = Path(item)
        if path.is_dir():
            inside = sorted(item for item in path.rglob(f"*{SUFFIX}") if not _is_copy(item))
            if not inside:
                raise UsageError(f"{path} holds no scenario: their names end in {SUFFIX}")
            found.extend(inside)
        elif path.is_file():
            found.append(path)
        else:
            found.append(_bundled(item))
    return found


def _is_copy(path: Path) -> bool:
    """Say whether *path* is the copy of a scenario that a run folder keeps."""
    return (path.parent / "manifest.json").is_file()


def bundled() -> list[Path]:
    """Return the scenarios that the twin ships, by name."""
    return sorted(folder("scenarios").glob(f"*{SUFFIX}"))


def _bundled(name: str) -> Path:
    """Return the bundled scenario called *name*; an error that offers the nearest one."""
    known = {path.name.removesuffix(SUFFIX): path for path in bundled()}
    if name not in known:
        raise UnknownName("scenario (or file)", name, known)
    return known[name]


def _know(engine: str) -> None:
    """Refuse an unknown *engine* before anything is begun; `both` runs the two in lock-step."""
    if engine not in names():
        raise UnknownName("engine", engine, names())


class Library:
    """Everything that is loaded once per process; *agents* are extra folders of agent families."""

    def __init__(self, *, agents: Iterable[Path] = (), engine: str | None = None) -> None:
        """Load agents, procedures and rules.

        Without *engine* the fastest that is there is taken; UnknownName for one that is not here.
        """
        chosen = engine or best()
        _know(chosen)
        catalog = Catalog.below(procedures)
        self.parts = Parts(
            catalog=catalog,
            families=load_agents(agents),
            rules=default_rules(procedures=list(catalog)),
            engine=chosen,
        )

    @property
    def vocabulary(self) -> Vocabulary:
        """The names that a scenario may use."""
        parts = self.parts
        return Vocabulary(
            agents={name: family.Params for name, family in parts.families.items()},
            faults=fault_vocabulary(),
            procedures={name: item.settings for name, item in parts.catalog.items()},
            rules=parts.rules.names,
            metrics=list(metric_table()),
            invariants=[item.name for item in INVARIANTS],
            losses=list(MEASURES),
        )

    def load(self, path: Path) -> Scenario:
        """Load the scenario file at *path*; FileProblems holds every mistake in it."""
        return load(path, self.vocabulary)

    def parts_without(self, procedures: Iterable[str]) -> Parts:
        """Return the parts with *procedures* switched off."""
        return replace(self.parts, catalog=self.parts.catalog.without(procedures))
