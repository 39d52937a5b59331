"""The inventory: which versions run where, what works with what, and until when each is supported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Component", "Inventory", "Requirement", "Upgrade"]


@dataclass(frozen=True, slots=True)
class Component:
    """A *version* of something that runs at *where*.

    *kind* is client, library, compiler, api or tool; *exposure* is public, partner or internal.
    *supported_until* is a unix second, None where nobody has named a date.
    """

    component: str
    kind: str
    version: str
    where: str
    exposure: str
    supported_until: int | None


@dataclass(frozen=True, slots=True)
class Requirement:
    """*consumer* was tested with these *versions* of *component*; `1.14` stands for `1.14.*` too."""

    consumer: str
    component: str
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Upgrade:
    """*component* at *where* is planned to go to *version* at unix second *due*."""

    component: str
    where: str
    version: str
    due: int


class Inventory(Protocol):
    """The register of versions, as the organisation keeps it: what should run."""

    def components(self) -> list[Component]:
        """Return everything that is listed, in order."""

    def requirements(self) -> list[Requirement]:
        """Return the matrix of what works with what."""

    def upgrades(self) -> list[Upgrade]:
        """Return the upgrades that are planned and not done."""
