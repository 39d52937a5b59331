"""Faults of the reserve: what is held is missing, concentrated, locked, stuck or wrongly attested."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from twin.errors import UnknownName, UsageError
from twin.faults.hands import Hand, services_of
from twin.faults.port import Fault, FaultParams, Surfaces
from twin.market.custody import Custodian
from twin.protocol.roles import account_of

__all__ = [
    "AttestationBasis",
    "AttestationForgery",
    "Concentration",
    "CustodianMissingFunds",
    "LockedWallet",
    "StuckSettlement",
    "WrongInstruction",
]

PPM = 1_000_000


def _custodian(surfaces: Surfaces, name: str, asset: str | None = None) -> Custodian:
    if name not in surfaces.custodians:
        raise UnknownName("custodian", name, surfaces.custodians)
    found = surfaces.custodians[name]
    if asset is not None and asset not in found.assets:
        raise UnknownName("asset", asset, found.assets)
    return found


class MissingParams(FaultParams):
    """*share_ppm* of the *asset* at *custodian* is gone."""

    custodian: str
    asset: str
    share_ppm: int = Field(default=200_000, gt=0, le=PPM)


class CustodianMissingFunds(Fault):
    """A part of what a custodian should hold is not there."""

    kind: ClassVar[str] = "custodian-missing-funds"
    Params: ClassVar[type[FaultParams]] = MissingParams
    params: MissingParams

    def place(self) -> str:
        """The holding."""
        return f"the {self.params.asset} at {self.params.custodian}"

    def check(self, surfaces: Surfaces) -> None:
        """The holding is there."""
        _custodian(surfaces, self.params.custodian, self.params.asset)

    def begin(self, surfaces: Surfaces) -> str:
        """Take it away."""
        holder, asset = _custodian(surfaces, self.params.custodian), self.params.asset
        lost = holder.holding(asset) * self.params.share_ppm // PPM
        holder.lose(asset, lost)
        return f"{lost} of {asset} at {holder.name} are gone"

    def end(self, surfaces: Surfaces) -> str:
        """What is gone is gone."""
        del surfaces
        return "what is gone stays gone"


class ConcentrationParams(FaultParams):
    """The *asset* at *custodian* is owed by *issuer* from now on."""

    custodian: str
    asset: str
    issuer: str


class Concentration(Fault):
    """What should be spread is owed by one, or by somebody whom policy does not know."""

    kind: ClassVar[str] = "concentration"
    Params: ClassVar[type[FaultParams]] = ConcentrationParams
    params: ConcentrationParams

    def place(self) -> str:
        """Who owes the asset."""
        return f"the issuer of {self.params.asset} at {self.params.custodian}"

    def check(self, surfaces: Surfaces) -> None:
        """The holding is there."""
        _custodian(surfaces, self.params.custodian, self.params.asset)

    def begin(self, surfaces: Surfaces) -> str:
        """Swap the issuer."""
        wrong = self.params
        self._before = _custodian(surfaces, wrong.custodian).reissue(wrong.asset, wrong.issuer)
        return f"{wrong.asset} at {wrong.custodian} is owed by {wrong.issuer}"

    def end(self, surfaces: Surfaces) -> str:
        """Swap it back."""
        wrong = self.params
        _custodian(surfaces, wrong.custodian).reissue(wrong.asset, self._before)
        return f"{wrong.asset} at {wrong.custodian} is owed as before"


class StuckParams(FaultParams):
    """No slice settles."""


class StuckSettlement(Fault):
    """Slices that custodians carry out never settle."""

    kind: ClassVar[str] = "stuck-settlement"
    Params: ClassVar[type[FaultParams]] = StuckParams
    params: StuckParams

    def place(self) -> str:
        """The settlement of slices."""
        return "the settlement of slices"

    def begin(self, surfaces: Surfaces) -> str:
        """Jam it."""
        services_of(surfaces).fills.jam(stuck=True)
        return "slices do not settle"

    def end(self, surfaces: Surfaces) -> str:
        """Let it go on."""
        services_of(surfaces).fills.jam(stuck=False)
        return "slices settle again"


class InstructionParams(FaultParams):
    """The mail of *custodian* names the account of *payee*."""

    custodian: str
    payee: str = "mallory"


class WrongInstruction(Fault):
    """A forged settlement instruction sends the reserve's tokens to another address."""

    kind: ClassVar[str] = "wrong-instruction"
    Params: ClassVar[type[FaultParams]] = InstructionParams
    params: InstructionParams

    def place(self) -> str:
        """The instruction."""
        return f"the settlement instruction of {self.params.custodian}"

    def check(self, surfaces: Surfaces) -> None:
        """The custodian is there."""
        _custodian(surfaces, self.params.custodian)

    def begin(self, surfaces: Surfaces) -> str:
        """Forge it."""
        wrong = self.params
        services_of(surfaces).fills.redirect(wrong.custodian, account_of(wrong.payee))
        return f"the instruction of {wrong.custodian} names {wrong.payee}"

    def end(self, surfaces: Surfaces) -> str:
        """Put it right."""
        services_of(surfaces).fills.redirect(self.params.custodian, None)
        return f"the instruction of {self.params.custodian} is its own again"


