"""Faults of institutions: a bank that fails, a custodian that goes silent, a dead export feed."""

from __future__ import annotations

from typing import ClassVar

from twin.errors import UnknownName
from twin.faults.port import Fault, FaultParams, Surfaces
from twin.market.bank import Bank
from twin.market.custody import Custodian
from twin.market.exports import ExportFeed

__all__ = ["BankFailure", "CustodianSilence", "ExportFeedDeath"]


class BankParams(FaultParams):
    """*bank* answers nothing and settles nothing."""

    bank: str


class BankFailure(Fault):
    """A bank fails: payments in flight are stuck until it is resolved (SVB, 2023-03-10 to 13)."""

    kind: ClassVar[str] = "bank-failure"
    Params: ClassVar[type[FaultParams]] = BankParams
    params: BankParams

    def place(self) -> str:
        """Whether the bank answers."""
        return f"the life of the bank {self.params.bank}"

    def check(self, surfaces: Surfaces) -> None:
        """The bank is there."""
        self._bank(surfaces)

    def begin(self, surfaces: Surfaces) -> str:
        """Close the bank."""
        self._bank(surfaces).halt()
        return f"{self.params.bank} failed"

    def end(self, surfaces: Surfaces) -> str:
        """Resolve it: what was stuck settles from the next opening on."""
        self._bank(surfaces).resume(surfaces.banks)
        return f"{self.params.bank} is resolved"

    def _bank(self, surfaces: Surfaces) -> Bank:
        if self.params.bank not in surfaces.banks:
            raise UnknownName("bank", self.params.bank, surfaces.banks)
        return surfaces.banks[self.params.bank]


class CustodianParams(FaultParams):
    """*custodian* publishes no statement and settles no sale."""

    custodian: str


class CustodianSilence(Fault):
    """A custodian does not answer, and whoever relies on its last statement does not know why."""

    kind: ClassVar[str] = "custodian-silence"
    Params: ClassVar[type[FaultParams]] = CustodianParams
    params: CustodianParams

    def place(self) -> str:
        """Whether the custodian answers."""
        return f"the life of the custodian {self.params.custodian}"

    def check(self, surfaces: Surfaces) -> None:
        """The custodian is there."""
        self._custodian(surfaces)

    def begin(self, surfaces: Surfaces) -> str:
        """Silence it."""
        self._custodian(surfaces).halt()
        return f"{self.params.custodian} is silent"

    def end(self, surfaces: Surfaces) -> str:
        """Let it answer again."""
        self._custodian(surfaces).resume()
        return f"{self.params.custodian} answers again"

    def _custodian(self, surfaces: Surfaces) -> Custodian:
        if self.params.custodian not in surfaces.custodians:
            raise UnknownName("custodian", self.params.custodian, surfaces.custodians)
        return surfaces.custodians[self.params.custodian]


class FeedParams(FaultParams):
    """*export_feed* publishes nothing."""

    export_feed: str


class ExportFeedDeath(Fault):
    """A feed on exports dies quietly: one witness less for every cargo."""

    kind: ClassVar[str] = "export-feed-death"
    Params: ClassVar[type[FaultParams]] = FeedParams
    params: FeedParams

    def place(self) -> str:
        """Whether the feed publishes."""
        return f"the life of the export feed {self.params.export_feed}"

    def check(self, surfaces: Surfaces) -> None:
        """The feed is there."""
        self._feed(surfaces)

    def begin(self, surfaces: Surfaces) -> str:
        """Stop it."""
        self._feed(surfaces).die()
        return f"{self.params.export_feed} died"

    def end(self, surfaces: Surfaces) -> str:
        """Start it again."""
        self._feed(surfaces).revive()
        return f"{self.params.export_feed} is back"

    def _feed(self, surfaces: Surfaces) -> ExportFeed:
        if self.params.export_feed not in surfaces.export_feeds:
            raise UnknownName("export feed", self.params.export_feed, surfaces.export_feeds)
        return surfaces.export_feeds[self.params.export_feed]
