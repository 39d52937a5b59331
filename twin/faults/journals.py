"""Faults that only logs show: a key used at night from elsewhere, and a log that was tampered with."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from twin.clock import HOUR, Process
from twin.errors import UnknownName
from twin.faults.port import Fault, FaultParams, Surfaces, services_of
from twin.scenario.values import Seconds
from twin.services.services import Services

__all__ = ["KeyOffHours", "LogTamper"]


class KeyParams(FaultParams):
    """The key of *person* is used from a strange network, *every* so many seconds."""

    person: str
    every: Seconds = Field(default=HOUR, ge=60)


class KeyOffHours(Fault):
    """A stolen key signs and exports while its owner sleeps: the steps before an intrusion."""

    kind: ClassVar[str] = "key-used-off-hours"
    Params: ClassVar[type[FaultParams]] = KeyParams
    params: KeyParams
    running: bool = False

    def place(self) -> str:
        """The key."""
        return f"the API key of {self.params.person}"

    def check(self, surfaces: Surfaces) -> None:
        """The person has a key."""
        keys = services_of(surfaces).iam.keys
        if f"key-{self.params.person}" not in keys:
            raise UnknownName("API key", f"key-{self.params.person}", keys)

    def begin(self, surfaces: Surfaces) -> str:
        """Start to use it."""
        services = services_of(surfaces)
        self.running = True
        services.clock.spawn(self._use(services))
        return f"the key of {self.params.person} is used by somebody else"

    def end(self, surfaces: Surfaces) -> str:
        """Stop."""
        del surfaces
        self.running = False
        return f"the key of {self.params.person} is its owner's again"

    def _use(self, services: Services) -> Process:
        steps = (("login", "console"), ("read", "signing host"), ("export", "customers"))
        number, person = 0, self.params.person
        while self.running:
            action, resource = steps[number % len(steps)]
            services.iam.use(f"key-{person}", services.clock.now)
            services.journals.write("access", person, action, resource=resource, source="AS65499")
            number += 1
            yield services.clock.after(self.params.every)


class TamperParams(FaultParams):
    """A line of *journal* goes; with *rewrite* every hash after it is made anew."""

    journal: Literal["access", "iam", "alerts"] = "access"
    rewrite: bool = False


class LogTamper(Fault):
    """Somebody takes a line out of a log, and may be careful enough to hash the rest again."""

    kind: ClassVar[str] = "log-tamper"
    Params: ClassVar[type[FaultParams]] = TamperParams
    params: TamperParams

    def place(self) -> str:
        """The file."""
        return f"the journal {self.params.journal}"

    def begin(self, surfaces: Surfaces) -> str:
        """Take the line out."""
        about = self.params
        return services_of(surfaces).journals.tamper(about.journal, rewrite=about.rewrite)

    def end(self, surfaces: Surfaces) -> str:
        """What is gone is gone."""
        del surfaces
        return "the line stays gone"