class AttestationParams(FaultParams):
    """Attestations are made at `cost` from now on, or (`none`) not at all."""

    basis: Literal["cost", "none"] = "cost"


class AttestationBasis(Fault):
    """The auditor attests what was paid, or stops attesting."""

    kind: ClassVar[str] = "attestation-basis"
    Params: ClassVar[type[FaultParams]] = AttestationParams
    params: AttestationParams

    def place(self) -> str:
        """The attestations."""
        return "the attestations of the reserve"

    def begin(self, surfaces: Surfaces) -> str:
        """Change the basis."""
        auditor = services_of(surfaces).attestations
        if self.params.basis == "none":
            auditor.rest(resting=True)
            return "nothing is attested any more"
        auditor.carry_at("cost")
        return "attestations are made at cost"

    def end(self, surfaces: Surfaces) -> str:
        """Change it back."""
        auditor = services_of(surfaces).attestations
        auditor.rest(resting=False)
        auditor.carry_at(None)
        return "attestations are made as declared"


class ForgeryParams(FaultParams):
    """The key of *signer* signs in the auditor's name."""

    signer: str = "mallory"


class AttestationForgery(Fault):
    """Attestations are written in the auditor's name by somebody who is not it."""

    kind: ClassVar[str] = "attestation-forgery"
    Params: ClassVar[type[FaultParams]] = ForgeryParams
    params: ForgeryParams

    def place(self) -> str:
        """Who signs."""
        return "the signature under the attestations"

    def begin(self, surfaces: Surfaces) -> str:
        """Take the pen."""
        services_of(surfaces).attestations.sign_as(self.params.signer)
        return f"attestations are signed by {self.params.signer}"

    def end(self, surfaces: Surfaces) -> str:
        """Give it back."""
        services_of(surfaces).attestations.sign_as(None)
        return "the auditor signs its attestations"


class WalletParams(FaultParams):
    """The wallet of *custodian* is locked; without one, a lone key brakes the reserve on chain."""

    custodian: str | None = None


class LockedWallet(Fault):
    """What is shown cannot be moved (Bybit, 2025-02-21)."""

    kind: ClassVar[str] = "locked-wallet"
    Params: ClassVar[type[FaultParams]] = WalletParams
    params: WalletParams

    def place(self) -> str:
        """The wallet."""
        return f"the wallet of {self.params.custodian or 'the reserve'}"

    def check(self, surfaces: Surfaces) -> None:
        """The custodian is there."""
        if self.params.custodian is not None:
            _custodian(surfaces, self.params.custodian)
        elif surfaces.services is None:
            raise UsageError("a lock of the reserve needs a world with services")

    def begin(self, surfaces: Surfaces) -> str:
        """Lock it."""
        if self.params.custodian is None:
            hand = Hand(services_of(surfaces))
            hand.start(hand.as_role("pauser", "Reserve", "pause"))
            return "the reserve is braked by one key"
        _custodian(surfaces, self.params.custodian).lock(locked=True)
        return f"the wallet of {self.params.custodian} is locked"

    def end(self, surfaces: Surfaces) -> str:
        """Unlock it."""
        if self.params.custodian is None:
            hand = Hand(services_of(surfaces))
            hand.start(hand.as_role("unpauser", "Reserve", "unpause"))
            return "the reserve is released"
        _custodian(surfaces, self.params.custodian).lock(locked=False)
        return f"the wallet of {self.params.custodian} is open"
