"""The inventory of versions, made from what a scenario declares and what every network like ours has."""

from __future__ import annotations

from twin.desk.port import Component, Integration, Requirement, Upgrade
from twin.scenario.services_nodes import InventorySpec, NodeSpec

__all__ = ["InventoryClient", "VersionInventory"]

YEAR = 365 * 86_400

COMMON = (
    ("solc", "compiler", "0.8.30", "contracts", "public"),
    ("openzeppelin-contracts", "library", "5.4.0", "contracts", "public"),
    ("prometheus", "tool", "2.42.0", "monitoring", "internal"),
    ("alertmanager", "tool", "0.25.0", "monitoring", "internal"),
    ("web3.py", "library", "7.14.0", "operations", "internal"),
    ("openssl", "library", "3.0.17", "edge", "public"),
)
"""What runs beside nodes and partners: the build of the contracts, monitoring, the edge."""

TESTED = {"geth": ("1.14", "1.15"), "reth": ("1.1", "1.2")}
"""Releases of each client that the transaction handler was tested with."""


def _series(version: str) -> str:
    """Return the release series of *version*: `1.14` of `1.14.12`."""
    return ".".join(version.split(".")[:2])


class VersionInventory:
    """Components, requirements and planned upgrades of one network, whose run begins at *start*."""

    def __init__(
        self,
        spec: InventorySpec,
        start: int,
        *,
        nodes: dict[str, NodeSpec],
        integrations: list[Integration],
    ) -> None:
        """Write the lists."""
        until = start + 2 * YEAR
        self.components = [
            Component(node.client, "client", node.version, name, "public", until)
            for name, node in nodes.items()
        ]
        self.components += [
            Component(f"{one.kind}-api", "api", one.version, one.endpoint, "partner", until)
            for one in integrations
            if one.kind != "rpc"
        ]
        self.components += [Component(*row, until) for row in COMMON]
        self.components += [
            Component(
                name, item.kind, item.version, item.where, item.exposure,
                None if item.supported_for is None else start + item.supported_for,
            )
            for name, item in spec.components.items()
        ]  # fmt: skip
        clients = dict.fromkeys(node.client for node in nodes.values())
        versions = {node.client: _series(node.version) for node in nodes.values()}
        self.requirements = [
            Requirement("transaction handler", name, TESTED.get(name, (versions[name],)))
            for name in clients
        ]
        kinds = {one.kind: one.version for one in integrations if one.kind != "rpc"}
        self.requirements += [
            Requirement(f"{kind} adapter", f"{kind}-api", (version,))
            for kind, version in kinds.items()
        ]
        self.upgrades = [
            Upgrade(item.component, item.where, item.version, start + item.due)
            for item in spec.upgrades
        ]


class InventoryClient:
    """A reader of the inventory: what the desk shows of it."""

    __slots__ = ("_inventory",)

    def __init__(self, inventory: VersionInventory) -> None:
        """Read this one."""
        self._inventory = inventory

    def components(self) -> list[Component]:
        """Return everything that is listed."""
        return list(self._inventory.components)

    def requirements(self) -> list[Requirement]:
        """Return what works with what."""
        return list(self._inventory.requirements)

    def upgrades(self) -> list[Upgrade]:
        """Return what is planned."""
        return list(self._inventory.upgrades)
