"""The attestor of the reserve: what statements show of its bills and gold, it attests on chain.

Model: once in *every* seconds it reads the newest statement of each custodian and bank that hold the
reserve's assets. What lies with one that does not answer cannot be had, and is left out: when
Silicon Valley Bank failed on 2023-03-10, 8.25 % of the reserve of USDC was left out of what its
holders counted on, until it was resolved. It attests where that differs from the book by more
than *tolerance*, and where the last attestation runs out within *renew* seconds. Its account is that
of the role; the document is the hash of the statements it rests on.

Source: the contract's own rules of attestation; how often auditors look is the scenario's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from twin.chain.codec import keccak
from twin.clock import DAY, HOUR, Process
from twin.errors import NoData, UnknownName
from twin.habitat import GWEI
from twin.protocol.institutions import ASSETS
from twin.protocol.parameters import Endowment
from twin.scenario.values import Pips, Seconds

from .base import Params, TwinAgent
from .dealing import PIPS

__all__ = ["Attestor", "AttestorParams"]

ROLE = "attestor"
"""The role whose account acts; its name on the chain's register."""
GAS = 200_000
TO_MICRO = 1_000
"""Statements count gold in thousandths of an ounce, the contract in millionths."""


class AttestorParams(Params):
    """Where bills and gold lie: names of assets at custodians, and bank accounts that are cash.

    *custody* gives, by custodian, which line of its statement is which asset of the reserve;
    *cash* gives accounts by bank, which count among the bills. An attestation holds for *term*.
    """

    custody: Mapping[str, Mapping[str, Literal["bills", "gold"]]] = Field(default_factory=dict)
    cash: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    every: Seconds = Field(default=HOUR, ge=1)
    tolerance: Pips = Field(default=100, le=PIPS)
    renew: Seconds = 7 * DAY
    term: Seconds = Field(default=35 * DAY, ge=1, le=100 * DAY)


class Attestor(TwinAgent):
    """Attests what the reserve holds off chain."""

    family: ClassVar[str] = "reserve-attestor"
    Params: ClassVar[type[Params]] = AttestorParams
    params: AttestorParams
    attested = 0
    """Attestations that went through."""

    def endowment(self) -> Endowment:
        """Nothing: the role's account has its own gas."""
        return Endowment()

    def live(self) -> Process:
        """Read the statements at a fixed pace, from a second of its own on."""
        habitat, params = self.habitat, self.params
        for names, known, kind in (
            (params.cash, habitat.banks, "bank"),
            (params.custody, habitat.custodians, "custodian"),
        ):
            for name in names:
                if name not in known:
                    raise UnknownName(kind, name, known)
        self._seen: set[str] = set()
        yield habitat.clock.after(1 + int(self.chance.integers(params.every)))
        while True:
            found = self.read()
            if found is not None:
                amounts, document = found
                for asset, amount in amounts.items():
                    yield from self._attest(ASSETS.index(asset), amount, document)
            yield habitat.clock.after(params.every)

    def read(self) -> tuple[dict[str, int], bytes] | None:
        """Return the units (1e-6) of each asset by the statements, and the hash of these.

        What does not answer is left out; None until everybody published a first statement.
        """
        lines = [*self._cash(), *self._custody()]
        wanted = {*self.params.cash, *self.params.custody}
        if self._seen != wanted:
            return None
        amounts: dict[str, int] = {name: 0 for name in ASSETS if name in self._assets()}
        for asset, amount, _text in lines:
            amounts[asset] += amount
        return amounts, keccak("\n".join(text for _, _, text in lines).encode())

    def _assets(self) -> set[str]:
        named: set[str] = {
            asset for lines in self.params.custody.values() for asset in lines.values()
        }
        return named | ({"bills"} if self.params.cash else set())

    def _cash(self) -> list[tuple[str, int, str]]:
        """Return (asset, units, text) of every bank account that is stated."""
        found = []
        for name, accounts in self.params.cash.items():
            for account in accounts:
                try:
                    told = self.habitat.banks[name].statement(account)
                except NoData:
                    continue
                self._seen.add(name)
                text = f"{name} {account} {told.as_of} {told.balance}"
                found.append(("bills", told.balance, text))
        return found

    def _custody(self) -> list[tuple[str, int, str]]:
        """Return (asset, units, text) of every line of a custodian that counts."""
        found: list[tuple[str, int, str]] = []
        for name, assets in self.params.custody.items():
            try:
                told = self.habitat.custodians[name].statement()
            except NoData:
                continue
            self._seen.add(name)
            for line in told.holdings:
                asset = assets.get(line.asset)
                if asset is not None:
                    units = line.value if asset == "bills" else line.quantity * TO_MICRO
                    text = f"{name} {line.asset} {told.as_of} {line.quantity} {line.value}"
                    found.append((asset, units, text))
            if told.unsettled and "bills" in assets.values():
                text = f"{name} unsettled {told.as_of} {told.unsettled}"
                found.append(("bills", told.unsettled, text))
        return found

    def _attest(self, asset: int, amount: int, document: bytes) -> Process:
        """Attest *amount* of *asset* where the book differs or the attestation runs out."""
        habitat, params = self.habitat, self.params
        booked, _, expiry, *_ = habitat.read("Reserve", "holding", asset)
        near = abs(amount - booked) * PIPS <= params.tolerance * booked
        if near and expiry - habitat.clock.now > params.renew:
            return
        args = (asset, amount, document, habitat.clock.now + params.term)
        if habitat.works(ROLE, "Reserve", "attest", *args):
            receipt = yield habitat.send(ROLE, "Reserve", "attest", *args, gas=GAS, tip=GWEI)
            self.attested += receipt.success
