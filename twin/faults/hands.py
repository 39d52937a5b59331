"""Hands with somebody's keys: how a fault acts on chain as whoever it has taken hold of."""

from __future__ import annotations

from typing import Any

from twin.clock import HOUR, Process
from twin.errors import UnknownName, UsageError
from twin.faults.port import Surfaces
from twin.protocol.operations import operation_of
from twin.protocol.reader import Reader
from twin.services.listening import TIP, send
from twin.services.services import Services

__all__ = ["Hand", "services_of", "sovereign_of"]


def services_of(surfaces: Surfaces) -> Services:
    """Return the services; UsageError in a world without any."""
    if surfaces.services is None:
        raise UsageError("this fault acts through the services of a world: there are none")
    return surfaces.services


def sovereign_of(surfaces: Surfaces, name: str) -> bytes:
    """Return the account of a sovereign; UnknownName where there is none of the name."""
    known = services_of(surfaces).deployment.sovereigns
    if name not in known:
        raise UnknownName("sovereign", name, known)
    return known[name]


class Hand:
    """Sends transactions from any account of the world."""

    def __init__(self, services: Services) -> None:
        """Use the chain of *services*."""
        self.services = services
        self.reader = Reader(services.chain, services.deployment)

    def start(self, process: Process) -> None:
        """Let *process* run from now on."""
        self.services.clock.spawn(process)

    def send(self, account: bytes, contract: str, function: str, *args: Any) -> Process:
        """Send a call from *account*; value whether it succeeded."""
        services = self.services
        return (
            yield from send(
                services.clock, services.chain, services.deployment, account,
                (contract, function, args),
            )
        )  # fmt: skip

    def as_role(self, role: str, contract: str, function: str, *args: Any) -> Process:
        """Send a restricted call with the key of *role*, waiting out its delay."""
        services = self.services
        what = operation_of(
            services.deployment, role, contract=contract, function=function, args=args
        )
        for number, (to, data) in enumerate(what.messages):
            if number:
                yield services.clock.after(what.delay)
            chain = services.chain
            cap = 20 * chain.next_base_fee + TIP
            tx = chain.send(what.caller, to, data, gas=1_000_000, tip=TIP, max_fee=cap)
            yield chain.included(tx)

    def export(self, account: bytes, document: bytes, commodity: str, quantity: int) -> Process:
        """Claim an export and settle it as soon as the contract lets it, for at most three days."""
        services = self.services
        feed = services.deployment.feeds[commodity]
        yield from self.send(account, "AllocationBook", "claim", document, feed, quantity)
        for _hour in range(6 * 72):
            yield services.clock.after(HOUR // 6)
            if self.reader.read("OracleNetwork", "verified", document)[1] != quantity:
                continue
            if (yield from self.send(account, "AllocationBook", "settle", document)):
                return
