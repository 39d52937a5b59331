"""The probe service: sends a small transfer in the manner of each role and watches what becomes of it.

A probe pays what its role pays: users wait when a block is dear, keepers and the team bid more. One
is in flight a role; while it waits no other is sent, and its age is the measurement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twin.chain.chain import Chain
from twin.chain.codec import hex0x
from twin.clock import Clock, Process
from twin.desk.port import Probe
from twin.errors import InvalidTransaction
from twin.protocol.roles import account_of
from twin.scenario.services_nodes import ProbesSpec

__all__ = ["ProbeClient", "ProbeService"]

FUNDS = 10**24
"""Wei that each account starts with: a million, for ever."""

GAS = 21_000
"""A transfer."""


@dataclass(slots=True)
class _Sent:
    role: str
    second: int
    tip: int
    hash: bytes
    refused: str | None = None
    final: Probe | None = None


class ProbeService:
    """Sends on *chain* what *spec* declares, from accounts of its own."""

    def __init__(self, spec: ProbesSpec, clock: Clock, chain: Chain) -> None:
        """Fund the accounts; `start` sends."""
        self.spec, self._clock, self._chain = spec, clock, chain
        self.interval = spec.every * chain.config.block_interval
        self.sent: list[_Sent] = []
        self._accounts: Mapping[str, bytes] = {
            role: account_of(f"probe-{role}") for role in spec.tips
        }
        if spec.every:
            for account in self._accounts.values():
                chain.fund(account, FUNDS)

    @property
    def roles(self) -> list[str]:
        """The roles that probes are sent for."""
        return list(self._accounts) if self.spec.every else []

    def start(self) -> None:
        """Begin, where probes are declared."""
        if self.spec.every:
            self._clock.spawn(self._live())

    def _live(self) -> Process:
        while True:
            yield self._clock.after(self.interval)
            for role, account in self._accounts.items():
                if self._chain.pending_nonce(account) == self._chain.account(account).nonce:
                    self._send(role, account)

    def _send(self, role: str, account: bytes) -> None:
        tip = self.spec.tips[role]
        try:
            sent = self._chain.send(account, account, gas=GAS, tip=tip)
        except InvalidTransaction as error:
            self.sent.append(_Sent(role, self._clock.now, tip, b"", str(error)))
            return
        self.sent.append(_Sent(role, self._clock.now, tip, sent))

    def look(self, item: _Sent) -> Probe:
        """Return how the probe *item* stands now."""
        if item.final is not None:
            return item.final
        chain, block, included, confirmed = self._chain, None, None, None
        receipt = chain.receipt(item.hash) if item.hash else None
        if receipt is not None:
            block, included = receipt.block, chain.timestamp(receipt.block)
            if chain.head >= block + self.spec.confirmations:
                confirmed = chain.timestamp(block + self.spec.confirmations)
        dropped = item.refused or (chain.dropped(item.hash) if receipt is None else None)
        made = Probe(
            item.role, item.second, item.tip, hex0x(item.hash), block, included, confirmed, dropped
        )
        if block is not None and chain.head > block + chain.config.reorg_window:
            item.final = made  # no reorg reaches it any more
        return made


class ProbeClient:
    """A reader of the probes: what the desk shows of them."""

    __slots__ = ("_service",)

    def __init__(self, service: ProbeService) -> None:
        """Read these."""
        self._service = service

    def roles(self) -> list[str]:
        """The roles that probes stand for."""
        return self._service.roles

    def interval(self) -> int:
        """Return the seconds between two probes of one role."""
        return self._service.interval

    def since(self, second: int) -> list[Probe]:
        """Return the probes sent from unix *second* on."""
        found = []
        for item in reversed(self._service.sent):
            if item.second < second:
                break
            found.append(self._service.look(item))
        return found[::-1]
