"""The fault port: what a fault may touch, and what every fault offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from twin.desk.node import NodeAccess
from twin.desk.stores import Stores
from twin.errors import UsageError
from twin.market.bank import Bank
from twin.market.custody import Custodian
from twin.market.demand import Demand
from twin.market.exports import ExportFeed
from twin.market.index import Index
from twin.market.sources import Source
from twin.market.venue import Venue
from twin.protocol.deployment import DeploymentSpec
from twin.services.services import Services

__all__ = ["Fault", "FaultParams", "Machinery", "Misreporter", "Surfaces", "services_of"]


class FaultParams(BaseModel):
    """The parameters of a fault; subclass with fields that carry their units."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Misreporter(Protocol):
    """An oracle node that can be made to lie."""

    def misreport(self, numerator: int, denominator: int) -> None:
        """Multiply every later answer by *numerator*/*denominator*."""


@dataclass(frozen=True, slots=True)
class Machinery:
    """The operation's own machinery, as far as it can break.

    *suspended* are procedures that the calendar no longer starts, *broken* rules whose evaluation
    fails, *unreachable* receivers of alerts.
    """

    node: NodeAccess
    suspended: set[str]
    broken: set[str]
    unreachable: set[str]
    indices: Mapping[str, Index]


@dataclass(frozen=True, slots=True)
class Surfaces:
    """The places of the world where a fault can take hold, by name."""

    sources: Mapping[str, Source]
    demand: Demand
    agents: Mapping[str, Any]
    venues: Mapping[str, Venue] = field(default_factory=dict)
    banks: Mapping[str, Bank] = field(default_factory=dict)
    custodians: Mapping[str, Custodian] = field(default_factory=dict)
    export_feeds: Mapping[str, ExportFeed] = field(default_factory=dict)
    services: Services | None = None
    machinery: Machinery | None = None
    stores: Stores | None = None


def services_of(surfaces: Surfaces) -> Services:
    """Return the services of *surfaces*; UsageError where the world has none."""
    if surfaces.services is None:
        raise UsageError("this world has no services for a fault to take hold of")
    return surfaces.services


class Fault(ABC):
    """One kind of fault; an instance is one occurrence with its validated *params*."""

    kind: ClassVar[str]
    Params: ClassVar[type[FaultParams]]

    def __init__(self, params: Any) -> None:
        """Keep the parameters."""
        self.params = params

    def prepare(self, spec: DeploymentSpec) -> DeploymentSpec:
        """Return what is deployed; a latent fault, there before the run began, changes it."""
        return spec

    @abstractmethod
    def place(self) -> str:
        """Say what the fault takes hold of; two faults may not hold one place at the same time."""

    def check(self, surfaces: Surfaces) -> None:
        """Refuse, with UsageError, what the fault names and the world has not.

        It is asked when the world is made, so that nothing fails at its virtual time.
        """
        del surfaces

    @abstractmethod
    def begin(self, surfaces: Surfaces) -> str:
        """Take hold; return what was done, for the sealed record."""

    @abstractmethod
    def end(self, surfaces: Surfaces) -> str:
        """Let go; return what was done."""
