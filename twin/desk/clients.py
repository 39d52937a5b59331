"""The institutions as their clients see them: export papers, bank and custody statements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.errors import UnknownName
from twin.market.bank import Bank
from twin.market.custody import Custodian
from twin.market.customs import Customs
from twin.market.exports import ExportFeed
from twin.quotes import BankStatement, CustodyStatement, ExportRecord

__all__ = ["BankClient", "CustodyClient", "ExportPapers"]


class ExportPapers:
    """Papers of exports: what customs holds, and what the feeds published."""

    __slots__ = ("_customs", "_feeds")

    def __init__(self, customs: Customs, feeds: Mapping[str, ExportFeed]) -> None:
        """Show these."""
        self._customs, self._feeds = customs, feeds

    def document(self, document_hash: bytes) -> Mapping[str, Any] | None:
        """Return the export papers with *document_hash*."""
        return self._customs.published(document_hash)

    def export_feeds(self) -> list[str]:
        """The feeds on exports."""
        return list(self._feeds)

    def record(self, feed: str, document_hash: bytes) -> ExportRecord | None:
        """Return what *feed* says of a document."""
        if feed not in self._feeds:
            raise UnknownName("export feed", feed, self._feeds)
        return self._feeds[feed].record(document_hash)


class BankClient:
    """A client of every bank."""

    __slots__ = ("_banks",)

    def __init__(self, banks: Mapping[str, Bank]) -> None:
        """Show these."""
        self._banks = banks

    def accounts(self) -> list[tuple[str, str]]:
        """The accounts there are."""
        return [(name, account) for name, bank in self._banks.items() for account in bank.accounts]

    def statement(self, bank: str, account: str) -> BankStatement:
        """Return the newest statement of *account*."""
        return self._bank(bank).statement(account)

    def open(self, bank: str) -> bool:
        """Say whether payments of *bank* move now."""
        return self._bank(bank).open

    def value_date(self, bank: str) -> int:
        """Return when a payment ordered now would settle."""
        return self._bank(bank).value_date()

    def _bank(self, name: str) -> Bank:
        if name not in self._banks:
            raise UnknownName("bank", name, self._banks)
        return self._banks[name]


class CustodyClient:
    """A client of every custodian."""

    __slots__ = ("_custodians",)

    def __init__(self, custodians: Mapping[str, Custodian]) -> None:
        """Show these."""
        self._custodians = custodians

    def names(self) -> list[str]:
        """The custodians there are."""
        return list(self._custodians)

    def statement(self, custodian: str) -> CustodyStatement:
        """Return the newest statement."""
        return self._custodian(custodian).statement()

    def quote(self, custodian: str, asset: str, quantity: int) -> int:
        """Say what a sale would bring."""
        return self._custodian(custodian).quote(asset, quantity)

    def value_date(self, custodian: str) -> int:
        """Return when a sale ordered now would pay."""
        return self._custodian(custodian).value_date()

    def account(self, custodian: str) -> tuple[str, str]:
        """Return the bank and the account into which it pays."""
        return self._custodian(custodian).account

    def _custodian(self, name: str) -> Custodian:
        if name not in self._custodians:
            raise UnknownName("custodian", name, self._custodians)
        return self._custodians[name]
