"""What every collector is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from twin.desk.port import Call, Desk, View
from twin.errors import TwinError
from twin.monitoring.registry import Registry

__all__ = ["Collector"]


class Collector:
    """Reads one part of the desk; *name* is its label in the monitors' own metrics.

    *calls* is what it reads from contracts: the same at every scrape, answered together with
    everybody else's.
    """

    name: ClassVar[str] = ""
    calls: tuple[Call, ...] = ()

    def __init__(self, registry: Registry) -> None:
        """Take the handles of its own health."""
        labels = {"collector": self.name}
        self.errors = registry.held("fictra_scrape_errors_total", labels)
        self.size = registry.series("fictra_scrape_samples", labels)
        self.success = registry.held(
            "fictra_scrape_last_success_timestamp_seconds", labels, value=None
        )

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:
        """Write this scrape's samples from *answers* to `calls`, in order, and from *desk*.

        An answer that failed is the error that says why; *view* is None where the chain cannot
        be read at all. Never raises for data that is missing: `missing` counts it.
        """
        raise NotImplementedError

    def missing(self, count: int = 1) -> None:
        """Count *count* answers that were not there."""
        self.errors.add(count)

    def known(self, answer: Any) -> bool:
        """Say whether *answer* is one, counting it as missing where it is an error."""
        if isinstance(answer, TwinError):
            self.missing()
            return False
        return True
