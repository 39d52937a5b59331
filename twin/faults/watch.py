"""Faults of the watch itself: a dead alert path, a silent exporter, a detector that stopped."""

from __future__ import annotations

from typing import ClassVar, Literal

from twin.faults.port import Fault, FaultParams, Surfaces, services_of

__all__ = ["AlertPathDead", "DetectorStopped", "ExporterSilent"]


class PathParams(FaultParams):
    """The alert path has no parameters: it is whole or it is dead."""


class AlertPathDead(Fault):
    """Alerts fire and reach nobody: the receiver's webhook fails quietly."""

    kind: ClassVar[str] = "alert-path-dead"
    Params: ClassVar[type[FaultParams]] = PathParams
    params: PathParams

    def place(self) -> str:
        """The path."""
        return "the alert path"

    def begin(self, surfaces: Surfaces) -> str:
        """Cut it."""
        services_of(surfaces).alert_path.cut()
        return "alerts reach nobody"

    def end(self, surfaces: Surfaces) -> str:
        """Mend it: what waited is sent on."""
        services_of(surfaces).alert_path.mend()
        return "alerts are delivered again"


class ExporterParams(FaultParams):
    """*collector* is silent, or frozen at its last answers, which look healthy."""

    collector: Literal[
        "chain", "pool", "oracle", "index", "fees", "tokens", "venues", "team"
    ]  # fmt: skip
    how: Literal["silent", "frozen"] = "silent"


class ExporterSilent(Fault):
    """An exporter answers nothing, or the same for ever: a quiet network to whoever looks at it."""

    kind: ClassVar[str] = "exporter-silent"
    Params: ClassVar[type[FaultParams]] = ExporterParams
    params: ExporterParams

    def place(self) -> str:
        """The exporter."""
        return f"the exporter {self.params.collector}"

    def begin(self, surfaces: Surfaces) -> str:
        """Silence or freeze it."""
        exporters = services_of(surfaces).exporters
        held = exporters.silent if self.params.how == "silent" else exporters.frozen
        held.add(self.params.collector)
        return f"{self.params.collector} is {self.params.how}"

    def end(self, surfaces: Surfaces) -> str:
        """Let it answer."""
        exporters = services_of(surfaces).exporters
        exporters.silent.discard(self.params.collector)
        exporters.frozen.discard(self.params.collector)
        return f"{self.params.collector} answers again"


class DetectorParams(FaultParams):
    """The check *procedure* no longer runs."""

    procedure: str = "MS1"


class DetectorStopped(Fault):
    """A detector stopped: nothing is found because nobody looks."""

    kind: ClassVar[str] = "detector-stopped"
    Params: ClassVar[type[FaultParams]] = DetectorParams
    params: DetectorParams

    def place(self) -> str:
        """The detector."""
        return f"the detector {self.params.procedure}"

    def begin(self, surfaces: Surfaces) -> str:
        """Stop it."""
        services_of(surfaces).exporters.stopped.add(self.params.procedure)
        return f"{self.params.procedure} stopped"

    def end(self, surfaces: Surfaces) -> str:
        """Start it again."""
        services_of(surfaces).exporters.stopped.discard(self.params.procedure)
        return f"{self.params.procedure} runs again"
