"""Faults of exports and allocations: papers for a cargo that is not there, or not there twice."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from twin.chain.codec import keccak
from twin.clock import Process
from twin.errors import UnknownName
from twin.faults.hands import Hand, services_of, sovereign_of
from twin.faults.port import Fault, FaultParams, Surfaces
from twin.protocol.deployment import DeploymentSpec
from twin.scenario.values import Quantity3

__all__ = ["DuplicateExport", "FatFingerClaim", "OverAllocation", "PhantomExport"]

PPM = 1_000_000


class CargoParams(FaultParams):
    """*sovereign* claims *quantity* of *commodity* (thousandths of its unit)."""

    sovereign: str
    commodity: str = "WTI"
    quantity: Quantity3 = 400_000 * 1000


class _Cargo(Fault):
    """A claim that one sovereign makes."""

    params: CargoParams

    def place(self) -> str:
        """The claims of the sovereign."""
        return f"the claims of {self.params.sovereign}"

    def check(self, surfaces: Surfaces) -> None:
        """Sovereign and feed are there."""
        sovereign_of(surfaces, self.params.sovereign)
        feeds = services_of(surfaces).deployment.feeds
        if self.params.commodity not in feeds:
            raise UnknownName("feed", self.params.commodity, feeds)

    def end(self, surfaces: Surfaces) -> str:
        """What was claimed stays claimed."""
        del surfaces
        return "the claim stays"


class DuplicateParams(CargoParams):
    """The same cargo is claimed again by *second* (by default the same sovereign) on new papers."""

    second: str = ""


class DuplicateExport(_Cargo):
    """One cargo stands behind two documents (Qingdao, 2014)."""

    kind: ClassVar[str] = "duplicate-export"
    Params: ClassVar[type[FaultParams]] = DuplicateParams
    params: DuplicateParams

    def check(self, surfaces: Surfaces) -> None:
        """Both sovereigns are there."""
        super().check(surfaces)
        sovereign_of(surfaces, self.params.second or self.params.sovereign)

    def begin(self, surfaces: Surfaces) -> str:
        """Declare the cargo, issue papers for it twice, and claim both."""
        wrong, services = self.params, services_of(surfaces)
        customs, hand = services.market.customs, Hand(services)
        second = wrong.second or wrong.sovereign
        first = customs.declare(
            wrong.sovereign, wrong.commodity, wrong.quantity, services.clock.now
        )
        again = customs.reissue(first.hash, port="bonded warehouse 7", exporter=second)
        for name, document in ((wrong.sovereign, first), (second, again)):
            account = sovereign_of(surfaces, name)
            hand.start(hand.export(account, document.hash, wrong.commodity, wrong.quantity))
        return f"{first.bill_of_lading} is claimed on two documents"


class PhantomParams(CargoParams):
    """Without *papers* customs knows nothing of it; with them it is only the cargo that is not."""

    papers: bool = True


class PhantomExport(_Cargo):
    """An export is claimed with nothing behind it."""

    kind: ClassVar[str] = "phantom-export"
    Params: ClassVar[type[FaultParams]] = PhantomParams
    params: PhantomParams

    def begin(self, surfaces: Surfaces) -> str:
        """Claim a cargo that nobody loaded."""
        wrong, services = self.params, services_of(surfaces)
        now = services.clock.now
        if wrong.papers:
            made = services.market.customs.declare(
                wrong.sovereign, wrong.commodity, wrong.quantity, now
            )
            services.market.customs.conceal(made.hash)
            document = made.hash
        else:
            document = keccak(f"nothing of {wrong.sovereign} at {now}".encode())
        hand, account = Hand(services), sovereign_of(surfaces, wrong.sovereign)
        hand.start(hand.export(account, document, wrong.commodity, wrong.quantity))
        return f"{wrong.sovereign} claims a cargo that nobody loaded"


class FingerParams(CargoParams):
    """The claim is *factor* times what the papers show."""

    factor: int = Field(default=10, ge=2)


class FatFingerClaim(_Cargo):
    """A claim has a zero too many."""

    kind: ClassVar[str] = "fat-finger-claim"
    Params: ClassVar[type[FaultParams]] = FingerParams
    params: FingerParams

    def begin(self, surfaces: Surfaces) -> str:
        """Declare the cargo and claim a multiple of it."""
        wrong, services = self.params, services_of(surfaces)
        made = services.market.customs.declare(
            wrong.sovereign, wrong.commodity, wrong.quantity, services.clock.now
        )
        hand, account = Hand(services), sovereign_of(surfaces, wrong.sovereign)
        claimed = wrong.quantity * wrong.factor
        hand.start(self._claim(hand, account, made.hash, claimed=claimed))
        return f"{wrong.sovereign} claims {wrong.factor} times its cargo"

    def _claim(self, hand: Hand, account: bytes, document: bytes, *, claimed: int) -> Process:
        feed = hand.services.deployment.feeds[self.params.commodity]
        yield from hand.send(account, "AllocationBook", "claim", document, feed, claimed)


class RateParams(FaultParams):
    """FT a dollar were deployed at *factor_ppm* / 1,000,000 times the approved rate."""

    factor_ppm: int = Field(default=1_250_000, gt=0)


class OverAllocation(Fault):
    """The book pays by another schedule than the one that was approved."""

    kind: ClassVar[str] = "over-allocation"
    Params: ClassVar[type[FaultParams]] = RateParams
    params: RateParams

    def place(self) -> str:
        """The rate of the book."""
        return "the rate of the allocation book"

    def prepare(self, spec: DeploymentSpec) -> DeploymentSpec:
        """Deploy the book with the wrong rate."""
        rate = spec.allocation.rate_per_usd * self.params.factor_ppm // PPM
        return replace(spec, allocation=replace(spec.allocation, rate_per_usd=rate))

    def begin(self, surfaces: Surfaces) -> str:
        """It was there before the run began."""
        del surfaces
        return f"the book was deployed at {self.params.factor_ppm} ppm of the approved rate"

    def end(self, surfaces: Surfaces) -> str:
        """Configuration does not heal by itself."""
        del surfaces
        return "the rate stays as it is on chain"
