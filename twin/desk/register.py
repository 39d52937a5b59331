"""The signed register: addresses, approved parameters and feeds, as the organisation keeps them.

It is made from what governance approved, never from what is on chain: a parameter that was
deployed wrong differs from its entry here, which is how an audit finds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.errors import UnknownName

__all__ = ["SignedRegister"]


class SignedRegister:
    """Approved *parameters* by dotted name, *addresses* by name, feed ids by commodity."""

    __slots__ = ("_addresses", "_contracts", "_feeds", "_holders", "_nodes", "_parameters")

    def __init__(
        self,
        *,
        parameters: Mapping[str, Any],
        addresses: Mapping[str, bytes],
        feeds: Mapping[str, bytes],
        contracts: Mapping[str, bytes] | None = None,
        holders: Mapping[int, Sequence[bytes]] | None = None,
        nodes: Mapping[str, bytes] | None = None,
    ) -> None:
        """Copy the tables: code hashes by contract, accounts by role id and by node, too."""
        self._parameters = dict(parameters)
        self._addresses = dict(addresses)
        self._feeds = dict(feeds)
        self._contracts = dict(contracts or {})
        self._holders = {role: tuple(accounts) for role, accounts in (holders or {}).items()}
        self._nodes = dict(nodes or {})

    def parameter(self, name: str) -> Any:
        """Return the approved value of *name*."""
        if name not in self._parameters:
            raise UnknownName("parameter", name, self._parameters)
        return self._parameters[name]

    def commodities(self) -> list[str]:
        """Return the commodities with a feed, in the register's order."""
        return list(self._feeds)

    def feed_id(self, commodity: str) -> bytes:
        """Return the on-chain id of the feed of *commodity*."""
        if commodity not in self._feeds:
            raise UnknownName("commodity", commodity, self._feeds)
        return self._feeds[commodity]

    def address(self, name: str) -> bytes:
        """Return the address of a contract or role account."""
        if name not in self._addresses:
            raise UnknownName("address", name, self._addresses)
        return self._addresses[name]

    def contracts(self) -> Mapping[str, bytes]:
        """Return the approved code hash of every contract."""
        return dict(self._contracts)

    def holders(self) -> Mapping[int, Sequence[bytes]]:
        """Return who may hold each role, by its id."""
        return dict(self._holders)

    def nodes(self) -> Mapping[str, bytes]:
        """Return the accounts of the oracle nodes."""
        return dict(self._nodes)

    def parameters(self) -> Mapping[str, Any]:
        """Return every approved parameter."""
        return dict(self._parameters)
