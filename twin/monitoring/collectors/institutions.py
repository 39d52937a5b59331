"""Banks and custodians, as their statements tell: balances, values, and how fresh they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.errors import DeskError
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["BankCollector", "CustodyCollector"]

UNIT = 10**6
BANK = ("up", "balance_stable", "outgoing_stable", "statement_timestamp_seconds")
CUSTODY = ("up", "value_usd", "unsettled_stable", "statement_timestamp_seconds")


class BankCollector(Collector):
    """Asks for the newest statement of each of *accounts*, (bank, account) pairs."""

    name = "banks"

    def __init__(self, registry: Registry, accounts: Sequence[tuple[str, str]]) -> None:
        """Take the handles."""
        super().__init__(registry)
        self._accounts = [
            (
                bank,
                account,
                [
                    registry.series(f"fictra_bank_{metric}", {"bank": bank, "account": account})
                    for metric in BANK
                ],
            )
            for bank, account in accounts
        ]
        self._banks = {
            bank: registry.series("fictra_bank_open", {"bank": bank}) for bank, _ in accounts
        }
        self._seen: set[tuple[str, str]] = set()

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what answered; before the first closing time there is no statement to miss."""
        for bank, handle in self._banks.items():
            try:
                handle.set(desk.banks.open(bank))
            except DeskError:
                self.missing()
        for bank, account, (up, balance, outgoing, stamp) in self._accounts:
            try:
                statement = desk.banks.statement(bank, account)
            except DeskError:
                if (bank, account) in self._seen:
                    up.set(0)
                    self.missing()
                continue
            self._seen.add((bank, account))
            up.set(1)
            balance.set(statement.balance / UNIT)
            outgoing.set(statement.outgoing / UNIT)
            stamp.set(statement.as_of)


class CustodyCollector(Collector):
    """Asks for the newest statement of each of *custodians*."""

    name = "custody"

    def __init__(self, registry: Registry, custodians: Sequence[str]) -> None:
        """Take the handles."""
        super().__init__(registry)
        self._custodians = [
            (
                name,
                [
                    registry.series(f"fictra_custody_{metric}", {"custodian": name})
                    for metric in CUSTODY
                ],
            )
            for name in custodians
        ]
        self._registry, self._seen = registry, set[str]()

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what answered, and each asset of a statement; none is missed before the first."""
        for name, (up, value, unsettled, stamp) in self._custodians:
            try:
                statement = desk.custody.statement(name)
            except DeskError:
                if name in self._seen:
                    up.set(0)
                    self.missing()
                continue
            self._seen.add(name)
            up.set(1)
            value.set(sum(line.value for line in statement.holdings) / UNIT)
            unsettled.set(statement.unsettled / UNIT)
            stamp.set(statement.as_of)
            for line in statement.holdings:
                labels = {"custodian": name, "asset": line.asset}
                held = self._registry.series("fictra_custody_holding", labels)
                held.set(line.quantity / 1000)
