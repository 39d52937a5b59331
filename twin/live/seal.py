"""Refuses the simulator to a process in which procedures run as they do live."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from twin.errors import SealBroken

__all__ = ["SIMULATOR", "seal"]

SIMULATOR = (
    *("twin.world", "twin.faults", "twin.market", "twin.services", "twin.team", "twin.habitat"),
    *("twin.monitoring", "twin.scenario", "twin.scoring", "twin.runner", "twin.plugins", "twin.random"),
    *("twin.recorder", "twin.witness", "twin.verdict", "twin.results", "twin.console", "twin.library"),
    *("twin.chain.chain", "twin.chain.engines", "twin.chain.producer", "twin.chain.pyevm"),
    *("twin.chain.revm", "twin.desk.twin_side", "twin.desk.lab", "twin.protocol.deployment"),
    "twin_agents",
)  # fmt: skip
"""Modules and packages that hold the simulated world, or could make one."""

ENGINES = ("fictra_twin_engine", "eth", "mesa", "simpy")
"""Libraries that a simulation runs on: to this process they are not installed."""


def _within(name: str, packages: Sequence[str]) -> bool:
    return any(name == item or name.startswith(item + ".") for item in packages)


class _Refusal:
    """A finder that finds nothing and says why."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse *name* where it is of the simulator; leave the rest to other finders."""
        del path, target
        if _within(name, SIMULATOR):
            raise SealBroken(f"module {name}", "procedures run here as they do live")
        if _within(name, ENGINES):
            raise ModuleNotFoundError(f"No module named {name!r} in a sealed process", name=name)
        return None


def seal() -> None:
    """Refuse the simulator from now on; SealBroken where some of it is imported already."""
    for name in sys.modules:
        if _within(name, (*SIMULATOR, *ENGINES)):
            raise SealBroken(f"module {name}", "it was imported before the process was sealed")
    sys.meta_path.insert(0, _Refusal)
