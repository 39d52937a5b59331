"""Faults that nobody sees on the day: demand for gas, and a node's latency, that creep upwards."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from twin.chain.basefee import Demand
from twin.clock import DAY, HOUR, Process
from twin.faults.port import Fault, FaultParams, Surfaces, services_of
from twin.services.services import Services

__all__ = ["LatencyCreep", "SlowDegradation"]

GWEI = 10**9


class DegradationParams(FaultParams):
    """*gas_a_day* more gas in every block each day, paid up to *max_fee_gwei*."""

    gas_a_day: int = Field(default=1_000_000, gt=0)
    max_fee_gwei: int = Field(default=200, gt=0)


class SlowDegradation(Fault):
    """Blocks fill a little more every day: utilisation, base fee and confirmation times creep."""

    kind: ClassVar[str] = "slow-degradation"
    Params: ClassVar[type[FaultParams]] = DegradationParams
    params: DegradationParams

    def __init__(self, params: DegradationParams) -> None:
        """Nothing creeps yet."""
        super().__init__(params)
        self._on = False

    def place(self) -> str:
        """The gas that others ask for."""
        return "the creeping demand for gas"

    def check(self, surfaces: Surfaces) -> None:
        """There is a chain to fill."""
        services_of(surfaces)

    def begin(self, surfaces: Surfaces) -> str:
        """Add an hour's worth of demand at a time, more with every day."""
        self._on = True
        services = services_of(surfaces)
        services.clock.spawn(self._creep(services))
        return f"{self.params.gas_a_day} more gas a block every day"

    def _creep(self, services: Services) -> Process:
        clock, started = services.clock, services.clock.now
        interval = services.chain.config.block_interval
        while self._on:
            gas = self.params.gas_a_day * (clock.now - started) // DAY
            begin = clock.now + interval
            if gas:
                fee = self.params.max_fee_gwei * GWEI
                services.chain.add_background(
                    Demand(start=begin, end=begin + HOUR, gas=gas, max_fee=fee, tip=2 * GWEI)
                )
            yield clock.after(HOUR)

    def end(self, surfaces: Surfaces) -> str:
        """Let the demand go within the hour."""
        del surfaces
        self._on = False
        return "the creeping demand is gone"


class CreepParams(FaultParams):
    """The latency of *node* grows by *ppm_a_day* of what it was."""

    node: str
    ppm_a_day: int = Field(default=100_000, gt=0)


class LatencyCreep(Fault):
    """An oracle node answers a little later every day: a disk that fills, a leak."""

    kind: ClassVar[str] = "latency-creep"
    Params: ClassVar[type[FaultParams]] = CreepParams
    params: CreepParams

    def place(self) -> str:
        """How fast the node is."""
        return f"the latency of {self.params.node}"

    def check(self, surfaces: Surfaces) -> None:
        """The node is there."""
        services_of(surfaces).operators.host(self.params.node)

    def begin(self, surfaces: Surfaces) -> str:
        """Let it creep."""
        services_of(surfaces).operators.creep(self.params.node, self.params.ppm_a_day)
        return f"{self.params.node} slows down by {self.params.ppm_a_day} ppm a day"

    def end(self, surfaces: Surfaces) -> str:
        """Repair it."""
        services_of(surfaces).operators.creep(self.params.node, 0)
        return f"{self.params.node} is as fast as before"
