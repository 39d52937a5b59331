"""The life of exporters and detectors: which of them is silent, frozen or stopped.

Nobody asks it: a monitor that scrapes finds out, as live, by what does not come.
"""

from __future__ import annotations

__all__ = ["Exporters"]


class Exporters:
    """All run at first. A fault silences or freezes a collector, or stops a check."""

    __slots__ = ("frozen", "silent", "stopped")

    def __init__(self) -> None:
        """Let everything run."""
        self.silent: set[str] = set()
        self.frozen: set[str] = set()
        self.stopped: set[str] = set()

    def state(self, collector: str) -> str:
        """Return whether *collector* is `silent`, `frozen` at its last answer, or `up`."""
        if collector in self.silent:
            return "silent"
        return "frozen" if collector in self.frozen else "up"

    def runs(self, procedure: str) -> bool:
        """Say whether the check *procedure* is started when it is due."""
        return procedure not in self.stopped
