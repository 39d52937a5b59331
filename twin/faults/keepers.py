"""Faults of keepers: whoever does the permissionless upkeep stops doing it."""

from __future__ import annotations

from typing import Any, ClassVar

from twin.errors import UnknownName, UsageError
from twin.faults.port import Fault, FaultParams, Surfaces

__all__ = ["KeeperStops"]


class KeeperParams(FaultParams):
    """*keeper* (the agent's name) does nothing of what is due."""

    keeper: str


class KeeperStops(Fault):
    """A keeper stops: what anybody may do and nobody else does stays undone.

    On 2020-03-12 the keepers of MakerDAO were out of gas or silent while the network was congested,
    and auctions were won at a bid of zero.
    """

    kind: ClassVar[str] = "keeper-stops"
    Params: ClassVar[type[FaultParams]] = KeeperParams
    params: KeeperParams

    def place(self) -> str:
        """Whether the keeper works."""
        return f"the work of {self.params.keeper}"

    def check(self, surfaces: Surfaces) -> None:
        """The keeper is there, and it is one."""
        self._keeper(surfaces)

    def begin(self, surfaces: Surfaces) -> str:
        """Stop it."""
        self._keeper(surfaces).halt()
        return f"{self.params.keeper} stopped"

    def end(self, surfaces: Surfaces) -> str:
        """Let it work again; what it gave up meanwhile stays given up."""
        self._keeper(surfaces).resume()
        return f"{self.params.keeper} works again"

    def _keeper(self, surfaces: Surfaces) -> Any:
        name = self.params.keeper
        if name not in surfaces.agents:
            raise UnknownName("agent", name, surfaces.agents)
        keeper = surfaces.agents[name]
        if not (hasattr(keeper, "halt") and hasattr(keeper, "resume")):
            raise UsageError(f"{name} has no work to stop: {self.kind} needs a keeper")
        return keeper
