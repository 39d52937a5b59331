"""Outside the network: prices, venues, export papers, banks and custodians."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from twin.quotes import (
    BankStatement,
    CustodyStatement,
    ExportRecord,
    Quote,
    SignedReport,
    Ticker,
)

__all__ = [
    "Banks",
    "Custody",
    "Customs",
    "Feeds",
    "Venues",
]


class Feeds(Protocol):
    """Prices from outside the chain."""

    def index(self, commodity: str) -> Quote:
        """Return the independent index of *commodity*. Raises NoData."""

    def rate(self, currency: str) -> Quote:
        """Return what one unit of *currency* is worth in USD (8 decimals). Raises NoData."""

    def reports(self, commodity: str) -> list[SignedReport]:
        """Return the newest signed report of each oracle node for *commodity*."""

    def authentic(self, report: SignedReport) -> bool:
        """Verify the node's signature on *report*."""


class Venues(Protocol):
    """The venues' public REST."""

    def names(self) -> list[str]:
        """The venues there are."""

    def ticker(self, venue: str) -> Ticker:
        """Return the ticker of *venue*. Raises NoData while it does not answer."""


class Customs(Protocol):
    """Export documents as customs and shipping publish them."""

    def document(self, document_hash: bytes) -> Mapping[str, Any] | None:
        """Return the export with *document_hash*: exporter, commodity, quantity, bill of lading."""

    def export_feeds(self) -> list[str]:
        """The feeds on exports beside customs: carriers, inspectors."""

    def record(self, feed: str, document_hash: bytes) -> ExportRecord | None:
        """Return what *feed* has published of a document, or None."""


class Banks(Protocol):
    """The banks' client interface: statements, as of the last closing time that is published."""

    def accounts(self) -> list[tuple[str, str]]:
        """The (bank, account) pairs there are."""

    def statement(self, bank: str, account: str) -> BankStatement:
        """Return the newest statement. Raises NoData where there is none, or no bank."""

    def open(self, bank: str) -> bool:
        """Say whether payments of *bank* move now."""

    def value_date(self, bank: str) -> int:
        """Return when a payment ordered now would settle, unix seconds. Raises NoData."""


class Custody(Protocol):
    """The custodians' client interface."""

    def names(self) -> list[str]:
        """The custodians there are."""

    def statement(self, custodian: str) -> CustodyStatement:
        """Return the newest statement. Raises NoData where there is none, or no custodian."""

    def quote(self, custodian: str, asset: str, quantity: int) -> int:
        """Return the stable units that a sale of *quantity* thousandths of *asset* would bring."""

    def value_date(self, custodian: str) -> int:
        """Return when a sale ordered now would pay, unix seconds. Raises NoData where none can."""

    def account(self, custodian: str) -> tuple[str, str]:
        """Return the bank and the account into which *custodian* pays."""
