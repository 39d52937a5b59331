"""Faults that arrive as news: a bulletin about us, a finding that nobody fixes, a flood of tickets."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from twin.errors import UnknownName, UsageError
from twin.faults.port import Fault, FaultParams, Surfaces, services_of
from twin.protocol.roles import account_of
from twin.services.bulletins import affected, indicator
from twin.services.tickets import TEXTS

__all__ = ["BulletinAboutUs", "ScanFindingIgnored", "TicketFlood"]


class BulletinParams(FaultParams):
    """The bulletin lists *agent*'s address, or a vulnerability of *component* before *version*."""

    agent: str | None = None
    component: str | None = None
    version: str = "99.0.0"


class BulletinAboutUs(Fault):
    """A bulletin names an address in our books, or software that we run (Infura, 2020)."""

    kind: ClassVar[str] = "bulletin-about-us"
    Params: ClassVar[type[FaultParams]] = BulletinParams
    params: BulletinParams

    def place(self) -> str:
        """The bulletin."""
        return f"the bulletin about {self.params.agent or self.params.component}"

    def check(self, surfaces: Surfaces) -> None:
        """It is about something, and an agent that it names is there."""
        agent = self.params.agent
        if agent is None and self.params.component is None:
            raise UsageError(f"{self.kind} is about nothing: name an agent or a component")
        if agent is not None and agent not in surfaces.agents:
            raise UnknownName("agent", agent, surfaces.agents)

    def begin(self, surfaces: Surfaces) -> str:
        """Publish it."""
        services, about = services_of(surfaces), self.params
        now, objects = services.clock.now, []
        if about.agent is not None:
            objects.append(indicator(now, account_of(about.agent), "a listed address"))
        if about.component is not None:
            name = f"vulnerability of {about.component}"
            objects.append(affected(now, name, about.component, about.version))
        return services.threats.publish(objects, publisher="cert")

    def end(self, surfaces: Surfaces) -> str:
        """What was published stays so."""
        del surfaces
        return "the bulletin stands"


class ScanParams(FaultParams):
    """A finding of *severity* in *component*."""

    severity: Literal["critical", "high", "medium", "low"] = "critical"
    component: str = "keeper"
    title: str = "remote code execution in a dependency"


class ScanFindingIgnored(Fault):
    """The scanner finds something bad every night, and nobody works on it."""

    kind: ClassVar[str] = "scan-finding-ignored"
    Params: ClassVar[type[FaultParams]] = ScanParams
    params: ScanParams
    name: str = ""

    def place(self) -> str:
        """The component."""
        return f"the {self.params.severity} scan finding in {self.params.component}"

    def begin(self, surfaces: Surfaces) -> str:
        """Let it be there."""
        about = self.params
        scanner = services_of(surfaces).scanner
        self.name = scanner.add(about.severity, about.component, about.title, fixed=None)
        return f"{self.name} is {about.severity}"

    def end(self, surfaces: Surfaces) -> str:
        """Fix it."""
        services_of(surfaces).scanner.fix(self.name)
        return f"{self.name} is fixed"


class FloodParams(FaultParams):
    """*count* users write about *topic* within an hour."""

    count: int = Field(default=200, ge=1, le=100_000)
    topic: str = "redemption-late"


class TicketFlood(Fault):
    """Everybody writes at once, as in a run (Bybit, 2025: 350,000 requests in ten hours)."""

    kind: ClassVar[str] = "ticket-flood"
    Params: ClassVar[type[FaultParams]] = FloodParams
    params: FloodParams

    def place(self) -> str:
        """The help desk."""
        return "the help desk"

    def check(self, surfaces: Surfaces) -> None:
        """The topic is one of the form's."""
        if self.params.topic not in TEXTS:
            raise UnknownName("topic", self.params.topic, TEXTS)
        services_of(surfaces)

    def begin(self, surfaces: Surfaces) -> str:
        """Let them write."""
        services_of(surfaces).helpdesk.flood(self.params.count, self.params.topic)
        return f"{self.params.count} tickets about {self.params.topic}"

    def end(self, surfaces: Surfaces) -> str:
        """They have written."""
        del surfaces
        return "the flood is over"
