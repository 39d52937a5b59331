"""Faults that hit many at once: a cloud region, and APIs that are slow or have changed."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from twin.errors import UnknownName
from twin.faults.port import Fault, FaultParams, Surfaces
from twin.faults.reach import services_of
from twin.services.endpoints import Endpoint

__all__ = ["CloudOutage", "EndpointSlow", "PartnerUpgrade"]

PPM = 1_000_000


class RegionParams(FaultParams):
    """In *region*, *error_ppm* of the requests fail and the rest takes *slow_ppm* as long.

    With *blank* its read paths answer without data where they answer.
    """

    region: str
    error_ppm: int = Field(default=600_000, ge=0, le=PPM)
    slow_ppm: int = Field(default=8 * PPM, ge=PPM, le=1_000 * PPM)
    blank: bool = True


class CloudOutage(Fault):
    """A cloud region fails: nodes, the indexer and APIs in it are ill together (2025-10-20)."""

    kind: ClassVar[str] = "cloud-outage"
    Params: ClassVar[type[FaultParams]] = RegionParams
    params: RegionParams

    def place(self) -> str:
        """The region."""
        return f"the region {self.params.region}"

    def check(self, surfaces: Surfaces) -> None:
        """Something stands in the region."""
        regions = services_of(surfaces, self.kind).regions
        if self.params.region not in regions:
            raise UnknownName("region", self.params.region, regions.names())

    def begin(self, surfaces: Surfaces) -> str:
        """Let it fail."""
        wrong = self.params
        region = services_of(surfaces, self.kind).regions.region(wrong.region)
        region.error_ppm, region.slow_ppm = wrong.error_ppm, wrong.slow_ppm
        region.blank = wrong.blank
        return f"{wrong.region}: {wrong.error_ppm} ppm fail, the rest x {wrong.slow_ppm} ppm"

    def end(self, surfaces: Surfaces) -> str:
        """Heal it."""
        region = services_of(surfaces, self.kind).regions.region(self.params.region)
        region.error_ppm, region.slow_ppm, region.blank = 0, PPM, False
        return f"{self.params.region} works again"


class EndpointParams(FaultParams):
    """*endpoint* is one of those that `desk.services.endpoints` names, such as `customs`."""

    endpoint: str


class _EndpointFault(Fault):
    """A fault of one endpoint."""

    params: EndpointParams

    def check(self, surfaces: Surfaces) -> None:
        """The endpoint is there."""
        self.endpoint(surfaces)

    def endpoint(self, surfaces: Surfaces) -> Endpoint:
        """Return the endpoint; UnknownName where there is none."""
        return services_of(surfaces, self.kind).endpoints.get(self.params.endpoint)


class SlowParams(EndpointParams):
    """Answers take *slow_ppm* millionths of their time; what comes after the timeout is lost."""

    slow_ppm: int = Field(default=25 * PPM, ge=PPM, le=10_000 * PPM)


class EndpointSlow(_EndpointFault):
    """An API answers right and late."""

    kind: ClassVar[str] = "endpoint-slow"
    Params: ClassVar[type[FaultParams]] = SlowParams
    params: SlowParams

    def place(self) -> str:
        """How long the endpoint takes."""
        return f"the speed of {self.params.endpoint}"

    def begin(self, surfaces: Surfaces) -> str:
        """Slow it down."""
        self.endpoint(surfaces).slow_ppm = self.params.slow_ppm
        return f"{self.params.endpoint} takes x {self.params.slow_ppm} ppm"

    def end(self, surfaces: Surfaces) -> str:
        """Let it be as fast as before."""
        self.endpoint(surfaces).slow_ppm = PPM
        return f"{self.params.endpoint} is as fast as before"


class UpgradeParams(EndpointParams):
    """The API goes to *version*; *announced* says whether its answers admit it."""

    version: str = "99"
    announced: bool = False


class PartnerUpgrade(_EndpointFault):
    """A partner upgrades: requests succeed as before, and answer in another form."""

    kind: ClassVar[str] = "partner-upgrade"
    Params: ClassVar[type[FaultParams]] = UpgradeParams
    params: UpgradeParams

    def place(self) -> str:
        """The release of the endpoint."""
        return f"the release of {self.params.endpoint}"

    def begin(self, surfaces: Surfaces) -> str:
        """Upgrade it."""
        wrong = self.params
        self.endpoint(surfaces).upgrade(wrong.version, announced=wrong.announced)
        told = "announced" if wrong.announced else "in silence"
        return f"{wrong.endpoint} runs {wrong.version}, {told}"

    def end(self, surfaces: Surfaces) -> str:
        """Roll it back."""
        self.endpoint(surfaces).downgrade()
        return f"{self.params.endpoint} answers as agreed again"
